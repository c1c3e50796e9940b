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
    let product = LinearProduct(
      x: try arguments.buffer(at: 0), weight: try arguments.buffer(at: 1),
      bias: arguments.step.operands.count == 3 ? try arguments.buffer(at: 2) : nil,
      out: try arguments.buffer(arguments.step.result), columns: try arguments.columns(inRowsOf: 1),
      depth: try arguments.columns(0))
    let launch = try bindProduct(product, kernels.first)
    let rows = arguments.rows(0)
    return { queue, dimensions in try launch(queue, LinearRows(count: rows.resolved(dimensions))) }
  }

  /// One dense layer on buffers, for any rows of them.
  func bindProduct(_ product: LinearProduct, _ kernel: Kernel?) throws -> (Queue, LinearRows) throws -> Void {
    switch (profile.matrixProduct, kernel) {
    case (.panels, let kernel?): try bindPanels(product, kernel)
    case (.tiled, let kernel?): try bindTiled(product, kernel)
    default: try bindCLBlast(product, kernel)
    }
  }

  /// `linear_panels(x, panels, bias, out, rows, columns, depth, x_row, out_row)`; any number of column and row blocks.
  private func bindPanels(
    _ product: LinearProduct, _ kernel: Kernel
  ) throws -> (Queue, LinearRows) throws -> Void {
    try kernel.bind(product.kernelValues)
    let panels = (product.columns + profile.panelWidth - 1) / profile.panelWidth
    let choices = linearChoices(columns: product.columns, depth: product.depth)
    let computeUnits = profile.computeUnits
    return { queue, rows in
      guard rows.count > 0, case .panels(let choice) = choices.configuration(size: rows.count) else { return }
      try kernel.set(rows)
      let blocks = choice.blocks(rows: rows.count, panels: panels, computeUnits: computeUnits)
      try queue.launch(kernel, global: WorkSize(blocks.columns, blocks.rows), local: WorkSize(1, 1))
    }
  }

  /// `linear_tiled(x, weight, bias, out, rows, columns, depth, x_row, out_row)`; a group of work-items makes a square tile.
  private func bindTiled(
    _ product: LinearProduct, _ kernel: Kernel
  ) throws -> (Queue, LinearRows) throws -> Void {
    try kernel.bind(product.kernelValues)
    let tile = LinearTile.extent
    let items = LinearTile.extent / LinearTile.itemExtent
    return { queue, rows in
      guard rows.count > 0 else { return }
      try kernel.set(rows)
      let global = WorkSize((product.columns + tile - 1) / tile * items, (rows.count + tile - 1) / tile * items)
      try queue.launch(kernel, global: global, local: WorkSize(items, items))
    }
  }

  /// CLBlast's product into the result, then bias and activation in place.
  private func bindCLBlast(
    _ product: LinearProduct, _ epilogue: Kernel?
  ) throws -> (Queue, LinearRows) throws -> Void {
    let (columns, depth) = (product.columns, product.depth)
    // Without a bias there is still an activation, and a kernel that wants one: it adds zeros.
    let bias = try epilogue.map { _ in try product.bias ?? library.zeros(columns) }
    let activate = try epilogue.flatMap { kernel in
      try bias.map { try bindBiasActivation(product.out, $0, product.out, columns: columns, kernel) }
    }
    return { queue, rows in
      guard rows.count > 0 else { return }
      try CLBlast.sgemm(
        queue, m: rows.count, n: columns, k: depth, .init(product.x, offset: rows.firstOfX * depth, rowStride: depth),
        .init(product.weight, rowStride: depth, isTransposed: true),
        .init(product.out, offset: rows.firstOfOut * columns, rowStride: columns))
      try activate?(queue, rows.firstOfOut, rows.count)
    }
  }
}

/// The buffers and sizes of `out = activation(x W^T + bias)`; the weight in the layout that the device's product wants.
struct LinearProduct {
  let x: Buffer
  let weight: Buffer
  let bias: Buffer?
  let out: Buffer
  let columns: Int
  let depth: Int

  /// Arguments of the linear kernels, for no rows yet. Without a bias x stands in its place: the kernel does not read it.
  fileprivate var kernelValues: [KernelValue] {
    [x, weight, bias ?? x, out].map(KernelValue.buffer) + [0, columns, depth, 0, 0].map { .int32(Int32($0)) }
  }
}

/// Which rows a dense layer takes, and where their results go.
struct LinearRows {
  var count: Int
  var firstOfX = 0
  var firstOfOut = 0
}

extension Kernel {
  fileprivate func set(_ rows: LinearRows) throws {
    try set(4, Int32(rows.count))
    try set(7, Int32(rows.firstOfX))
    try set(8, Int32(rows.firstOfOut))
  }
}

/// The tiles of `linear_tiled`. 128 x 128 with 8 x 8 suits large products on large GPUs; no GPU was at hand to choose.
private enum LinearTile {
  /// Rows and columns of the result that a work-group makes.
  static let extent = 64
  /// Rows and columns of the result that a work-item makes.
  static let itemExtent = 4
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
  /// The first extent of an operand, which no batch changes: a weight's columns of output.
  func columns(inRowsOf index: Int) throws -> Int { try rows(index).resolved([:]) }
}

extension StepBinder {
  /// Which configuration a dense layer takes, by its rows.
  func linearChoices(columns: Int, depth: Int) -> TunedChoices<LinearConfiguration> {
    let profile = profile
    return TunedChoices(tuning, [columns, depth]) { choice in
      switch (profile.matrixProduct, choice) {
      case (.panels, .panels): true
      default: false
      }
    } standard: { rows in
      profile.standardLinear(rows: rows, columns: columns)
    }
  }
}

extension DeviceProfile {
  /// What a dense layer runs where nothing was measured.
  func standardLinear(rows: Int, columns: Int) -> LinearConfiguration {
    .panels(.standard(rows: rows))
  }

  /// What a tuner tries.
  func linearCandidates(rows: Int, _ device: Device) -> [LinearConfiguration] {
    PanelConfiguration.candidates(rows: rows).map(LinearConfiguration.panels)
  }
}
