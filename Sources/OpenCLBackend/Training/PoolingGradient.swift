// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  func poolingGradientKernels(_ modes: [PoolingMode], _ operands: [Graph.Value]) throws -> [Kernel] {
    try modes.map { _ in try library.kernel("pooling_gradient") }
  }

  /// `pooling_gradient(dy, x, offsets, dx, sequences, hidden, dy_stride, dy_column, mode, is_first)`, once per mode.
  func bindPoolingGradient(
    _ arguments: StepArguments, _ kernels: [Kernel], _ modes: [PoolingMode]
  ) throws -> Enqueue {
    let hidden = try arguments.columns(1)
    for (index, (kernel, mode)) in zip(kernels, modes).enumerated() {
      let numbers = [0, hidden, hidden * modes.count, hidden * index, Int(mode.rawValue), index == 0 ? 1 : 0]
      try kernel.bind(try arguments.bufferValues() + numbers.map { .int32(Int32($0)) })
    }
    let rows = arguments.rows(0)
    let (groupSize, vectors) = (profile.workGroupSize, (hidden + profile.vectorWidth - 1) / profile.vectorWidth)
    let items = (vectors + groupSize - 1) / groupSize * groupSize
    return { queue, dimensions in
      let sequences = try rows.resolved(dimensions)
      guard sequences > 0 else { return }
      for kernel in kernels {
        try kernel.set(4, Int32(sequences))
        try queue.launch(kernel, global: WorkSize(items, sequences), local: WorkSize(groupSize, 1))
      }
    }
  }
}
