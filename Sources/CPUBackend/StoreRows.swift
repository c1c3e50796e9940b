// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// Columns written to rows of a state; see `Operation.storeRows`.
  func storeRows(_ step: Plan.Step, _ column: Int) {
    let width = matrix(step.operands[0]).columns
    let stride = matrix(step.operands[1]).columns
    let state = result(step.result)
    withReals(step, 1) { x in
      for (row, target) in integers(step, 2).enumerated() {
        (state + Int(target) * width).update(from: x + row * stride + column, count: width)
      }
    }
  }
}
