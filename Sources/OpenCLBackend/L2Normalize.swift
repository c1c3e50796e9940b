// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  /// `l2_normalize(x, out, rows, columns, epsilon)`
  func bindL2Normalize(_ arguments: StepArguments, _ kernel: Kernel, _ epsilon: Double) throws -> Enqueue {
    try bindRows(arguments, kernel, rows: arguments.rows(0), columns: arguments.columns(0), epsilon)
  }
}
