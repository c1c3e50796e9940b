// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  func biasActivationKernel(_ activation: Activation, hasBias: Bool = true) throws -> Kernel {
    try library.kernel(
      "bias_activation", defines: ["ACTIVATION": Int(activation.rawValue), "HAS_BIAS": hasBias ? 1 : 0])
  }

  func bindBiasActivation(_ arguments: StepArguments, _ kernel: Kernel) throws -> Enqueue {
    // Without a bias x stands in its place: the kernel does not read it.
    let launch = try bindBiasActivation(
      arguments.buffer(at: 0), arguments.buffer(at: arguments.step.operands.count - 1),
      arguments.buffer(arguments.step.result), columns: arguments.columns(0), kernel)
    let rows = arguments.rows(0)
    return { queue, dimensions in try launch(queue, 0, rows.resolved(dimensions)) }
  }

  /// `bias_activation(x, bias, out, first_row, rows, columns)`, one work-group per row, for any rows of the buffers.
  func bindBiasActivation(
    _ x: Buffer, _ bias: Buffer, _ out: Buffer, columns: Int, _ kernel: Kernel
  ) throws -> (Queue, _ first: Int, _ rows: Int) throws -> Void {
    try kernel.bind([.buffer(x), .buffer(bias), .buffer(out), .int32(0), .int32(0), .int32(Int32(columns))])
    let groupSize = profile.workGroupSize
    return { queue, first, rows in
      guard rows > 0 else { return }
      try kernel.set(3, Int32(first))
      try kernel.set(4, Int32(rows))
      try queue.launch(kernel, global: WorkSize(rows * groupSize), local: WorkSize(groupSize))
    }
  }
}
