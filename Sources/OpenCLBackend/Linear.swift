// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  /// Kernels of a dense layer's product: one, for `linear_tiled` one for each configuration, or for CLBlast the epilogue
  /// alone. Where the weight lies in a state, `packKernels` come behind them.
  func linearKernels(_ activation: Activation, hasBias: Bool, _ weight: Graph.Value) throws -> [Kernel] {
    switch profile.matrixProduct {
    case .panels: [try library.panelKernel("linear_panels", activation, hasBias: hasBias)]
    case .tiled:
      try tiledChoice(weight).configurations.map { configuration in
        let layer = ["ACTIVATION": Int(activation.rawValue), "HAS_BIAS": hasBias ? 1 : 0]
        return try library.kernel("linear_tiled", defines: layer.merging(configuration.defines) { $1 })
      }
    case .mma, .tf32, .wgmma: try mmaKernels(activation, hasBias: hasBias, weight)
    case .clblast: hasBias || activation != .identity ? [try biasActivationKernel(activation)] : []
    }
  }

  /// How many of `linearKernels` are programs for different numbers of rows.
  func linearKernelCount(_ weight: Graph.Value) throws -> Int {
    switch profile.matrixProduct {
    case .panels, .clblast: 1
    case .tiled: try tiledChoice(weight).configurations.count
    case .mma, .tf32, .wgmma: try mmaChoice(weight).configurations.count
    }
  }

  /// How the dense layer with this weight runs in `linear_tiled`.
  func tiledChoice(_ weight: Graph.Value) throws -> TiledChoice {
    let shape = try graph.type(of: weight).shape.resolved([:])  // no batch changes a weight
    return profile.tiledChoice(columns: shape[0], depth: shape[1], tuning)
  }

  func bindLinear(_ arguments: StepArguments, _ kernels: [Kernel], _ activation: Activation) throws -> Enqueue {
    let (weights, pack) = try bindWeights(arguments, [1], packs(of: [arguments.step.operands[1]], in: kernels))
    let product = LinearProduct(
      x: try arguments.buffer(at: 0), weight: weights[0],
      bias: arguments.step.operands.count == 3 ? try arguments.buffer(at: 2) : nil,
      out: try arguments.buffer(arguments.step.result), columns: try arguments.columns(inRowsOf: 1),
      depth: try arguments.columns(0))
    let launch = try bindProduct(product, kernels)
    let rows = arguments.rows(0)
    return { queue, dimensions in
      let rows = LinearRows(count: try rows.resolved(dimensions))
      guard rows.count > 0 else { return }
      try pack(queue)
      try launch(queue, rows)
    }
  }

  /// One dense layer on buffers, for any rows of them.
  func bindProduct(_ product: LinearProduct, _ kernels: [Kernel]) throws -> (Queue, LinearRows) throws -> Void {
    switch profile.matrixProduct {
    case .panels: try bindPanels(product, kernels[0])
    case .tiled: try bindTiled(product, kernels)
    case .mma, .tf32, .wgmma: try bindMMA(product, kernels)
    case .clblast: try bindCLBlast(product, kernels.first)
    }
  }

  /// `linear_panels(x, panels, bias, out, rows, columns, depth, x_row, out_row)`; any number of column and row blocks.
  private func bindPanels(
    _ product: LinearProduct, _ kernel: Kernel
  ) throws -> (Queue, LinearRows) throws -> Void {
    try kernel.bind(product.kernelValues)
    let panels = (product.columns + profile.panelWidth - 1) / profile.panelWidth
    let tuned = tuning.panelChoices(columns: product.columns, depth: product.depth)
    let computeUnits = profile.computeUnits
    return { queue, rows in
      guard rows.count > 0 else { return }
      try kernel.set(rows)
      let choice = tuned[TuningKey.sizeClass(of: rows.count)] ?? .standard(rows: rows.count)
      let blocks = choice.blocks(rows: rows.count, panels: panels, computeUnits: computeUnits)
      try queue.launch(kernel, global: WorkSize(blocks.columns, blocks.rows), local: WorkSize(1, 1))
    }
  }

  /// `linear_tiled(x, weight, bias, out, rows, columns, depth, x_row, out_row)` in the configuration for so many rows; a
  /// group of work-items makes a tile.
  private func bindTiled(
    _ product: LinearProduct, _ kernels: [Kernel]
  ) throws -> (Queue, LinearRows) throws -> Void {
    for kernel in kernels { try kernel.bind(product.kernelValues) }
    let columns = product.columns
    let choice = profile.tiledChoice(columns: columns, depth: product.depth, tuning)
    return { queue, rows in
      guard rows.count > 0 else { return }
      let index = choice.index(rows: rows.count)
      let (kernel, tile) = (kernels[index], choice.configurations[index])
      try kernel.set(rows)
      let groups = tile.groups(rows: rows.count, columns: columns)
      try queue.launch(
        kernel, global: WorkSize(groups.across * tile.itemsAcross, groups.down * tile.itemsDown),
        local: WorkSize(tile.itemsAcross, tile.itemsDown))
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
  var kernelValues: [KernelValue] {
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
  func set(_ rows: LinearRows) throws {
    try set(4, Int32(rows.count))
    try set(7, Int32(rows.firstOfX))
    try set(8, Int32(rows.firstOfOut))
  }
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
