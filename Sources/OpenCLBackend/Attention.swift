// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  /// On CPU devices the kernel for any number of queries and the one for a query a sequence, which has the same bits; on
  /// GPUs one for each tile, which have the same bits, too. Queries that come with their keys in one matrix are seldom
  /// alone: the program is not built for them.
  func attentionKernels(_ attention: Attention, _ operands: [Graph.Value]) throws -> [Kernel] {
    let defines = ["HEAD_SIZE": attention.headSize, "CAUSAL": attention.isCausal ? 1 : 0]
    guard profile.workGroupSize == 1 else {
      return try profile.attentionTiles(headSize: attention.headSize).map { tile in
        let tileDefines = ["QUERY_ITEMS": tile.queryItems, "ITEM_QUERIES": tile.itemQueries]
        return try library.kernel("attention_tiled", defines: defines.merging(tileDefines) { $1 })
      }
    }
    let vectors = ["QUERY_VECTORS": DeviceProfile.attentionQueryVectors]
    let any = try library.kernel("attention", defines: defines.merging(vectors) { $1 })
    guard operands[0] != operands[1] else { return [any] }
    return [any, try library.kernel("attention_step", defines: ["HEAD_SIZE": attention.headSize])]
  }

  /// `attention(query, key, value, query_offsets, key_starts, key_ends, out, sequences, heads, query_stride, key_stride,
  /// value_stride, out_stride, query_column, key_column, value_column, scale)`, and the same for `attention_step` and
  /// `attention_tiled`; groups: query tiles of the longest sequence, heads, sequences.
  func bindAttention(_ arguments: StepArguments, _ kernels: [Kernel], _ attention: Attention) throws -> Enqueue {
    let numbers = [
      0, attention.heads, try arguments.columns(0), try arguments.columns(1), try arguments.columns(2),
      attention.width, attention.queryColumn, attention.keyColumn, attention.valueColumn,
    ]
    for kernel in kernels {
      try kernel.bind(
        try arguments.bufferValues() + numbers.map { .int32(Int32($0)) } + [.float(Float(attention.scale))])
    }
    let tiles = profile.workGroupSize == 1 ? [] : profile.attentionTiles(headSize: attention.headSize)
    let profile = profile
    return { queue, dimensions in
      let sequences = try Dimension.sequences.resolved(dimensions)
      let longest = try Dimension.symbol(.longest, plus: 0).resolved(dimensions)
      let index =
        tiles.isEmpty
        ? (longest == 1 ? kernels.count - 1 : 0)
        : AttentionTile.choice(
          tiles, longest: longest, sequencesAndHeads: sequences * attention.heads, computeUnits: profile.computeUnits)
      try kernels[index].set(7, Int32(sequences))
      try launchHeads(
        queue, kernels[index], dimensions, heads: attention.heads,
        tileQueries: tiles.isEmpty ? profile.attentionTileQueries : tiles[index].queries,
        groupSize: tiles.isEmpty ? 1 : tiles[index].workGroupItems)
    }
  }

  /// Launches a kernel with a work-group for each tile of queries, head and sequence.
  func launchHeads(
    _ queue: Queue, _ kernel: Kernel, _ dimensions: Dimensions, heads: Int, tileQueries: Int, groupSize: Int
  ) throws {
    let sequences = try Dimension.sequences.resolved(dimensions)
    let longest = try Dimension.symbol(.longest, plus: 0).resolved(dimensions)
    guard sequences > 0, longest > 0 else { return }
    let tiles = (longest + tileQueries - 1) / tileQueries
    try queue.launch(kernel, global: WorkSize(tiles * groupSize, heads, sequences), local: WorkSize(groupSize, 1, 1))
  }
}
