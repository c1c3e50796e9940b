// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  func biasActivationKernel(_ activation: Activation) throws -> Kernel {
    try library.kernel("bias_activation", defines: ["ACTIVATION": Int(activation.rawValue)])
  }

  /// `bias_activation(x, bias, out, rows, columns)`, one work-group per row.
  func bindBiasActivation(_ arguments: StepArguments, _ kernel: Kernel) throws -> Enqueue {
    let rows = arguments.rows(0)
    try kernel.bind(try arguments.bufferValues() + [.int32(0), .int32(Int32(try arguments.columns(0)))])
    let groupSize = profile.workGroupSize
    return { queue, dimensions in
      let rows = try rows.resolved(dimensions)
      guard rows > 0 else { return }
      try kernel.set(3, Int32(rows))
      try queue.launch(kernel, global: WorkSize(rows * groupSize), local: WorkSize(groupSize))
    }
  }
}
