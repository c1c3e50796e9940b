// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// See `GradientOperation.crossEntropy`.
  func crossEntropyGradient(_ step: Plan.Step) {
    let (rows, classes) = matrix(step.result)
    let labels = integers(step, 2)
    let dx = result(step.result)
    withReals(step, [0, 1]) { operands in
      parallelRows(rows) { block in
        for row in block {
          let place = row * classes
          crossEntropyGradient(
            operands[0][row], operands[1] + place, stride: 1, count: classes, labels[row], into: dx + place)
        }
      }
    }
  }

  /// See `GradientOperation.segmentCrossEntropy`.
  func segmentCrossEntropyGradient(_ step: Plan.Step, _ column: Int) {
    let columns = matrix(step.result).columns
    let (offsets, labels) = (integers(step, 2), integers(step, 3))
    let dx = result(step.result)
    clear(step.result)
    withReals(step, [0, 1]) { operands in
      for (sequence, label) in labels.enumerated() {
        let place = Int(offsets[sequence]) * columns + column
        crossEntropyGradient(
          operands[0][sequence], operands[1] + place, stride: columns,
          count: Int(offsets[sequence + 1] - offsets[sequence]), label, into: dx + place)
      }
    }
  }

  /// `dx = dy (softmax(x) - [label])`; zeros for an ignored label.
  private func crossEntropyGradient(
    _ dy: Scalar, _ x: Operand, stride: Int, count: Int, _ label: Int32, into dx: Result
  ) {
    guard label != ignoredLabel else {
      for index in 0..<count { dx[index * stride] = 0 }
      return
    }
    let largest = (0..<count).reduce(-Scalar.infinity) { max($0, x[$1 * stride]) }
    let sum = (0..<count).reduce(0) { $0 + Scalar.exponential(x[$1 * stride] - largest) }
    for index in 0..<count {
      let p = Scalar.exponential(x[index * stride] - largest) / sum
      dx[index * stride] = dy * (index == Int(label) ? p - 1 : p)
    }
  }

  /// See `GradientOperation.squaredError`.
  func squaredErrorGradient(_ step: Plan.Step) {
    eachElementGradient(step) { x, target in 2 * (x - target) }
  }

  /// See `GradientOperation.binaryCrossEntropy`.
  func binaryCrossEntropyGradient(_ step: Plan.Step) {
    eachElementGradient(step) { x, target in 1 / (1 + .exponential(-x)) - target }
  }

  private func eachElementGradient(_ step: Plan.Step, _ derivative: (Scalar, Scalar) -> Scalar) {
    let dx = result(step.result)
    withReals(step, [0, 1, 2]) { operands in
      for index in 0..<sizes(step.result).reduce(1, *) {
        dx[index] = operands[0][index] * derivative(operands[1][index], operands[2][index])
      }
    }
  }

  /// See `GradientOperation.mean`.
  func meanGradient(_ step: Plan.Step) {
    let labels = step.operands.count == 3 ? integers(step, 2) : nil
    let all = 0..<sizes(step.result).reduce(1, *)
    let counts = { (index: Int) in labels?[index] != ignoredLabel }
    let count = labels == nil ? all.count : all.count(where: counts)
    let dx = result(step.result)
    withReals(step, 0) { dy in
      for index in all { dx[index] = count == 0 ? .nan : counts(index) ? dy[0] / Scalar(count) : 0 }
    }
  }
}
