// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// Rows of length 1; see `Operation.l2Normalize`.
  func l2Normalize(_ step: Plan.Step, _ epsilon: Double) {
    let (rows, columns) = matrix(step.operands[0])
    let y = result(step.result)
    withReals(step, 0) { x in
      for row in 0..<rows {
        var squares: Scalar = 0
        for index in (row * columns)..<((row + 1) * columns) { squares += x[index] * x[index] }
        let length = max(squares.squareRoot(), Scalar(epsilon))
        for index in (row * columns)..<((row + 1) * columns) { y[index] = x[index] / length }
      }
    }
  }
}
