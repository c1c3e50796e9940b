// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// Normalizes x; see `Operation.layerNorm`.
  func layerNorm(_ step: Plan.Step, _ epsilon: Double) {
    let (rows, hidden) = matrix(step.result)
    withReals(step, 0) { x in result(step.result).update(from: x, count: rows * hidden) }
    normalize(step, weight: 1, bias: 2, epsilon)
  }

  /// Normalizes each row of the result in place.
  func normalize(_ step: Plan.Step, weight: Int, bias: Int, _ epsilon: Double) {
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
