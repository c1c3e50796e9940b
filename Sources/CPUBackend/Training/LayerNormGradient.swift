// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// See `GradientOperation.layerNorm`.
  func layerNormGradient(_ step: Plan.Step, _ epsilon: Double, hasResidual: Bool) {
    let (rows, hidden) = matrix(step.operands[0])
    let dx = result(step.results[0])
    // (h - mean) / deviation, and the deviation's inverse.
    let (normalized, factors) = (Result.allocate(capacity: rows * hidden), Result.allocate(capacity: rows))
    defer {
      normalized.deallocate()
      factors.deallocate()
    }
    withReals(step, hasResidual ? [1, 2] : [1]) { operands in
      parallelRows(rows) { block in
        for row in block {
          let h = normalized + row * hidden
          for column in 0..<hidden {
            h[column] = operands.reduce(0) { $0 + $1[row * hidden + column] }
          }
          let mean = (0..<hidden).reduce(0) { $0 + h[$1] } / Scalar(hidden)
          let squares = (0..<hidden).reduce(0) { $0 + (h[$1] - mean) * (h[$1] - mean) }
          factors[row] = 1 / (squares / Scalar(hidden) + Scalar(epsilon)).squareRoot()
          for column in 0..<hidden { h[column] = (h[column] - mean) * factors[row] }
        }
      }
    }
    withReals(step, [0, hasResidual ? 3 : 2]) { operands in
      let (dy, weight) = (operands[0], operands[1])
      parallelRows(rows) { block in
        for row in block {
          let start = row * hidden
          var (sum, product): (Scalar, Scalar) = (0, 0)
          for column in 0..<hidden {
            let g = dy[start + column] * weight[column]
            sum += g
            product += g * normalized[start + column]
          }
          let (mean, meanProduct) = (sum / Scalar(hidden), product / Scalar(hidden))
          for column in 0..<hidden {
            let g = dy[start + column] * weight[column]
            dx[start + column] = (g - mean - normalized[start + column] * meanProduct) * factors[row]
          }
        }
      }
      addColumnSums(rows, hidden, to: result(step.results[1])) { row, column in
        dy[row * hidden + column] * normalized[row * hidden + column]
      }
      addColumnSums(rows, hidden, to: result(step.results[2])) { row, column in dy[row * hidden + column] }
    }
  }
}
