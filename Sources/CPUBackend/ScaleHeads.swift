// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// A factor for each head; see `Operation.scaleHeads`.
  func scaleHeads(_ step: Plan.Step, _ heads: Int) {
    let shape = sizes(step.result)
    let columns = shape.dropFirst().reduce(1, *)
    let width = columns / heads
    let y = result(step.result)
    withReals(step, 0) { x in
      withReals(step, 1) { factors in
        parallelRows(shape[0]) { block in
          for row in block {
            for head in 0..<heads {
              let start = row * columns + head * width
              for index in start..<(start + width) { y[index] = x[index] * factors[head] }
            }
          }
        }
      }
    }
  }
}
