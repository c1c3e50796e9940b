// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  func attentionKernel(_ attention: Attention) throws -> Kernel {
    try library.kernel(
      "attention",
      defines: [
        "HEAD_SIZE": attention.headSize, "WG_SIZE": profile.attentionGroupSize,
        "QUERY_VECTORS": DeviceProfile.attentionQueryVectors,
      ])
  }

  /// `attention(query, key, value, query_offsets, key_offsets, out, sequences, heads, query_stride, key_stride,
  /// value_stride, out_stride, query_column, key_column, value_column, scale)`; groups: query tiles of the longest
  /// sequence, heads, sequences.
  func bindAttention(_ arguments: StepArguments, _ kernel: Kernel, _ attention: Attention) throws -> Enqueue {
    let numbers = [
      0, attention.heads, try arguments.columns(0), try arguments.columns(1), try arguments.columns(2),
      attention.width, attention.queryColumn, attention.keyColumn, attention.valueColumn,
    ]
    try kernel.bind(
      try arguments.bufferValues() + numbers.map { .int32(Int32($0)) } + [.float(Float(attention.scale))])
    let groupSize = profile.attentionGroupSize
    let tileQueries = profile.attentionTileQueries
    return { queue, dimensions in
      let sequences = try Dimension.sequences.resolved(dimensions)
      let longest = try Dimension.symbol(.longest, plus: 0).resolved(dimensions)
      guard sequences > 0, longest > 0 else { return }
      try kernel.set(6, Int32(sequences))
      let tiles = (longest + tileQueries - 1) / tileQueries
      try queue.launch(
        kernel, global: WorkSize(tiles * groupSize, attention.heads, sequences), local: WorkSize(groupSize, 1, 1))
    }
  }
}
