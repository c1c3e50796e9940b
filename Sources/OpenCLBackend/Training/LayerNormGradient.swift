// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  func layerNormGradientKernels(
    _ epsilon: Double, hasResidual: Bool, _ operands: [Graph.Value]
  ) throws -> [Kernel] {
    let defines = ["HAS_RESIDUAL": hasResidual ? 1 : 0, "ROW_BLOCK": Operation.rowBlock]
    return [
      try library.kernel("layer_norm_gradient", defines: defines), try library.kernel("column_sums"),
      try library.kernel("column_sums"),
    ]
  }

  /// `layer_norm_gradient(dy, x, residual, weight, partials, dh, rows, hidden, epsilon)`, a work-group for each block of
  /// rows; then the blocks, of the weight's gradient and of the bias's. Without a residual x stands in its place: the
  /// kernel does not read it.
  func bindLayerNormGradient(
    _ arguments: StepArguments, _ kernels: [Kernel], _ epsilon: Double, hasResidual: Bool
  ) throws -> Enqueue {
    let weight = hasResidual ? 3 : 2
    let (kernel, partials) = (kernels[0], try arguments.scratchBuffer())
    let (rows, hidden) = (arguments.rows(0), try arguments.columns(0))
    let buffers = try [0, 1, hasResidual ? 2 : 1, weight].map { try arguments.buffer(at: $0) }
    try kernel.bind(
      (buffers + [partials, arguments.buffer(arguments.step.result)]).map(KernelValue.buffer) + [
        .int32(0), .int32(Int32(hidden)), .float(Float(epsilon)),
      ])
    let addBlocks = try (0...1).map { half in
      try bindColumnSums(
        kernels[1 + half], partials, into: arguments.buffer(at: weight + 1 + half), columns: hidden,
        stride: 2 * hidden, firstColumn: half * hidden)
    }
    let groupSize = profile.workGroupSize
    return { queue, dimensions in
      let rows = try rows.resolved(dimensions)
      guard rows > 0 else { return }
      let blocks = (rows + Operation.rowBlock - 1) / Operation.rowBlock
      try kernel.set(6, Int32(rows))
      try queue.launch(kernel, global: WorkSize(blocks * groupSize), local: WorkSize(groupSize))
      for add in addBlocks { try add(queue, blocks) }
    }
  }
}
