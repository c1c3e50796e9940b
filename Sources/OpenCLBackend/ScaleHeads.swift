// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  /// `scale_heads(x, factors, out, rows, heads, width)`, one work-group per row.
  func bindScaleHeads(_ arguments: StepArguments, _ kernel: Kernel, _ heads: Int) throws -> Enqueue {
    let columns = Shape(Array(arguments.shape(0).dimensions.dropFirst()))
    let launch = try bindRows(
      kernel, arguments.bufferValues(), rows: arguments.rows(0), [.int32(Int32(heads)), .int32(0)])
    return { queue, dimensions in
      try kernel.set(5, Int32(columns.elementCount(dimensions) / heads))
      try launch(queue, dimensions)
    }
  }
}
