// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// Rows by their numbers; see `Operation.gatherRows`.
  func gatherRows(_ step: Plan.Step) {
    let columns = matrix(step.operands[0]).columns
    let y = result(step.result)
    withReals(step, 0) { x in
      for (row, source) in integers(step, 1).enumerated() {
        (y + row * columns).update(from: x + Int(source) * columns, count: columns)
      }
    }
  }
}
