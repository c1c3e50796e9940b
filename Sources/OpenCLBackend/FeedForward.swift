// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  /// Kernels of the two dense layers, and of what packs their weights.
  func feedForwardKernels(_ activation: Activation, _ operands: [Graph.Value]) throws -> [Kernel] {
    try linearKernels(activation, hasBias: true, operands[1])
      + linearKernels(.identity, hasBias: true, operands[3]) + packKernels([operands[1], operands[3]])
  }

  /// Each chunk of rows into the scratch memory, and from there to its place in the result.
  func bindFeedForward(_ arguments: StepArguments, _ kernels: [Kernel], _ chunk: Int) throws -> Enqueue {
    let (wide, scratch) = (try arguments.columns(inRowsOf: 1), try arguments.scratchBuffer())
    let operands = arguments.step.operands
    let (weights, pack) = try bindWeights(arguments, [1, 3], packs(of: [operands[1], operands[3]], in: kernels))
    // Kernels of the first layer, before those of the second.
    let firstCount = try linearKernelCount(operands[1])
    let first = try bindProduct(
      LinearProduct(
        x: arguments.buffer(at: 0), weight: weights[0], bias: arguments.buffer(at: 2), out: scratch,
        columns: wide, depth: arguments.columns(0)), Array(kernels[..<firstCount]))
    let second = try bindProduct(
      LinearProduct(
        x: scratch, weight: weights[1], bias: arguments.buffer(at: 4),
        out: arguments.buffer(arguments.step.result), columns: arguments.columns(inRowsOf: 3), depth: wide),
      Array(kernels[firstCount...]))
    let rows = arguments.rows(0)
    return { queue, dimensions in
      let rows = try rows.resolved(dimensions)
      guard rows > 0 else { return }
      try pack(queue)
      let chunkRows = Operation.chunkRows(chunk, of: rows, dimensions)
      for start in stride(from: 0, to: rows, by: max(chunkRows, 1)) {
        let count = min(chunkRows, rows - start)
        try first(queue, LinearRows(count: count, firstOfX: start))
        try second(queue, LinearRows(count: count, firstOfOut: start))
      }
    }
  }
}
