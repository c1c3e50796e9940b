// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// Sum of the embeddings that there are, normalized; see `Operation.embeddingLayerNorm`.
  func embeddingLayerNorm(_ step: Plan.Step, _ embeddings: Embeddings) {
    let places = embeddings.operands
    let (rows, hidden) = matrix(step.result)
    let y = result(step.result)
    let ids = places.wordIds.map { integers(step, $0) } ?? (0..<Int32(rows)).map { $0 }
    let types = integers(step, places.typeIds)
    withReals(step, places.word) { word in
      withReals(step, places.type) { type in
        parallelRows(rows) { block in
          for row in block {
            let w = word + Int(ids[row]) * hidden
            let t = type + Int(types[row]) * hidden
            for column in 0..<hidden { y[row * hidden + column] = w[column] + t[column] }
          }
        }
      }
    }
    if let table = places.position, let index = places.positionIds {
      let positions = integers(step, index)
      withReals(step, table) { position in
        parallelRows(rows) { block in
          for row in block {
            let p = position + Int(positions[row]) * hidden
            for column in 0..<hidden { y[row * hidden + column] += p[column] }
          }
        }
      }
    }
    normalize(step, weight: places.weight, bias: places.bias, embeddings.epsilon)
  }
}
