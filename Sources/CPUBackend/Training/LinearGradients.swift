// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// `dx = dy W + addend`; see `GradientOperation.linearInput`.
  ///
  /// As in `linear`, no product straddles two sequences.
  func linearInputGradient(_ step: Plan.Step) {
    let (rows, columns) = matrix(step.operands[0])
    let depth = matrix(step.operands[1]).columns
    let dx = result(step.result)
    let hasAddend = step.operands.count == 3
    if hasAddend { withReals(step, 2) { dx.update(from: $0, count: rows * depth) } }
    let blocks = rowBlocks(of: step.operands[0], grain: CPURun.productRows)
    withReals(step, [0, 1]) { operands in
      parallel(blocks.count) { index in
        let block = blocks[index]
        Scalar.matrixProduct(
          operands[0] + block.lowerBound * columns, stride: columns, transposed: false, operands[1], stride: depth,
          transposed: false, into: dx + block.lowerBound * depth, stride: depth, rows: block.count, columns: depth,
          depth: columns, alpha: 1, beta: hasAddend ? 1 : 0)
      }
    }
  }

  /// `dW += dy^T x`; see `GradientOperation.linearWeight`.
  func linearWeightGradient(_ step: Plan.Step) {
    let (columns, depth) = matrix(step.operands[0])
    let rows = matrix(step.operands[1]).rows
    let dweight = result(step.result)
    withReals(step, [1, 2]) { operands in
      // A block of the weight's rows for each product, whatever the number of cores.
      parallelRows(columns, grain: CPURun.productRows) { block in
        Scalar.matrixProduct(
          operands[0] + block.lowerBound, stride: columns, transposed: true, operands[1], stride: depth,
          transposed: false, into: dweight + block.lowerBound * depth, stride: depth, rows: block.count,
          columns: depth, depth: rows, alpha: 1, beta: 1)
      }
    }
  }

  /// `db += sum_m dy[m]`; see `GradientOperation.bias`.
  func biasGradient(_ step: Plan.Step) {
    let (rows, columns) = matrix(step.operands[1])
    withReals(step, 1) { dy in
      addColumnSums(rows, columns, to: result(step.result)) { row, column in dy[row * columns + column] }
    }
  }

  /// `sums[column] += sum_row element(row, column)`, the rows in their order.
  @inline(__always)
  func addColumnSums(_ rows: Int, _ columns: Int, to sums: Result, _ element: (Int, Int) -> Scalar) {
    parallelRows(columns, grain: 64) { block in
      var block = (columns: block, sums: [Scalar](repeating: 0, count: block.count))
      for row in 0..<rows {
        for (index, column) in block.columns.enumerated() { block.sums[index] += element(row, column) }
      }
      for (index, column) in block.columns.enumerated() { sums[column] += block.sums[index] }
    }
  }
}
