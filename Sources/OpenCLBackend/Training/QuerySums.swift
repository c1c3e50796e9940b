// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

/// What `query_sums` sums up, and where to: for each key the weighted sum of what its queries have.
struct QuerySums {
  let weights: Buffer
  let x: Buffer
  /// Query offsets, key starts, key ends.
  let ranges: [Buffer]
  /// Embeddings of distances, the queries' positions, the keys' positions, and how many positions there are.
  var relative: (buffers: [Buffer], positions: Int)?
  let out: Buffer
  let heads: Int
  /// Columns of the matrices, and the first of them that belongs to the heads.
  let xColumns: (count: Int, first: Int)
  let outColumns: (count: Int, first: Int)
  /// Rows of `out`, the longest key sequence.
  let rows: Dimension
  let keys: Dimension
}

extension StepBinder {
  func querySumsKernel(headSize: Int, isRelative: Bool) throws -> Kernel {
    try library.kernel(
      "query_sums",
      defines: [
        "HEAD_SIZE": headSize, "WG_SIZE": profile.attentionGroupSize, "TILE_KEYS": profile.tileKeys,
        "RELATIVE": isRelative ? 1 : 0,
      ])
  }

  /// `query_sums(weights, x, query_offsets, key_starts, key_ends, distances, query_positions, key_positions, out, rows,
  /// sequences, heads, keys, x_stride, out_stride, x_column, out_column, positions)`; in the place of what is left out stands
  /// another buffer, which the kernel does not read. It adds to `out`.
  func bindQuerySums(_ kernel: Kernel, _ sums: QuerySums) throws -> Enqueue {
    let relative = sums.relative?.buffers ?? [sums.x, sums.ranges[0], sums.ranges[0]]
    let buffers = [sums.weights, sums.x] + sums.ranges + relative + [sums.out]
    let numbers = [
      0, 0, sums.heads, 0, sums.xColumns.count, sums.outColumns.count, sums.xColumns.first, sums.outColumns.first,
      sums.relative?.positions ?? 1,
    ]
    try kernel.bind(buffers.map(KernelValue.buffer) + numbers.map { .int32(Int32($0)) })
    let (tileKeys, groupSize) = (profile.tileKeys, profile.attentionGroupSize)
    return { queue, dimensions in
      let (rows, keys) = (try sums.rows.resolved(dimensions), try sums.keys.resolved(dimensions))
      guard rows > 0, keys > 0 else { return }
      try kernel.set(9, Int32(rows))
      try kernel.set(10, Int32(Dimension.sequences.resolved(dimensions)))
      try kernel.set(12, Int32(keys))
      let tiles = (rows + tileKeys - 1) / tileKeys
      try queue.launch(kernel, global: WorkSize(tiles * groupSize, sums.heads), local: WorkSize(groupSize, 1))
    }
  }

  /// Zeros in all rows and columns of a result to which kernels then add: `clear(out, rows, columns)`.
  func bindClearing(_ arguments: StepArguments, _ result: Graph.Value, _ kernel: Kernel) throws -> Enqueue {
    try bindElements(kernel, [.buffer(arguments.buffer(result))], graph.type(of: result).shape, [])
  }
}

extension DeviceProfile {
  /// Keys that one work-group of `query_sums` takes.
  fileprivate var tileKeys: Int { workGroupSize == 1 ? 16 : 4 }
}
