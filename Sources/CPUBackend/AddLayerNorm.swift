// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
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
}
