// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// See `OptimizerOperation.accumulate`.
  func accumulate(_ step: Plan.Step) {
    let state = result(step.result)
    withReals(step, 1) { x in
      for index in 0..<sizes(step.result).reduce(1, *) { state[index] += x[index] }
    }
  }

  /// See `OptimizerOperation.clear`.
  func clear(_ step: Plan.Step) { clear(step.result) }

  /// Sums of blocks, and their sum; see `OptimizerOperation.squaredNorm`.
  func squaredNorm(_ step: Plan.Step) {
    let count = sizes(step.operands[0]).reduce(1, *)
    let sums = scratch(step)
    withReals(step, 0) { x in
      parallelRows(count, grain: Operation.normBlock) { block in
        sums[block.lowerBound / Operation.normBlock] = pairwiseSum(block) { x[$0] * x[$0] }
      }
    }
    let blocks = (count + Operation.normBlock - 1) / Operation.normBlock
    result(step.result)[0] = pairwiseSum(0..<blocks) { sums[$0] }
  }

  /// One step of the optimizer; see `AdamW`.
  func adamW(_ step: Plan.Step, _ adam: AdamW) {
    let count = sizes(step.result).reduce(1, *)
    let states = step.results.map { result($0) }
    let (weights, gradients, first, second) = (states[0], states[1], states[2], states[3])
    let (beta1, beta2, epsilon) = (Scalar(adam.beta1), Scalar(adam.beta2), Scalar(adam.epsilon))
    withReals(step, [4, 5]) { operands in
      let (squaredNorm, rates) = (operands[0][0], operands[1])
      guard squaredNorm.isFinite else { return }
      let clip = adam.maxGradNorm.map { min(1, Scalar($0) / (squaredNorm.squareRoot() + 1e-6)) } ?? 1
      parallelRows(count, grain: 4096) { block in
        for index in block {
          let g = gradients[index] * clip
          if index < adam.decayed { weights[index] -= rates[3] * weights[index] }
          first[index] = beta1 * first[index] + (1 - beta1) * g
          second[index] = beta2 * second[index] + (1 - beta2) * g * g
          weights[index] -= rates[0] * rates[1] * first[index] / (second[index].squareRoot() * rates[2] + epsilon)
          gradients[index] = 0
        }
      }
    }
  }
}
