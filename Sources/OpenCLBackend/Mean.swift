// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  /// `mean(x, labels, out, rows, columns)`, one work-group, which also says that the mean of nothing is NaN. Without
  /// labels x stands in their place: the kernel does not read them.
  func bindMean(_ arguments: StepArguments, _ kernel: Kernel) throws -> Enqueue {
    let hasLabels = arguments.step.operands.count == 2
    let buffers = try [arguments.buffer(at: 0), arguments.buffer(at: hasLabels ? 1 : 0)]
    let result = try arguments.buffer(arguments.step.result)
    try kernel.bind((buffers + [result]).map(KernelValue.buffer) + [.int32(0), .int32(0)])
    let shape = arguments.shape(0)
    let groupSize = profile.workGroupSize
    return { queue, dimensions in
      let sizes = try shape.resolved(dimensions)
      try kernel.set(3, Int32(sizes[0]))
      try kernel.set(4, Int32(sizes.dropFirst().reduce(1, *)))
      try queue.launch(kernel, global: WorkSize(groupSize), local: WorkSize(groupSize))
    }
  }
}
