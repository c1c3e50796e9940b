// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  func embeddingLayerNormKernel(_ embeddings: Embeddings) throws -> Kernel {
    try library.kernel(
      "embedding_layer_norm",
      defines: [
        "HAS_WORD_IDS": embeddings.hasWordIds ? 1 : 0, "HAS_POSITIONS": embeddings.hasPositions ? 1 : 0,
      ])
  }

  /// `embedding_layer_norm(word, position, type, weight, bias, ids, position_ids, type_ids, out, rows, hidden, epsilon)`;
  /// in the place of what is left out stands another buffer, which the kernel does not read.
  func bindEmbeddingLayerNorm(
    _ arguments: StepArguments, _ kernel: Kernel, _ embeddings: Embeddings
  ) throws -> Enqueue {
    let places = embeddings.operands
    let buffers = try [
      places.word, places.position ?? places.word, places.type, places.weight, places.bias,
      places.wordIds ?? places.typeIds, places.positionIds ?? places.typeIds, places.typeIds,
    ].map { KernelValue.buffer(try arguments.buffer(at: $0)) }
    let result = KernelValue.buffer(try arguments.buffer(arguments.step.result))
    return try bindRows(
      kernel, buffers + [result], rows: arguments.resultRows,
      [.int32(Int32(arguments.columns(0))), .float(Float(embeddings.epsilon))])
  }
}
