// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  func attentionContextGradientKernels(_ attention: Attention, _ operands: [Graph.Value]) throws -> [Kernel] {
    [
      try library.kernel(
        "attention_context_gradient",
        defines: [
          "HEAD_SIZE": attention.headSize, "WG_SIZE": profile.attentionGroupSize,
          "TILE_QUERIES": profile.contextTileQueries,
        ]),
      try querySumsKernel(headSize: attention.headSize, isRelative: false), try library.kernel("clear"),
    ]
  }

  /// `attention_context_gradient(dout, value, query_offsets, key_starts, key_ends, dp, heads, keys, value_stride,
  /// value_column)`; then the values' gradients, in the rows and columns that have one.
  func bindAttentionContextGradient(
    _ arguments: StepArguments, _ kernels: [Kernel], _ attention: Attention
  ) throws -> Enqueue {
    let (kernel, heads) = (kernels[0], attention.heads)
    let (weights, values) = (arguments.step.results[0], arguments.step.results[1])
    let columns = (count: try arguments.columns(2), first: attention.valueColumn)
    let ranges = try [3, 4, 5].map { try arguments.buffer(at: $0) }
    let buffers = try [arguments.buffer(at: 0), arguments.buffer(at: 2)] + ranges + [arguments.buffer(weights)]
    let numbers = [heads, 0, columns.count, columns.first]
    try kernel.bind(buffers.map(KernelValue.buffer) + numbers.map { .int32(Int32($0)) })
    let keys = arguments.shape(1).dimensions[2]
    let clear = try bindClearing(arguments, values, kernels[2])
    let addQueries = try bindQuerySums(
      kernels[1],
      QuerySums(
        weights: arguments.buffer(at: 1), x: arguments.buffer(at: 0), ranges: ranges, out: arguments.buffer(values),
        heads: heads, xColumns: (attention.width, 0), outColumns: columns, rows: arguments.rows(2), keys: keys))
    let (tileQueries, groupSize) = (profile.contextTileQueries, profile.attentionGroupSize)
    return { queue, dimensions in
      let keys = try keys.resolved(dimensions)
      if keys > 0 {
        try kernel.set(7, Int32(keys))
        try launchHeads(queue, kernel, dimensions, heads: heads, tileQueries: tileQueries, groupSize: groupSize)
      }
      try clear(queue, dimensions)
      try addQueries(queue, dimensions)
    }
  }
}

extension DeviceProfile {
  /// Queries that one work-group of `attention_context_gradient` takes.
  fileprivate var contextTileQueries: Int { workGroupSize == 1 ? 16 : 4 }
}
