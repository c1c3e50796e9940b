// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// Softmax over the visible keys of each row; see `Operation.maskedSoftmax`.
  func maskedSoftmax(_ step: Plan.Step, _ scale: Double) {
    let (rows, keys) = matrix(step.operands[0])
    let rowsPerBatch = max(rows / max(matrix(step.operands[1]).rows, 1), 1)
    let visible = bytes(step, 1)
    let probabilities = result(step.result)
    withReals(step, 0) { scores in
      parallelRows(rows) { block in
        for row in block {
          let mask = visible[(row / rowsPerBatch * keys)..<((row / rowsPerBatch + 1) * keys)]
          softmax(scores + row * keys, visible: mask, scale: Scalar(scale), into: probabilities + row * keys, keys)
        }
      }
    }
  }

  /// Softmax over the keys of one row whose mask is not 0; `probabilities` may be `scores`.
  func softmax(
    _ scores: Operand, visible: ArraySlice<UInt8>, scale: Scalar, into probabilities: Result, _ keys: Int
  ) {
    let seen = visible.startIndex
    var largest = -Scalar.infinity
    for key in 0..<keys where visible[seen + key] != 0 { largest = max(largest, scale * scores[key]) }
    var sum: Scalar = 0
    for key in 0..<keys {
      probabilities[key] = visible[seen + key] == 0 ? 0 : .exponential(scale * scores[key] - largest)
      sum += probabilities[key]
    }
    guard sum > 0 else { return }
    for key in 0..<keys { probabilities[key] /= sum }
  }
}
