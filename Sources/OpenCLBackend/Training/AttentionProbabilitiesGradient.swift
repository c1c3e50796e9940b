// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  /// Of the scores, the queries, the keys, and with relative positions of the distances.
  func attentionProbabilitiesGradientKernels(
    _ kind: AttentionProbabilities, _ sharing: GradientOperation.Sharing, _ operands: [Graph.Value]
  ) throws -> [Kernel] {
    let size = kind.attention.headSize
    let defines = ["HEAD_SIZE": size, "WG_SIZE": profile.attentionGroupSize]
    let isRelative = kind.relativePositions != nil
    var kernels = [
      try library.kernel("masked_softmax_gradient"),
      try library.kernel(
        "attention_probabilities_gradient",
        defines: defines.merging(["TILE_QUERIES": profile.keySumQueries, "RELATIVE": isRelative ? 1 : 0]) { $1 }),
      try querySumsKernel(headSize: size, isRelative: kind.relativePositions == .keyQuery),
    ]
    if isRelative {
      let terms = kind.relativePositions == .keyQuery ? 2 : 1
      kernels.append(try library.kernel("distance_gradient", defines: defines.merging(["RELATIVE": terms]) { $1 }))
    }
    return try kernels + Set([sharing.query, sharing.key]).map { _ in try library.kernel("clear") }
  }

  /// The gradients of the scores into the scratch memory, and from there to the results.
  func bindAttentionProbabilitiesGradient(
    _ arguments: StepArguments, _ kernels: [Kernel], _ kind: AttentionProbabilities,
    _ sharing: GradientOperation.Sharing
  ) throws -> Enqueue {
    let results = arguments.step.results
    let matrices = Set([sharing.query, sharing.key]).sorted()
    let clear = try zip(matrices, kernels.suffix(matrices.count)).map {
      try bindClearing(arguments, results[$0], $1)
    }
    var steps = [try bindScoreGradients(arguments, kernels[0], kind.attention)] + clear
    steps.append(try bindKeySums(arguments, kernels[1], kind, into: arguments.buffer(results[sharing.query])))
    let attention = kind.attention
    steps.append(
      try bindQuerySums(
        kernels[2],
        QuerySums(
          weights: arguments.scratchBuffer(), x: arguments.buffer(at: 2),
          ranges: [4, 5, 6].map { try arguments.buffer(at: $0) },
          relative: kind.relativePositions == .keyQuery ? relative(arguments) : nil,
          out: arguments.buffer(results[sharing.key]), heads: attention.heads,
          xColumns: (arguments.columns(2), attention.queryColumn),
          outColumns: (arguments.columns(3), attention.keyColumn), rows: arguments.rows(3),
          keys: arguments.shape(0).dimensions[2])))
    if kind.relativePositions != nil { steps.append(try bindDistanceGradient(arguments, kernels[3], attention)) }
    return { queue, dimensions in for step in steps { try step(queue, dimensions) } }
  }

  /// `masked_softmax_gradient(dy, p, dx, rows, keys, scale)`, one work-group for each query and head.
  private func bindScoreGradients(
    _ arguments: StepArguments, _ kernel: Kernel, _ attention: Attention
  ) throws -> Enqueue {
    let buffers = try [arguments.buffer(at: 0), arguments.buffer(at: 1), arguments.scratchBuffer()]
    try kernel.bind(
      buffers.map(KernelValue.buffer) + [.int32(0), .int32(0), .float(Float(attention.scale))])
    let (shape, groupSize) = (arguments.shape(0), profile.workGroupSize)
    return { queue, dimensions in
      let sizes = try shape.resolved(dimensions)
      let (rows, keys) = (sizes[0] * sizes[1], sizes[2])
      guard rows > 0, keys > 0 else { return }
      try kernel.set(3, Int32(rows))
      try kernel.set(4, Int32(keys))
      try queue.launch(kernel, global: WorkSize(rows * groupSize), local: WorkSize(groupSize))
    }
  }

  /// `attention_probabilities_gradient(scores, key, query_offsets, key_starts, key_ends, distances, query_positions,
  /// key_positions, out, heads, keys, key_stride, out_stride, key_column, out_column, positions)`; in the place of what is
  /// left out stands another buffer, which the kernel does not read. It adds to `out`.
  private func bindKeySums(
    _ arguments: StepArguments, _ kernel: Kernel, _ kind: AttentionProbabilities, into out: Buffer
  ) throws -> Enqueue {
    let attention = kind.attention
    let relative = try kind.relativePositions.map { _ in try self.relative(arguments) }
    let ranges = try [4, 5, 6].map { try arguments.buffer(at: $0) }
    let key = try arguments.buffer(at: 3)
    let buffers =
      [try arguments.scratchBuffer(), key] + ranges + (relative?.buffers ?? [key, ranges[0], ranges[0]]) + [out]
    let numbers = [
      attention.heads, 0, try arguments.columns(3), try arguments.columns(2), attention.keyColumn,
      attention.queryColumn, relative?.positions ?? 1,
    ]
    try kernel.bind(buffers.map(KernelValue.buffer) + numbers.map { .int32(Int32($0)) })
    let (keys, tileQueries, groupSize) = (
      arguments.shape(0).dimensions[2], profile.keySumQueries, profile.attentionGroupSize
    )
    return { queue, dimensions in
      let keys = try keys.resolved(dimensions)
      guard keys > 0 else { return }
      try kernel.set(10, Int32(keys))
      try launchHeads(
        queue, kernel, dimensions, heads: attention.heads, tileQueries: tileQueries, groupSize: groupSize)
    }
  }

  /// `distance_gradient(scores, query, key, query_offsets, key_starts, key_ends, query_positions, key_positions, state,
  /// sequences, heads, keys, query_stride, key_stride, query_column, key_column, positions)`, one work-group per distance.
  private func bindDistanceGradient(
    _ arguments: StepArguments, _ kernel: Kernel, _ attention: Attention
  ) throws -> Enqueue {
    let (relative, distances) = (try relative(arguments), try arguments.columns(inRowsOf: 7))
    let buffers = try [arguments.scratchBuffer()] + [2, 3, 4, 5, 6, 8, 9, 10].map { try arguments.buffer(at: $0) }
    let numbers = [
      0, attention.heads, 0, try arguments.columns(2), try arguments.columns(3), attention.queryColumn,
      attention.keyColumn, relative.positions,
    ]
    try kernel.bind(buffers.map(KernelValue.buffer) + numbers.map { .int32(Int32($0)) })
    let (keys, groupSize) = (arguments.shape(0).dimensions[2], profile.attentionGroupSize)
    return { queue, dimensions in
      let (keys, sequences) = (try keys.resolved(dimensions), try Dimension.sequences.resolved(dimensions))
      guard keys > 0, sequences > 0 else { return }
      try kernel.set(9, Int32(sequences))
      try kernel.set(11, Int32(keys))
      try queue.launch(kernel, global: WorkSize(distances * groupSize), local: WorkSize(groupSize))
    }
  }

  /// The embeddings of distances, the positions of queries and keys, and how many positions there are.
  private func relative(_ arguments: StepArguments) throws -> (buffers: [Buffer], positions: Int) {
    (try [7, 8, 9].map { try arguments.buffer(at: $0) }, (try arguments.columns(inRowsOf: 7) + 1) / 2)
  }
}

extension DeviceProfile {
  /// Queries that one work-group of `attention_probabilities_gradient` takes.
  fileprivate var keySumQueries: Int { workGroupSize == 1 ? 16 : 4 }
}
