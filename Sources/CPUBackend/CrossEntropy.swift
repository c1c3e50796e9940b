// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// Cross entropy of each row; see `Operation.crossEntropy`.
  func crossEntropy(_ step: Plan.Step) {
    let (rows, classes) = matrix(step.operands[0])
    let labels = integers(step, 1)
    let y = result(step.result)
    withReals(step, 0) { x in
      parallelRows(rows) { block in
        for row in block { y[row] = crossEntropy(x + row * classes, stride: 1, count: classes, labels[row]) }
      }
    }
  }

  /// Cross entropy over the rows of each sequence; see `Operation.segmentCrossEntropy`.
  func segmentCrossEntropy(_ step: Plan.Step, _ column: Int) {
    let columns = matrix(step.operands[0]).columns
    let (offsets, labels) = (integers(step, 1), integers(step, 2))
    let y = result(step.result)
    withReals(step, 0) { x in
      for (sequence, label) in labels.enumerated() {
        let (start, end) = (Int(offsets[sequence]), Int(offsets[sequence + 1]))
        y[sequence] = crossEntropy(x + start * columns + column, stride: columns, count: end - start, label)
      }
    }
  }

  /// `log(sum exp x) - x[label]` with the largest x subtracted first, so that no exponential overflows.
  private func crossEntropy(_ x: Operand, stride: Int, count: Int, _ label: Int32) -> Scalar {
    guard label != ignoredLabel else { return 0 }
    let largest = (0..<count).reduce(-Scalar.infinity) { max($0, x[$1 * stride]) }
    let sum = (0..<count).reduce(0) { $0 + Scalar.exponential(x[$1 * stride] - largest) }
    return .logarithm(sum) + (largest - x[Int(label) * stride])
  }
}
