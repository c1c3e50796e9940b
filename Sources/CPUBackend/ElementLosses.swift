// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// `(x - target)^2`; see `Operation.squaredError`.
  func squaredError(_ step: Plan.Step) {
    eachElement(step) { x, target in (x - target) * (x - target) }
  }

  /// Binary cross entropy with logits; see `Operation.binaryCrossEntropy`.
  func binaryCrossEntropy(_ step: Plan.Step) {
    eachElement(step) { x, target in
      max(x, 0) - x * target + .logarithmOnePlus(.exponential(-abs(x)))
    }
  }

  private func eachElement(_ step: Plan.Step, _ loss: (Scalar, Scalar) -> Scalar) {
    let y = result(step.result)
    withReals(step, 0) { x in
      withReals(step, 1) { target in
        for index in 0..<sizes(step.result).reduce(1, *) { y[index] = loss(x[index], target[index]) }
      }
    }
  }
}
