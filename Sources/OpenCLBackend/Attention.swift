// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  /// A kernel for each configuration that may run, which all have the same bits; on CPU devices also the one for a query a
  /// sequence, with the same bits again. Queries that come with their keys in one matrix are seldom alone: that program is
  /// not built for them.
  func attentionKernels(_ attention: Attention, _ operands: [Graph.Value]) throws -> [Kernel] {
    var defines = ["HEAD_SIZE": attention.headSize, "CAUSAL": attention.isCausal ? 1 : 0]
    if profile.usesAttentionWarps(headSize: attention.headSize) {
      defines["WHOLE_CHUNKS"] = hasWholeChunks(attention, operands) ? 1 : 0
      defines.merge(profile.mmaDefines) { $1 }
    }
    let kernels = try profile.attentionChoice(attention, tuning).configurations.map { configuration in
      try library.kernel(configuration.kernelName, defines: defines.merging(configuration.defines) { $1 })
    }
    guard profile.workGroupSize == 1, operands[0] != operands[1] else { return kernels }
    return kernels + [try library.kernel("attention_step", defines: ["HEAD_SIZE": attention.headSize])]
  }

  /// Whether copies of 16 bytes reach all of attention's operands: every row, and the first head's columns in it. Matrices
  /// themselves begin at multiples of ``DeviceProfile/alignment``.
  private func hasWholeChunks(_ attention: Attention, _ operands: [Graph.Value]) -> Bool {
    let widths = operands.prefix(3).map { operand -> Int? in
      guard case .fixed(let width)? = graph.type(of: operand).shape.last else { return nil }
      return width
    }
    let numbers = widths + [attention.width, attention.queryColumn, attention.keyColumn, attention.valueColumn]
    return numbers.allSatisfy { $0?.isMultiple(of: 16 / profile.precision.byteCount) ?? false }
  }

  /// `attention(query, key, value, query_offsets, key_starts, key_ends, out, sequences, heads, query_stride, key_stride,
  /// value_stride, out_stride, query_column, key_column, value_column, scale)`, and the same for `attention_step`,
  /// `attention_tiled` and `attention_mma`; groups: query tiles of the longest sequence, heads, sequences.
  func bindAttention(_ arguments: StepArguments, _ kernels: [Kernel], _ attention: Attention) throws -> Enqueue {
    let numbers = [
      0, attention.heads, try arguments.columns(0), try arguments.columns(1), try arguments.columns(2),
      attention.width, attention.queryColumn, attention.keyColumn, attention.valueColumn,
    ]
    for kernel in kernels {
      try kernel.bind(
        try arguments.bufferValues() + numbers.map { .int32(Int32($0)) } + [.float(Float(attention.scale))])
    }
    return enqueueAttention(kernels, attention, sequencesArgument: 7)
  }

  /// Launches the kernel of the configuration that serves the batch: one of `kernels`, which may have `attention_step`
  /// behind the configurations'. `sequencesArgument` is the index of the number of sequences.
  func enqueueAttention(_ kernels: [Kernel], _ attention: Attention, sequencesArgument: Int) -> Enqueue {
    let choice = profile.attentionChoice(attention, tuning)
    let step = kernels.count > choice.configurations.count ? kernels.last : nil
    let vectorWidth = profile.vectorWidth
    return { queue, dimensions in
      let sequences = try Dimension.sequences.resolved(dimensions)
      let longest = try Dimension.symbol(.longest, plus: 0).resolved(dimensions)
      let index = choice.index(longest: longest, sequences: sequences)
      let configuration = choice.configurations[index]
      let kernel = longest == 1 ? step ?? kernels[index] : kernels[index]
      try kernel.set(sequencesArgument, Int32(sequences))
      try launchHeads(
        queue, kernel, dimensions, heads: attention.heads, tileQueries: configuration.queries(vectorWidth: vectorWidth),
        groupSize: configuration.groupSize)
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
