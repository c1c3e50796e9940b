// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  /// The kernel for any number of queries and, on CPU devices, the one for a query a sequence, which has the same bits.
  /// Queries that come with their keys in one matrix are seldom alone: the program is not built for them.
  func attentionKernels(_ attention: Attention, _ operands: [Graph.Value]) throws -> [Kernel] {
    let any = try attentionChoices(attention).all.map { choice in
      var defines = ["HEAD_SIZE": attention.headSize, "CAUSAL": attention.isCausal ? 1 : 0]
      switch choice {
      case .vectors(let count): defines["QUERY_VECTORS"] = count
      case .tile(let queries): defines["WG_SIZE"] = queries
      }
      return try library.kernel("attention", defines: defines)
    }
    guard profile.workGroupSize == 1, operands[0] != operands[1] else { return any }
    return any + [try library.kernel("attention_step", defines: ["HEAD_SIZE": attention.headSize])]
  }

  /// `attention(query, key, value, query_offsets, key_starts, key_ends, out, sequences, heads, query_stride, key_stride,
  /// value_stride, out_stride, query_column, key_column, value_column, scale)`; groups: query tiles of the longest
  /// sequence, heads, sequences.
  func bindAttention(_ arguments: StepArguments, _ kernels: [Kernel], _ attention: Attention) throws -> Enqueue {
    let numbers = [
      0, attention.heads, try arguments.columns(0), try arguments.columns(1), try arguments.columns(2),
      attention.width, attention.queryColumn, attention.keyColumn, attention.valueColumn,
    ]
    for kernel in kernels {
      try kernel.bind(
        try arguments.bufferValues() + numbers.map { .int32(Int32($0)) } + [.float(Float(attention.scale))])
    }
    let choices = attentionChoices(attention)
    let byChoice = Dictionary(zip(choices.all, kernels), uniquingKeysWith: { first, _ in first })
    let step = kernels.count > byChoice.count ? kernels.last : nil
    let vectorWidth = profile.vectorWidth
    return { queue, dimensions in
      let longest = try Dimension.symbol(.longest, plus: 0).resolved(dimensions)
      let choice = choices.configuration(size: longest)
      guard let kernel = longest == 1 ? step ?? byChoice[choice] : byChoice[choice] else { return }
      try kernel.set(7, Int32(Dimension.sequences.resolved(dimensions)))
      try launchHeads(
        queue, kernel, dimensions, heads: attention.heads, tileQueries: choice.queries(vectorWidth: vectorWidth))
    }
  }

  /// Which tile of queries attention takes, by the longest sequence.
  func attentionChoices(_ attention: Attention) -> TunedChoices<AttentionConfiguration> {
    let profile = profile
    return TunedChoices(tuning, [attention.heads, attention.headSize]) { choice in
      switch choice {
      case .vectors: profile.workGroupSize == 1
      case .tile: profile.workGroupSize > 1
      }
    } standard: { profile.standardAttention(longest: $0) }
  }

  /// Launches a kernel with a work-group for each tile of queries, head and sequence.
  func launchHeads(
    _ queue: Queue, _ kernel: Kernel, _ dimensions: Dimensions, heads: Int, tileQueries: Int
  ) throws {
    let sequences = try Dimension.sequences.resolved(dimensions)
    let longest = try Dimension.symbol(.longest, plus: 0).resolved(dimensions)
    guard sequences > 0, longest > 0 else { return }
    let tiles = (longest + tileQueries - 1) / tileQueries
    let groupSize = profile.attentionGroupSize
    try queue.launch(kernel, global: WorkSize(tiles * groupSize, heads, sequences), local: WorkSize(groupSize, 1, 1))
  }
}
