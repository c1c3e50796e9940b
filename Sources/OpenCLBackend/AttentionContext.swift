// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  func attentionContextKernel(_ attention: Attention) throws -> Kernel {
    try library.kernel(
      "attention_context",
      defines: [
        "HEAD_SIZE": attention.headSize, "WG_SIZE": profile.attentionGroupSize,
        "TILE_QUERIES": profile.contextTileQueries,
      ])
  }

  /// `attention_context(probs, value, query_offsets, key_starts, key_ends, out, heads, keys, value_stride, value_column)`
  func bindAttentionContext(_ arguments: StepArguments, _ kernel: Kernel, _ attention: Attention) throws -> Enqueue {
    let numbers = [attention.heads, 0, try arguments.columns(1), attention.valueColumn]
    try kernel.bind(try arguments.bufferValues() + numbers.map { .int32(Int32($0)) })
    let keys = arguments.shape(0).dimensions[2]
    let (tileQueries, groupSize) = (profile.contextTileQueries, profile.attentionGroupSize)
    return { queue, dimensions in
      try kernel.set(7, Int32(keys.resolved(dimensions)))
      try launchHeads(
        queue, kernel, dimensions, heads: attention.heads, tileQueries: tileQueries, groupSize: groupSize)
    }
  }
}

extension DeviceProfile {
  /// Queries that one work-group of `attention_context` takes.
  fileprivate var contextTileQueries: Int { workGroupSize == 1 ? 16 : 4 }
}
