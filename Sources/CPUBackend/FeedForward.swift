// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// Two dense layers; see `Operation.feedForward`.
  ///
  /// The products are those of two `linear` operations, to the bit: at most `productRows` rows of one sequence. They are
  /// what the intermediate exists for, one on each core, so the chunk, which cuts through sequences, is not needed here.
  func feedForward(_ step: Plan.Step, _ activation: Activation) {
    let depth = matrix(step.operands[0]).columns
    let (wide, columns) = (matrix(step.operands[1]).rows, matrix(step.operands[3]).rows)
    let y = result(step.result)
    let blocks = rowBlocks(of: step.operands[0], grain: CPURun.productRows)
    withReals(step, 0) { x in
      withReals(step, 1) { first in
        withReals(step, 2) { firstBias in
          withReals(step, 3) { second in
            withReals(step, 4) { secondBias in
              parallel(blocks.count) { index in
                let (start, rows) = (blocks[index].lowerBound, blocks[index].count)
                let intermediate = Result.allocate(capacity: rows * wide)
                defer { intermediate.deallocate() }
                Scalar.matrixProduct(
                  x + start * depth, stride: depth, first, stride: depth, transposed: true, into: intermediate,
                  stride: wide, rows: rows, columns: wide, depth: depth, alpha: 1)
                addBias(
                  firstBias, to: Operand(intermediate), activation, into: intermediate, rows: rows, columns: wide)
                let target = y + start * columns
                Scalar.matrixProduct(
                  intermediate, stride: wide, second, stride: wide, transposed: true, into: target, stride: columns,
                  rows: rows, columns: columns, depth: wide, alpha: 1)
                addBias(secondBias, to: Operand(target), .identity, into: target, rows: rows, columns: columns)
              }
            }
          }
        }
      }
    }
  }
}
