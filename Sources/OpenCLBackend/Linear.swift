// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  /// Kernels of a dense layer: one, or for CLBlast the epilogue alone.
  func linearKernels(_ activation: Activation, hasBias: Bool) throws -> [Kernel] {
    switch profile.matrixProduct {
    case .panels: [try library.panelKernel("linear_panels", activation, hasBias: hasBias)]
    case .tiled:
      [
        try library.kernel(
          "linear_tiled",
          defines: [
            "ACTIVATION": Int(activation.rawValue), "HAS_BIAS": hasBias ? 1 : 0, "TILE_ROWS": LinearTile.extent,
            "TILE_COLUMNS": LinearTile.extent, "ITEM_ROWS": LinearTile.itemExtent,
            "ITEM_COLUMNS": LinearTile.itemExtent,
          ])
      ]
    case .clblast: hasBias || activation != .identity ? [try biasActivationKernel(activation)] : []
    }
  }

  func bindLinear(_ arguments: StepArguments, _ kernels: [Kernel], _ activation: Activation) throws -> Enqueue {
    let sizes = LinearSizes(
      rows: arguments.rows(0), columns: try arguments.columns(inRowsOf: 1), depth: try arguments.columns(0))
    switch profile.matrixProduct {
    case .panels: return try bindPanels(arguments, kernels[0], sizes)
    case .tiled: return try bindTiled(arguments, kernels[0], sizes)
    case .clblast: return try bindCLBlast(arguments, kernels.first, sizes)
    }
  }

  /// `linear_panels(x, panels, bias, out, rows, columns, depth)`; any number of column and row blocks.
  private func bindPanels(_ arguments: StepArguments, _ kernel: Kernel, _ sizes: LinearSizes) throws -> Enqueue {
    try kernel.bind(
      try arguments.linearValues() + [.int32(0), .int32(Int32(sizes.columns)), .int32(Int32(sizes.depth))])
    let panels = (sizes.columns + profile.panelWidth - 1) / profile.panelWidth
    let profile = profile
    return { queue, dimensions in
      let rows = try sizes.rows.resolved(dimensions)
      guard rows > 0 else { return }
      try kernel.set(4, Int32(rows))
      let blocks = profile.panelBlocks(rows: rows, panels: panels)
      try queue.launch(kernel, global: WorkSize(blocks.columns, blocks.rows), local: WorkSize(1, 1))
    }
  }

  /// `linear_tiled(x, weight, bias, out, rows, columns, depth)`; a group of work-items makes a square tile.
  private func bindTiled(_ arguments: StepArguments, _ kernel: Kernel, _ sizes: LinearSizes) throws -> Enqueue {
    try kernel.bind(
      try arguments.linearValues() + [.int32(0), .int32(Int32(sizes.columns)), .int32(Int32(sizes.depth))])
    let tile = LinearTile.extent
    let items = LinearTile.extent / LinearTile.itemExtent
    return { queue, dimensions in
      let rows = try sizes.rows.resolved(dimensions)
      guard rows > 0 else { return }
      try kernel.set(4, Int32(rows))
      let global = WorkSize((sizes.columns + tile - 1) / tile * items, (rows + tile - 1) / tile * items)
      try queue.launch(kernel, global: global, local: WorkSize(items, items))
    }
  }

  /// CLBlast's product into the result, then bias and activation in place.
  private func bindCLBlast(_ arguments: StepArguments, _ epilogue: Kernel?, _ sizes: LinearSizes) throws -> Enqueue {
    let x = try arguments.buffer(arguments.step.operands[0])
    let weight = try arguments.buffer(arguments.step.operands[1])
    let out = try arguments.buffer(arguments.step.result)
    if let epilogue {
      // Without a bias there is still an activation, and a kernel that wants one: it adds zeros.
      let bias = try arguments.step.operands.count == 3 ? arguments.buffer(arguments.step.operands[2]) : nil
      try epilogue.bind([
        .buffer(out), .buffer(try bias ?? library.zeros(sizes.columns)), .buffer(out), .int32(0),
        .int32(Int32(sizes.columns)),
      ])
    }
    let groupSize = profile.workGroupSize
    return { queue, dimensions in
      let rows = try sizes.rows.resolved(dimensions)
      guard rows > 0 else { return }
      try CLBlast.sgemm(
        queue, m: rows, n: sizes.columns, k: sizes.depth, .init(x, rowStride: sizes.depth),
        .init(weight, rowStride: sizes.depth, isTransposed: true), .init(out, rowStride: sizes.columns))
      if let epilogue {
        try epilogue.set(3, Int32(rows))
        try queue.launch(epilogue, global: WorkSize(rows * groupSize), local: WorkSize(groupSize))
      }
    }
  }
}

/// The tiles of `linear_tiled`. 128 x 128 with 8 x 8 suits large products on large GPUs; no GPU was at hand to choose.
private enum LinearTile {
  /// Rows and columns of the result that a work-group makes.
  static let extent = 64
  /// Rows and columns of the result that a work-item makes.
  static let itemExtent = 4
}

/// Sizes of `[rows, depth] x [columns, depth]^T`.
private struct LinearSizes {
  let rows: Dimension
  let columns: Int
  let depth: Int
}

extension KernelLibrary {
  /// A kernel of `linear_panels.cl`.
  func panelKernel(_ name: String, _ activation: Activation, hasBias: Bool) throws -> Kernel {
    try kernel(
      name, file: "linear_panels",
      defines: [
        "ACTIVATION": Int(activation.rawValue), "HAS_BIAS": hasBias ? 1 : 0, "PANEL_WIDTH": profile.panelWidth,
      ])
  }
}

extension StepArguments {
  /// x, weight, bias and result. A product without bias passes x in its place: the kernel does not read it.
  fileprivate func linearValues() throws -> [KernelValue] {
    let operands = step.operands.count == 3 ? [0, 1, 2] : [0, 1, 0]
    return try operands.map { .buffer(try buffer(at: $0)) } + [.buffer(try buffer(step.result))]
  }

  /// The first extent of an operand, which no batch changes: a weight's columns of output.
  fileprivate func columns(inRowsOf index: Int) throws -> Int { try rows(index).resolved([:]) }
}

extension DeviceProfile {
  /// How `linear_panels` is cut into work-items: blocks of rows whose x stays in the second-level cache, times enough
  /// column blocks to keep every core busy and to even out their ends. The bits do not depend on it.
  func panelBlocks(rows: Int, panels: Int) -> (columns: Int, rows: Int) {
    (min(panels, (rows <= 32 ? 2 : 4) * computeUnits), (rows + 127) / 128)
  }
}
