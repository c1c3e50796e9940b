// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  /// Kernels of `dx = dy W + addend`.
  func linearInputGradientKernels(_ operands: [Graph.Value]) throws -> [Kernel] {
    let hasAddend = operands.count == 3
    switch profile.matrixProduct {
    case .panels: return try gradientPanelKernels(hasAddend: hasAddend, isLeftTransposed: false)
    case .tiled, .mma, .tf32, .wgmma:
      return try inputGradientChoice(operands[1]).configurations.map {
        try gradientTileKernel($0, hasAddend: hasAddend, isLeftTransposed: false)
      }
    case .clblast: return []
    }
  }

  /// Kernels of `dW += dy^T x`.
  func linearWeightGradientKernels(_ operands: [Graph.Value]) throws -> [Kernel] {
    switch profile.matrixProduct {
    case .panels: return try gradientPanelKernels(hasAddend: true, isLeftTransposed: true)
    case .tiled, .mma, .tf32, .wgmma:
      let tile = try weightGradientTile(operands[0])
      return [try gradientTileKernel(tile, hasAddend: true, isLeftTransposed: true)]
    case .clblast: return []
    }
  }

  func bindLinearInputGradient(_ arguments: StepArguments, _ kernels: [Kernel]) throws -> Enqueue {
    let addend = try arguments.step.operands.count == 3 ? arguments.buffer(at: 2) : nil
    let product = GradientProduct(
      left: try arguments.buffer(at: 0), isLeftTransposed: false, right: try arguments.buffer(at: 1), addend: addend,
      out: try arguments.buffer(arguments.step.result), columns: try arguments.columns(1))
    let (rows, depth) = (arguments.rows(0), try arguments.columns(0))
    let launch: (Queue, Int, Int) throws -> Void
    switch profile.matrixProduct {
    case .panels: launch = try bindPanels(product, kernels, panels: arguments.scratch)
    case .tiled, .mma, .tf32, .wgmma:
      launch = try bindTiles(product, kernels, try inputGradientChoice(arguments.step.operands[1]))
    case .clblast: launch = bindCLBlast(product)
    }
    return { queue, dimensions in
      let rows = try rows.resolved(dimensions)
      guard rows > 0 else { return }
      try launch(queue, rows, depth)
    }
  }

  func bindLinearWeightGradient(_ arguments: StepArguments, _ kernels: [Kernel]) throws -> Enqueue {
    let gradient = try arguments.buffer(at: 0)
    let product = GradientProduct(
      left: try arguments.buffer(at: 1), isLeftTransposed: true, right: try arguments.buffer(at: 2), addend: gradient,
      out: gradient, columns: try arguments.columns(0))
    let (rows, depth) = (try arguments.columns(inRowsOf: 0), arguments.rows(1))
    let launch: (Queue, Int, Int) throws -> Void
    switch profile.matrixProduct {
    case .panels: launch = try bindPanels(product, kernels, panels: arguments.scratch)
    case .tiled, .mma, .tf32, .wgmma:
      let tile = try weightGradientTile(arguments.step.operands[0])
      launch = try bindTiles(product, kernels, TiledChoice([.init(rows: .max, configuration: tile)]))
    case .clblast: launch = bindCLBlast(product)
    }
    return { queue, dimensions in
      let depth = try depth.resolved(dimensions)
      guard depth > 0 else { return }  // nothing is added
      try launch(queue, rows, depth)
    }
  }

  // MARK: On CPU devices

  /// The product, and the copy of its right-hand matrix into panels that comes first where that pays.
  private func gradientPanelKernels(hasAddend: Bool, isLeftTransposed: Bool) throws -> [Kernel] {
    let product = try library.kernel(
      "gradient_panels",
      defines: [
        "HAS_ADDEND": hasAddend ? 1 : 0, "LEFT_TRANSPOSED": isLeftTransposed ? 1 : 0, "PANEL_WIDTH": profile.panelWidth,
      ])
    return [product, try library.packKernel(byColumn: false)]
  }

  /// `gradient_panels(left_hand, right, addend, out, rows, columns, depth, panel_step)` for rows and a depth.
  ///
  /// - Parameter panels: scratch memory, where the plan's capacity packs.
  private func bindPanels(
    _ product: GradientProduct, _ kernels: [Kernel], panels: Buffer?
  ) throws -> (Queue, Int, Int) throws -> Void {
    let (kernel, profile, columns) = (kernels[0], profile, product.columns)
    try kernel.bind(product.kernelValues)
    let pack = try panels.map { try bindPack(product.right, into: $0, columns: columns, kernels[1]) }
    let panelCount = (columns + profile.panelWidth - 1) / profile.panelWidth
    return { queue, rows, depth in
      let packs = profile.packsGradient(rows: rows, columns: columns, depth: depth)
      if packs {
        guard let pack, let panels else { throw GraphError.missingInput("memory of a gradient's panels") }
        try pack(queue, depth)
        try kernel.set(1, panels)
      } else {
        try kernel.set(1, product.right)
      }
      try kernel.set(4, Int32(rows))
      try kernel.set(6, Int32(depth))
      try kernel.set(7, Int32(packs ? profile.panelWidth : columns))
      let blocks = PanelConfiguration.standard(rows: rows)
        .blocks(rows: rows, panels: panelCount, computeUnits: profile.computeUnits)
      try queue.launch(kernel, global: WorkSize(blocks.columns, blocks.rows), local: WorkSize(1, 1))
    }
  }

  // MARK: On GPUs

  private func gradientTileKernel(
    _ tile: TiledConfiguration, hasAddend: Bool, isLeftTransposed: Bool
  ) throws -> Kernel {
    let layout = [
      "HAS_BIAS": 0, "HAS_ADDEND": hasAddend ? 1 : 0, "X_TRANSPOSED": isLeftTransposed ? 1 : 0, "WEIGHT_TRANSPOSED": 1,
    ]
    return try library.kernel("linear_tiled", defines: layout.merging(tile.defines) { $1 })
  }

  /// By the rows of dy: `[rows, N] x [N, K]`.
  private func inputGradientChoice(_ weight: Graph.Value) throws -> TiledChoice {
    let shape = try graph.type(of: weight).shape.resolved([:])  // no batch changes a weight
    return profile.tiledChoice(columns: shape[1], depth: shape[0], tuning)
  }

  /// The rows are the weight's and always the same; the depth, which is the batch's, does not count.
  private func weightGradientTile(_ weight: Graph.Value) throws -> TiledConfiguration {
    let shape = try graph.type(of: weight).shape.resolved([:])
    let choice = profile.tiledChoice(columns: shape[1], depth: 0)
    return choice.configurations[choice.index(rows: shape[0])]
  }

  /// `linear_tiled(x, weight, bias, out, rows, columns, depth, x_row, out_row)` for rows and a depth.
  private func bindTiles(
    _ product: GradientProduct, _ kernels: [Kernel], _ choice: TiledChoice
  ) throws -> (Queue, Int, Int) throws -> Void {
    for kernel in kernels { try kernel.bind(product.kernelValues + [.int32(0)]) }
    let columns = product.columns
    return { queue, rows, depth in
      let index = choice.index(rows: rows)
      let (kernel, tile) = (kernels[index], choice.configurations[index])
      try kernel.set(4, Int32(rows))
      try kernel.set(6, Int32(depth))
      let groups = tile.groups(rows: rows, columns: columns)
      try queue.launch(
        kernel, global: WorkSize(groups.across * tile.itemsAcross, groups.down * tile.itemsDown),
        local: WorkSize(tile.itemsAcross, tile.itemsDown))
    }
  }

  // MARK: On CLBlast

  private func bindCLBlast(_ product: GradientProduct) -> (Queue, Int, Int) throws -> Void {
    let columns = product.columns
    return { queue, rows, depth in
      if let addend = product.addend, addend !== product.out {
        try queue.copy(addend, byteCount: rows * columns * 4, to: product.out)
      }
      try CLBlast.sgemm(
        queue, m: rows, n: columns, k: depth,
        .init(
          product.left, rowStride: product.isLeftTransposed ? rows : depth, isTransposed: product.isLeftTransposed),
        .init(product.right, rowStride: columns), beta: product.addend == nil ? 0 : 1,
        .init(product.out, rowStride: columns))
    }
  }
}

/// The buffers and the width of `out = left right + addend`: left `[rows, depth]`, or transposed `[depth, rows]`, right
/// `[depth, columns]`; the addend may be out.
private struct GradientProduct {
  let left: Buffer
  let isLeftTransposed: Bool
  let right: Buffer
  let addend: Buffer?
  let out: Buffer
  let columns: Int

  /// Arguments that both kernels begin with, for no rows and no depth yet, and one 0 more. Without an addend left stands in
  /// its place: the kernel does not read it.
  var kernelValues: [KernelValue] {
    [left, right, addend ?? left, out].map(KernelValue.buffer) + [0, columns, 0, 0].map { .int32(Int32($0)) }
  }
}
