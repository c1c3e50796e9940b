// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// Sum of the embeddings that there are, normalized; see `Operation.embeddingLayerNorm`.
  func embeddingLayerNorm(_ step: Plan.Step, _ embeddings: Embeddings) {
    let places = embeddings.operands
    addEmbeddings(step, embeddings) { $0 }
    normalize(step, weight: places.weight, bias: places.bias, embeddings.epsilon)
  }

  /// Writes the sum of the embeddings to the result.
  ///
  /// - Parameter operand: where in the step an operand of `Embeddings.operands` is.
  func addEmbeddings(_ step: Plan.Step, _ embeddings: Embeddings, at operand: (Int) -> Int) {
    let places = embeddings.operands
    let (rows, hidden) = matrix(step.result)
    let y = result(step.result)
    let ids = places.wordIds.map { integers(step, operand($0)) } ?? (0..<Int32(rows)).map { $0 }
    let types = integers(step, operand(places.typeIds))
    withReals(step, operand(places.word)) { word in
      withReals(step, operand(places.type)) { type in
        parallelRows(rows) { block in
          for row in block {
            let w = word + Int(ids[row]) * hidden
            let t = type + Int(types[row]) * hidden
            for column in 0..<hidden { y[row * hidden + column] = w[column] + t[column] }
          }
        }
      }
    }
    guard let table = places.position, let index = places.positionIds else { return }
    let positions = integers(step, operand(index))
    withReals(step, operand(table)) { position in
      parallelRows(rows) { block in
        for row in block {
          let p = position + Int(positions[row]) * hidden
          for column in 0..<hidden { y[row * hidden + column] += p[column] }
        }
      }
    }
  }
}
