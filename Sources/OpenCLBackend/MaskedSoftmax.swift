// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  /// `masked_softmax(scores, visible, probs, rows, keys, rows_per_batch, scale)`, one work-group per row.
  func bindMaskedSoftmax(_ arguments: StepArguments, _ kernel: Kernel, _ scale: Double) throws -> Enqueue {
    let (rows, batch) = (arguments.rows(0), arguments.rows(1))
    let keys = Int32(try arguments.columns(0))
    try kernel.bind(try arguments.bufferValues() + [.int32(0), .int32(keys), .int32(1), .float(Float(scale))])
    let groupSize = profile.workGroupSize
    return { queue, dimensions in
      let (rows, batch) = (try rows.resolved(dimensions), try batch.resolved(dimensions))
      guard rows > 0, batch > 0 else { return }
      try kernel.set(3, Int32(rows))
      try kernel.set(5, Int32(rows / batch))
      try queue.launch(kernel, global: WorkSize(rows * groupSize), local: WorkSize(groupSize))
    }
  }
}
