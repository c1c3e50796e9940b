// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// `sum_i weights[i] x_i`; see `Operation.weightedSum`.
  func weightedSum(_ step: Plan.Step, _ weights: [Double]) {
    let count = sizes(step.result).reduce(1, *)
    let y = result(step.result)
    y.update(repeating: 0, count: count)
    for (operand, weight) in weights.enumerated() {
      withReals(step, operand) { x in
        for index in 0..<count { y[index] += Scalar(weight) * x[index] }
      }
    }
  }
}
