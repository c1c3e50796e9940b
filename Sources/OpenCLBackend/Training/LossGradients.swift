// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  func crossEntropyGradientKernels(_ operands: [Graph.Value]) throws -> [Kernel] {
    [try library.kernel("cross_entropy_gradient")]
  }

  /// `cross_entropy_gradient(dy, x, labels, dx, rows, classes)`, one work-group per row.
  func bindCrossEntropyGradient(_ arguments: StepArguments, _ kernels: [Kernel]) throws -> Enqueue {
    try bindRows(
      kernels[0], arguments.bufferValues(), rows: arguments.rows(1), [.int32(Int32(arguments.columns(1)))])
  }

  func segmentCrossEntropyGradientKernels(_ column: Int, _ operands: [Graph.Value]) throws -> [Kernel] {
    [try library.kernel("segment_cross_entropy_gradient")]
  }

  /// `segment_cross_entropy_gradient(dy, x, offsets, labels, dx, sequences, columns, column)`, one work-group per sequence.
  func bindSegmentCrossEntropyGradient(
    _ arguments: StepArguments, _ kernels: [Kernel], _ column: Int
  ) throws -> Enqueue {
    try bindRows(
      kernels[0], arguments.bufferValues(), rows: arguments.rows(0),
      [.int32(Int32(arguments.columns(1))), .int32(Int32(column))])
  }

  func squaredErrorGradientKernels(_ operands: [Graph.Value]) throws -> [Kernel] {
    [try library.kernel("squared_error_gradient")]
  }

  func bindSquaredErrorGradient(_ arguments: StepArguments, _ kernels: [Kernel]) throws -> Enqueue {
    try bindElements(arguments, kernels[0])
  }

  func binaryCrossEntropyGradientKernels(_ operands: [Graph.Value]) throws -> [Kernel] {
    [try library.kernel("binary_cross_entropy_gradient")]
  }

  func bindBinaryCrossEntropyGradient(_ arguments: StepArguments, _ kernels: [Kernel]) throws -> Enqueue {
    try bindElements(arguments, kernels[0])
  }

  func meanGradientKernels(_ operands: [Graph.Value]) throws -> [Kernel] {
    [try library.kernel("mean_gradient", defines: ["HAS_LABELS": operands.count == 3 ? 1 : 0])]
  }

  /// `mean_gradient(dy, labels, dx, rows, columns)`. Without labels dy stands in their place: the kernel does not read them.
  func bindMeanGradient(_ arguments: StepArguments, _ kernels: [Kernel]) throws -> Enqueue {
    let labels = arguments.step.operands.count == 3 ? 2 : 0
    let buffers = try [
      arguments.buffer(at: 0), arguments.buffer(at: labels), arguments.buffer(arguments.step.result),
    ]
    return try bindElements(kernels[0], buffers.map(KernelValue.buffer), arguments.shape(1), [])
  }
}
