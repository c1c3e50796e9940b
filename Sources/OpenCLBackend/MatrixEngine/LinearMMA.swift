// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  /// How the dense layer with this weight runs in `linear_mma`.
  func mmaChoice(_ weight: Graph.Value) throws -> MMAChoice {
    let shape = try graph.type(of: weight).shape.resolved([:])  // no batch changes a weight
    return profile.mmaChoice(columns: shape[0], depth: shape[1], tuning)
  }

  /// `linear_mma`, one for each configuration.
  func mmaKernels(_ activation: Activation, hasBias: Bool, _ weight: Graph.Value) throws -> [Kernel] {
    let depth = try graph.type(of: weight).shape.resolved([:])[1]
    let layer = [
      "ACTIVATION": Int(activation.rawValue), "HAS_BIAS": hasBias ? 1 : 0,
      "WHOLE_CHUNKS": depth.isMultiple(of: 16 / profile.precision.byteCount) ? 1 : 0,
    ]
    return try mmaChoice(weight).configurations.map { configuration in
      try library.kernel(
        "linear_mma", defines: layer.merging(profile.mmaDefines) { $1 }.merging(configuration.defines) { $1 })
    }
  }

  /// `linear_mma(x, weight, bias, out, rows, columns, depth, x_row, out_row)` in the configuration for so many rows; a
  /// group of warps makes a tile.
  func bindMMA(_ product: LinearProduct, _ kernels: [Kernel]) throws -> (Queue, LinearRows) throws -> Void {
    for kernel in kernels { try kernel.bind(product.kernelValues) }
    let columns = product.columns
    let choice = profile.mmaChoice(columns: columns, depth: product.depth, tuning)
    return { queue, rows in
      guard rows.count > 0 else { return }
      let index = choice.index(rows: rows.count)
      let (kernel, tile) = (kernels[index], choice.configurations[index])
      try kernel.set(rows)
      let groups = tile.groups(rows: rows.count, columns: columns)
      try queue.launch(
        kernel, global: WorkSize(groups * tile.workGroupItems), local: WorkSize(tile.workGroupItems))
    }
  }
}
