// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  /// `store_rows(state, x, row_ids, rows, columns, x_stride, column)`, one work-group per row. The result is the state.
  func bindStoreRows(_ arguments: StepArguments, _ kernel: Kernel, _ column: Int) throws -> Enqueue {
    let buffers = try [0, 1, 2].map { KernelValue.buffer(try arguments.buffer(at: $0)) }
    let numbers = [try arguments.columns(0), try arguments.columns(1), column]
    return try bindRows(kernel, buffers, rows: arguments.rows(2), numbers.map { .int32(Int32($0)) })
  }
}
