// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// Rows of one sequence that a product of a dense layer takes at most.
  static var productRows: Int { 64 }

  /// `y = activation(x W^T + b)`; see `Operation.linear`.
  func linear(_ step: Plan.Step, _ activation: Activation) {
    let (_, depth) = matrix(step.operands[0])
    let columns = matrix(step.operands[1]).rows
    let y = result(step.result)
    let blocks = rowBlocks(of: step.operands[0], grain: CPURun.productRows)
    withReals(step, 0) { x in
      withReals(step, 1) { weight in
        parallel(blocks.count) { index in
          let block = blocks[index]
          Scalar.matrixProduct(
            x + block.lowerBound * depth, stride: depth, weight, stride: depth, transposed: true,
            into: y + block.lowerBound * columns, stride: columns, rows: block.count, columns: columns, depth: depth,
            alpha: 1)
        }
      }
    }
    let rows = matrix(step.operands[0]).rows
    guard step.operands.count == 3 else {
      return addBias(nil, to: Operand(y), activation, into: y, rows: rows, columns: columns)
    }
    withReals(step, 2) { addBias($0, to: Operand(y), activation, into: y, rows: rows, columns: columns) }
  }
}
