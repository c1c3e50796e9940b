// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// Sum of the embeddings that there are; see `Operation.embeddingSum`.
  func embeddingSum(_ step: Plan.Step, _ embeddings: Embeddings) {
    let sum = embeddings.sumOperands
    addEmbeddings(step, embeddings) { place in
      guard let operand = sum.firstIndex(of: place) else { preconditionFailure("a sum has no operand \(place)") }
      return operand
    }
  }
}
