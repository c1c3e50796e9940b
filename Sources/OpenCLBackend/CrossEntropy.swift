// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  /// `cross_entropy(x, labels, out, rows, classes)`, one work-group per row.
  func bindCrossEntropy(_ arguments: StepArguments, _ kernel: Kernel) throws -> Enqueue {
    try bindRows(kernel, arguments.bufferValues(), rows: arguments.rows(0), [.int32(Int32(arguments.columns(0)))])
  }

  /// `segment_cross_entropy(x, offsets, labels, out, sequences, columns, column)`, one work-group per sequence.
  func bindSegmentCrossEntropy(_ arguments: StepArguments, _ kernel: Kernel, _ column: Int) throws -> Enqueue {
    try bindRows(
      kernel, arguments.bufferValues(), rows: arguments.rows(2),
      [.int32(Int32(arguments.columns(0))), .int32(Int32(column))])
  }
}
