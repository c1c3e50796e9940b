// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  func maskedSoftmaxGradientKernels(_ scale: Double, _ operands: [Graph.Value]) throws -> [Kernel] {
    [try library.kernel("masked_softmax_gradient")]
  }

  /// `masked_softmax_gradient(dy, p, dx, rows, keys, scale)`, one work-group per row.
  func bindMaskedSoftmaxGradient(
    _ arguments: StepArguments, _ kernels: [Kernel], _ scale: Double
  ) throws -> Enqueue {
    try bindRows(arguments, kernels[0], rows: arguments.rows(0), columns: arguments.columns(0), scale)
  }

  func l2NormalizeGradientKernels(_ epsilon: Double, _ operands: [Graph.Value]) throws -> [Kernel] {
    [try library.kernel("l2_normalize_gradient")]
  }

  /// `l2_normalize_gradient(dy, x, dx, rows, columns, epsilon)`, one work-group per row.
  func bindL2NormalizeGradient(
    _ arguments: StepArguments, _ kernels: [Kernel], _ epsilon: Double
  ) throws -> Enqueue {
    try bindRows(arguments, kernels[0], rows: arguments.rows(0), columns: arguments.columns(0), epsilon)
  }
}
