// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// See `GradientOperation.gatherRows`.
  func gatherRowsGradient(_ step: Plan.Step) {
    clear(step.result)
    withReals(step, 0) { addGroups($0, matrix(step.operands[0]).columns, step, groups: 1) }
  }

  /// See `GradientOperation.embedding`.
  func embeddingGradient(_ step: Plan.Step) {
    withReals(step, 1) { addGroups($0, matrix(step.operands[1]).columns, step, groups: 2) }
  }

  /// Adds to each row of the result the sum of those rows of dy that belong to it, in their order.
  ///
  /// - Parameter groups: the first of the three operands of `Graph.RowGroups`.
  private func addGroups(_ dy: Operand, _ columns: Int, _ step: Plan.Step, groups: Int) {
    let (rows, starts, order) = (integers(step, groups), integers(step, groups + 1), integers(step, groups + 2))
    let table = result(step.result)
    parallelRows(rows.count) { block in
      for group in block where starts[group] < starts[group + 1] {
        let places = order[Int(starts[group])..<Int(starts[group + 1])]
        let row = table + Int(rows[group]) * columns
        for column in 0..<columns {
          row[column] += places.reduce(0) { $0 + dy[Int($1) * columns + column] }
        }
      }
    }
  }

  /// See `GradientOperation.l2Normalize`.
  func l2NormalizeGradient(_ step: Plan.Step, _ epsilon: Double) {
    let (rows, columns) = matrix(step.result)
    withReals(step, [0, 1]) { operands in
      for row in 0..<rows {
        let (dy, x) = (operands[0] + row * columns, operands[1] + row * columns)
        let dx = result(step.result) + row * columns
        let length = (0..<columns).reduce(0) { $0 + x[$1] * x[$1] }.squareRoot()
        if length < Scalar(epsilon) {
          for column in 0..<columns { dx[column] = dy[column] / Scalar(epsilon) }
        } else {
          let along = (0..<columns).reduce(0) { $0 + dy[$1] * (x[$1] / length) }
          for column in 0..<columns { dx[column] = (dy[column] - x[column] / length * along) / length }
        }
      }
    }
  }
}
