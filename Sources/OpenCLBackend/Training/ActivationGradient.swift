// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  func activationGradientKernels(_ activation: Activation, _ operands: [Graph.Value]) throws -> [Kernel] {
    let defines = ["ACTIVATION": Int(activation.rawValue), "HAS_BIAS": operands.count == 3 ? 1 : 0]
    return [try library.kernel("activation_gradient", defines: defines)]
  }

  /// `activation_gradient(dy, x, bias, dx, rows, columns)`, one work-group per row. Without a bias x stands in its place:
  /// the kernel does not read it.
  func bindActivationGradient(
    _ arguments: StepArguments, _ kernels: [Kernel], _ activation: Activation
  ) throws -> Enqueue {
    let operands = [0, 1, arguments.step.operands.count - 1]
    let buffers = try operands.map { try arguments.buffer(at: $0) } + [arguments.buffer(arguments.step.result)]
    return try bindRows(
      kernels[0], buffers.map(KernelValue.buffer), rows: arguments.rows(0), [.int32(Int32(arguments.columns(0)))])
  }
}
