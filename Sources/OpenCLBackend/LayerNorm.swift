// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  typealias Enqueue = (Queue, Dimensions) throws -> Void

  /// `embedding_layer_norm(word, position, type, weight, bias, ids, position_ids, type_ids, out, rows, hidden, epsilon)`
  func bindEmbeddingLayerNorm(_ arguments: StepArguments, _ kernel: Kernel, _ epsilon: Double) throws -> Enqueue {
    try bindRows(arguments, kernel, rows: arguments.rows(5), columns: arguments.columns(0), epsilon)
  }

  /// `add_layer_norm(x, residual, weight, bias, out, rows, hidden, epsilon)`
  func bindAddLayerNorm(_ arguments: StepArguments, _ kernel: Kernel, _ epsilon: Double) throws -> Enqueue {
    try bindRows(arguments, kernel, rows: arguments.rows(0), columns: arguments.columns(0), epsilon)
  }

  /// `layer_norm(x, weight, bias, out, rows, hidden, epsilon)`
  func bindLayerNorm(_ arguments: StepArguments, _ kernel: Kernel, _ epsilon: Double) throws -> Enqueue {
    try bindRows(arguments, kernel, rows: arguments.rows(0), columns: arguments.columns(0), epsilon)
  }

  /// `l2_normalize(x, out, rows, columns, epsilon)`
  func bindL2Normalize(_ arguments: StepArguments, _ kernel: Kernel, _ epsilon: Double) throws -> Enqueue {
    try bindRows(arguments, kernel, rows: arguments.rows(0), columns: arguments.columns(0), epsilon)
  }

  /// A kernel with one work-group per row, whose arguments are the buffers, then rows, columns and epsilon.
  private func bindRows(
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
