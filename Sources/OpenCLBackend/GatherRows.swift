// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  /// `gather_rows(x, row_ids, out, rows, columns)`, one work-group per row.
  func bindGatherRows(_ arguments: StepArguments, _ kernel: Kernel) throws -> Enqueue {
    try bindRows(
      kernel, arguments.bufferValues(), rows: arguments.rows(1), [.int32(Int32(arguments.columns(0)))])
  }
}
