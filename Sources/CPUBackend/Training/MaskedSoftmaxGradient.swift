// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// See `GradientOperation.maskedSoftmax`.
  func maskedSoftmaxGradient(_ step: Plan.Step, _ scale: Double) {
    let (rows, keys) = matrix(step.operands[0])
    let dx = result(step.result)
    withReals(step, [0, 1]) { operands in
      parallelRows(rows) { block in
        for row in block {
          softmaxGradient(
            operands[0] + row * keys, operands[1] + row * keys, scale: Scalar(scale), into: dx + row * keys, keys)
        }
      }
    }
  }

  /// `dx = scale p (dy - sum dy p)` for one row.
  func softmaxGradient(_ dy: Operand, _ p: Operand, scale: Scalar, into dx: Result, _ keys: Int) {
    var sum: Scalar = 0
    for key in 0..<keys { sum += dy[key] * p[key] }
    for key in 0..<keys { dx[key] = scale * p[key] * (dy[key] - sum) }
  }
}
