// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  /// `embedding_layer_norm(word, position, type, weight, bias, ids, position_ids, type_ids, out, rows, hidden, epsilon)`
  func bindEmbeddingLayerNorm(_ arguments: StepArguments, _ kernel: Kernel, _ epsilon: Double) throws -> Enqueue {
    try bindRows(arguments, kernel, rows: arguments.rows(5), columns: arguments.columns(0), epsilon)
  }
}
