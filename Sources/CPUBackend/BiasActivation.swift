// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// `y = activation(x + b)`; see `Operation.biasActivation`.
  func biasActivation(_ step: Plan.Step, _ activation: Activation) {
    let (rows, columns) = matrix(step.operands[0])
    let y = result(step.result)
    withReals(step, 0) { x in
      guard step.operands.count == 2 else {
        return addBias(nil, to: x, activation, into: y, rows: rows, columns: columns)
      }
      withReals(step, 1) { addBias($0, to: x, activation, into: y, rows: rows, columns: columns) }
    }
  }

  func addBias(
    _ bias: Operand?, to x: Operand, _ activation: Activation, into y: Result, rows: Int, columns: Int
  ) {
    if bias == nil, activation == .identity, Operand(y) == x { return }
    parallelRows(rows) { block in
      for row in block {
        for column in 0..<columns {
          let index = row * columns + column
          y[index] = activation.apply(x[index] + (bias?[column] ?? 0))
        }
      }
    }
  }
}
