// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// See `GradientOperation.pooling`.
  func poolingGradient(_ step: Plan.Step, _ modes: [PoolingMode]) {
    let hidden = matrix(step.operands[1]).columns
    let offsets = integers(step, 2)
    clear(step.result)
    withReals(step, [0, 1]) { operands in
      parallelRows(offsets.count - 1) { block in
        for sequence in block where offsets[sequence] < offsets[sequence + 1] {
          let (start, tokens) = (Int(offsets[sequence]), Int(offsets[sequence + 1] - offsets[sequence]))
          for (index, mode) in modes.enumerated() {
            unpool(
              operands[0] + (sequence * modes.count + index) * hidden, operands[1] + start * hidden, tokens: tokens,
              hidden, mode, addingTo: result(step.result) + start * hidden)
          }
        }
      }
    }
  }

  /// Hands one vector's gradient to the tokens of its sequence.
  private func unpool(
    _ dy: Operand, _ x: Operand, tokens: Int, _ hidden: Int, _ mode: PoolingMode, addingTo dx: Result
  ) {
    let count = Scalar(tokens)
    for column in 0..<hidden {
      switch mode {
      case .cls: dx[column] += dy[column]
      case .lastToken: dx[(tokens - 1) * hidden + column] += dy[column]
      case .mean: for token in 0..<tokens { dx[token * hidden + column] += dy[column] / count }
      case .meanSqrtLength:
        for token in 0..<tokens { dx[token * hidden + column] += dy[column] / count.squareRoot() }
      case .max:
        var largest = 0
        for token in 0..<tokens where x[token * hidden + column] > x[largest * hidden + column] { largest = token }
        dx[largest * hidden + column] += dy[column]
      case .weightedMean:
        for token in 0..<tokens {
          dx[token * hidden + column] += dy[column] * Scalar(token + 1) / (count * (count + 1) / 2)
        }
      }
    }
  }
}
