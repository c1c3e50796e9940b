// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// Sum of three embeddings, normalized; see `Operation.embeddingLayerNorm`.
  func embeddingLayerNorm(_ step: Plan.Step, _ epsilon: Double) {
    let (rows, hidden) = matrix(step.result)
    let (ids, positions, types) = (integers(step, 5), integers(step, 6), integers(step, 7))
    let y = result(step.result)
    withReals(step, 0) { word in
      withReals(step, 1) { position in
        withReals(step, 2) { type in
          parallelRows(rows) { block in
            for row in block {
              let w = word + Int(ids[row]) * hidden
              let p = position + Int(positions[row]) * hidden
              let t = type + Int(types[row]) * hidden
              for column in 0..<hidden { y[row * hidden + column] = w[column] + t[column] + p[column] }
            }
          }
        }
      }
    }
    normalize(step, weight: 3, bias: 4, epsilon)
  }
}
