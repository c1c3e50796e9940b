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

  /// Normalizes `x + residual`; see `Operation.addLayerNorm`.
  func addLayerNorm(_ step: Plan.Step, _ epsilon: Double) {
    let (rows, hidden) = matrix(step.result)
    let y = result(step.result)
    withReals(step, 0) { x in
      withReals(step, 1) { residual in
        for index in 0..<(rows * hidden) { y[index] = x[index] + residual[index] }
      }
    }
    normalize(step, weight: 2, bias: 3, epsilon)
  }

  /// Normalizes x; see `Operation.layerNorm`.
  func layerNorm(_ step: Plan.Step, _ epsilon: Double) {
    let (rows, hidden) = matrix(step.result)
    withReals(step, 0) { x in result(step.result).update(from: x, count: rows * hidden) }
    normalize(step, weight: 1, bias: 2, epsilon)
  }

  /// Normalizes each row of the result in place.
  private func normalize(_ step: Plan.Step, weight: Int, bias: Int, _ epsilon: Double) {
    let (rows, hidden) = matrix(step.result)
    let y = result(step.result)
    withReals(step, weight) { weight in
      withReals(step, bias) { bias in
        parallelRows(rows) { block in
          for row in block {
            let h = y + row * hidden
            var sum: Scalar = 0
            for column in 0..<hidden { sum += h[column] }
            let mean = sum / Scalar(hidden)
            var squares: Scalar = 0
            for column in 0..<hidden { squares += (h[column] - mean) * (h[column] - mean) }
            let factor = 1 / (squares / Scalar(hidden) + Scalar(epsilon)).squareRoot()
            for column in 0..<hidden { h[column] = (h[column] - mean) * factor * weight[column] + bias[column] }
          }
        }
      }
    }
  }
}
