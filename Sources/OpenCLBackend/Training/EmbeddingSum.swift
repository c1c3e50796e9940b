// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  func embeddingSumKernels(_ embeddings: Embeddings) throws -> [Kernel] {
    let defines = ["HAS_WORD_IDS": embeddings.hasWordIds ? 1 : 0, "HAS_POSITIONS": embeddings.hasPositions ? 1 : 0]
    return [try library.kernel("embedding_sum", defines: defines)]
  }

  /// `embedding_sum(word, position, type, ids, position_ids, type_ids, out, rows, hidden)`; in the place of what is left
  /// out stands another buffer, which the kernel does not read.
  func bindEmbeddingSum(
    _ arguments: StepArguments, _ kernels: [Kernel], _ embeddings: Embeddings
  ) throws -> Enqueue {
    let places = embeddings.operands
    let buffers = try [
      places.word, places.position ?? places.word, places.type, places.wordIds ?? places.typeIds,
      places.positionIds ?? places.typeIds, places.typeIds,
    ].map { place in
      let index = embeddings.sumOperands.firstIndex(of: place) ?? 0
      return KernelValue.buffer(try arguments.buffer(at: index))
    }
    let result = KernelValue.buffer(try arguments.buffer(arguments.step.result))
    return try bindRows(
      kernels[0], buffers + [result], rows: arguments.resultRows, [.int32(Int32(arguments.columns(0)))])
  }
}
