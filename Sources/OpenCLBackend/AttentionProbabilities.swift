// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  func attentionProbabilitiesKernel(_ probabilities: AttentionProbabilities) throws -> Kernel {
    let relative =
      switch probabilities.relativePositions {
      case nil: 0
      case .key: 1
      case .keyQuery: 2
      }
    return try library.kernel(
      "attention_probabilities",
      defines: [
        "HEAD_SIZE": probabilities.attention.headSize, "WG_SIZE": profile.attentionGroupSize,
        "TILE_QUERIES": profile.probabilityTileQueries, "CAUSAL": probabilities.attention.isCausal ? 1 : 0,
        "HAS_MASK": probabilities.hasMask ? 1 : 0, "RELATIVE": relative,
      ])
  }

  /// `attention_probabilities(query, key, query_offsets, key_starts, key_ends, visible, distances, query_positions,
  /// key_positions, out, heads, keys, query_stride, key_stride, query_column, key_column, positions, scale)`; in the
  /// place of what is left out stands another buffer, which the kernel does not read.
  func bindAttentionProbabilities(
    _ arguments: StepArguments, _ kernel: Kernel, _ probabilities: AttentionProbabilities
  ) throws -> Enqueue {
    let attention = probabilities.attention
    let table = probabilities.relativePositions.map { _ in probabilities.distanceOperand }
    let operands = [
      0, 1, 2, 3, 4, probabilities.hasMask ? 5 : 2, table ?? 0, table.map { $0 + 1 } ?? 2, table.map { $0 + 2 } ?? 2,
    ]
    let buffers = try operands.map { try arguments.buffer(at: $0) } + [arguments.buffer(arguments.step.result)]
    let distances = try table.map { try arguments.columns(inRowsOf: $0) } ?? 1
    let numbers = [
      attention.heads, 0, try arguments.columns(0), try arguments.columns(1), attention.queryColumn,
      attention.keyColumn, (distances + 1) / 2,
    ]
    try kernel.bind(
      buffers.map(KernelValue.buffer) + numbers.map { .int32(Int32($0)) } + [.float(Float(attention.scale))])
    let (tileQueries, groupSize) = (profile.probabilityTileQueries, profile.attentionGroupSize)
    return { queue, dimensions in
      let keys = try Dimension.symbol(probabilities.keys, plus: 0).resolved(dimensions)
      guard keys > 0 else { return }
      try kernel.set(11, Int32(keys))
      try launchHeads(
        queue, kernel, dimensions, heads: attention.heads, tileQueries: tileQueries, groupSize: groupSize)
    }
  }
}

extension DeviceProfile {
  /// Queries that one work-group of `attention_probabilities` takes, one after the other.
  fileprivate var probabilityTileQueries: Int { workGroupSize == 1 ? 16 : 1 }
}
