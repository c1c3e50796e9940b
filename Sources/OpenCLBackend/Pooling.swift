// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  /// `pooling(x, offsets, out, sequences, hidden, out_stride, out_column, mode)`, once per mode.
  func bindPooling(_ arguments: StepArguments, _ kernels: [Kernel], _ modes: [PoolingMode]) throws -> Enqueue {
    let hidden = try arguments.columns(0)
    let launches = try zip(kernels, modes).enumerated().map { index, launch in
      let (kernel, mode) = launch
      try kernel.bind(
        try arguments.bufferValues() + [
          .int32(0), .int32(Int32(hidden)), .int32(Int32(hidden * modes.count)), .int32(Int32(hidden * index)),
          .int32(mode.rawValue),
        ])
      return kernel
    }
    let rows = arguments.resultRows
    let (groupSize, vectors) = (profile.workGroupSize, (hidden + profile.vectorWidth - 1) / profile.vectorWidth)
    let items = (vectors + groupSize - 1) / groupSize * groupSize
    return { queue, dimensions in
      let sequences = try rows.resolved(dimensions)
      guard sequences > 0 else { return }
      for kernel in launches {
        try kernel.set(3, Int32(sequences))
        try queue.launch(kernel, global: WorkSize(items, sequences), local: WorkSize(groupSize, 1))
      }
    }
  }
}
