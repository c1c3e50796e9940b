// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  /// `weighted_sum(x, out, rows, columns, is_first, weight)`, once per operand.
  func bindWeightedSum(_ arguments: StepArguments, _ kernels: [Kernel], _ weights: [Double]) throws -> Enqueue {
    let result = KernelValue.buffer(try arguments.buffer(arguments.step.result))
    let launches = try zip(kernels, weights).enumerated().map { index, term in
      try bindElements(
        term.0, [.buffer(arguments.buffer(at: index)), result], arguments.shape(0),
        [.int32(index == 0 ? 1 : 0), .float(Float(term.1))])
    }
    return { queue, dimensions in
      for launch in launches { try launch(queue, dimensions) }
    }
  }
}
