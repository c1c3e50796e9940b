// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  typealias Enqueue = (Queue, Dimensions) throws -> Void

  /// A kernel with one work-group per row, whose arguments are the buffers, then rows, columns and epsilon.
  func bindRows(
    _ arguments: StepArguments, _ kernel: Kernel, rows: Dimension, columns: Int, _ epsilon: Double
  ) throws -> Enqueue {
    let buffers = try arguments.bufferValues()
    try kernel.bind(buffers + [.int32(0), .int32(Int32(columns)), .float(Float(epsilon))])
    let groupSize = profile.workGroupSize
    return { queue, dimensions in
      let rows = try rows.resolved(dimensions)
      guard rows > 0 else { return }
      try kernel.set(buffers.count, Int32(rows))
      try queue.launch(kernel, global: WorkSize(rows * groupSize), local: WorkSize(groupSize))
    }
  }
}
