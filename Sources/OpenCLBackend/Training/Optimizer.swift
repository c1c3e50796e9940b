// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  func accumulateKernels() throws -> [Kernel] { [try library.kernel("accumulate")] }

  /// `accumulate(state, x, rows, columns)`.
  func bindAccumulate(_ arguments: StepArguments, _ kernels: [Kernel]) throws -> Enqueue {
    try bindElements(arguments, kernels[0])
  }

  func clearKernels() throws -> [Kernel] { [try library.kernel("clear")] }

  /// `clear(out, rows, columns)`.
  func bindClear(_ arguments: StepArguments, _ kernels: [Kernel]) throws -> Enqueue {
    try bindElements(arguments, kernels[0])
  }

  /// Sums of blocks, and their sum.
  func squaredNormKernels() throws -> [Kernel] {
    try ["squared_norm", "squared_norm_total"].map {
      try library.kernel($0, file: "squared_norm", defines: ["NORM_BLOCK": Operation.normBlock])
    }
  }

  /// `squared_norm(x, partials, count)`, `squared_norm_total(partials, out, blocks)`.
  func bindSquaredNorm(_ arguments: StepArguments, _ kernels: [Kernel]) throws -> Enqueue {
    let (partial, total) = (kernels[0], kernels[1])
    let scratch = try arguments.scratchBuffer()
    try partial.bind([.buffer(arguments.buffer(at: 0)), .buffer(scratch), .int32(0)])
    try total.bind([.buffer(scratch), .buffer(arguments.buffer(arguments.step.result)), .int32(0)])
    let (shape, groupSize, profile) = (arguments.shape(0), profile.workGroupSize, profile)
    return { queue, dimensions in
      let count = try shape.elementCount(dimensions)
      let blocks = (count + Operation.normBlock - 1) / Operation.normBlock
      try partial.set(2, Int32(count))
      try total.set(2, Int32(blocks))
      let groups = profile.stretches(of: count)
      if groups > 0 { try queue.launch(partial, global: WorkSize(groups * groupSize), local: WorkSize(groupSize)) }
      try queue.launch(total, global: WorkSize(groupSize), local: WorkSize(groupSize))
    }
  }

  func adamWKernels(_ adam: AdamW) throws -> [Kernel] { [try library.kernel("adam_w")] }

  /// `adam_w(weights, gradients, first_moments, second_moments, squared_norm, rates, count, decayed, beta1, beta2, rest1,
  /// rest2, epsilon, max_norm)`.
  func bindAdamW(_ arguments: StepArguments, _ kernels: [Kernel], _ adam: AdamW) throws -> Enqueue {
    let (kernel, count) = (kernels[0], try arguments.shape(0).elementCount([:]))  // no batch changes the parameters
    let numbers = [
      adam.beta1, adam.beta2, 1 - adam.beta1, 1 - adam.beta2, adam.epsilon, adam.maxGradNorm ?? .infinity,
    ]
    try kernel.bind(
      arguments.bufferValues() + [.int32(Int32(count)), .int32(Int32(adam.decayed))]
        + numbers.map { .float(Float($0)) })
    let (groups, groupSize) = (profile.stretches(of: count), profile.workGroupSize)
    return { queue, _ in
      try queue.launch(kernel, global: WorkSize(groups * groupSize), local: WorkSize(groupSize))
    }
  }
}

extension DeviceProfile {
  /// Work-groups for one pass over so many elements: on a CPU device some long stretches for each core, on a GPU one for
  /// each block.
  fileprivate func stretches(of count: Int) -> Int {
    let blocks = (count + Operation.normBlock - 1) / Operation.normBlock
    return workGroupSize == 1 ? min(blocks, StepBinder.stretchesPerUnit * computeUnits) : blocks
  }
}
