// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  /// On CPU devices one kernel, else one by queries and one by keys; then one for each matrix in which nothing else writes
  /// all there is.
  func attentionGradientKernels(
    _ training: TrainingAttention, _ sharing: GradientOperation.Sharing, _ operands: [Graph.Value]
  ) throws -> [Kernel] {
    let defines = training.defines
    let kernels: [Kernel]
    if profile.workGroupSize == 1 {
      kernels = [try library.kernel("attention_gradient", defines: defines)]
    } else {
      kernels = try ["attention_gradient_query", "attention_gradient_key"].enumerated().map { index, name in
        let tile = ["OF_KEYS": index, "ROW_ITEMS": profile.gradientRowItems]
        return try library.kernel(name, file: "attention_gradient_tiled", defines: defines.merging(tile) { $1 })
      }
    }
    let matrices = gradientMatrices(training.attention, sharing, operands)
    return try kernels + matrices.map { _ in try library.kernel("attention_gradient_clear") }
  }

  /// `attention_gradient(dout, out, log_sum_exp, query, key, value, query_offsets, key_starts, key_ends, [seed], dquery,
  /// dkey, dvalue, heads, query_stride, key_stride, value_stride, query_column, key_column, value_column, scale, [site,
  /// threshold, keep_scale])`, in brackets what dropout adds; `attention_gradient_query` and `attention_gradient_key` have
  /// delta behind dvalue. `attention_gradient_clear(query_offsets, key_starts, key_ends, gradient, rows, sequences, columns,
  /// width, query_column, key_column, value_column)`.
  func bindAttentionGradient(
    _ arguments: StepArguments, _ kernels: [Kernel], _ training: TrainingAttention,
    _ sharing: GradientOperation.Sharing
  ) throws -> Enqueue {
    let attention = training.attention
    let step = arguments.step
    let matrices = gradientMatrices(attention, sharing, step.operands)
    let clearing = Array(kernels.suffix(matrices.count))
    let adding = Array(kernels.dropLast(matrices.count))
    let isTiled = profile.workGroupSize > 1
    let operands = try step.operands.indices.map { KernelValue.buffer(try arguments.buffer(at: $0)) }
    let results = try [sharing.query, sharing.key, sharing.value].map {
      KernelValue.buffer(try arguments.buffer(step.results[$0]))
    }
    let numbers = [
      attention.heads, try arguments.columns(3), try arguments.columns(4), try arguments.columns(5),
      attention.queryColumn, attention.keyColumn, attention.valueColumn,
    ]
    for kernel in adding {
      let scratch: [KernelValue] = isTiled ? [.buffer(try arguments.scratchBuffer())] : []
      try kernel.bind(
        operands + results + scratch + numbers.map { .int32(Int32($0)) } + [.float(Float(attention.scale))]
          + training.dropoutValues)
    }
    for (kernel, matrix) in zip(clearing, matrices) {
      let numbers = [0, 0, matrix.columns, attention.width] + matrix.heads
      try kernel.bind(
        operands[6...8] + [.buffer(try arguments.buffer(step.results[matrix.result]))]
          + numbers.map { .int32(Int32($0)) })
    }
    let (rowItems, groupSize) = (profile.gradientRowItems, profile.workGroupSize)
    return { queue, dimensions in
      let sequences = try Dimension.sequences.resolved(dimensions)
      for (kernel, matrix) in zip(clearing, matrices) {
        let rows = try arguments.rows(matrix.operand).resolved(dimensions)
        guard rows > 0 else { continue }
        try kernel.set(4, Int32(rows))
        try kernel.set(5, Int32(sequences))
        try queue.launch(kernel, global: WorkSize(rows * groupSize), local: WorkSize(groupSize))
      }
      for kernel in adding {
        if isTiled {
          try launchHeads(
            queue, kernel, dimensions, heads: attention.heads, tileQueries: 4 * rowItems, groupSize: 16 * rowItems)
        } else if sequences > 0, try Dimension.symbol(.longest, plus: 0).resolved(dimensions) > 0 {
          try queue.launch(kernel, global: WorkSize(attention.heads, sequences), local: WorkSize(1, 1))
        }
      }
    }
  }

  /// The distinct matrices among query, key and value in which the heads do not fill every row.
  private func gradientMatrices(
    _ attention: Attention, _ sharing: GradientOperation.Sharing, _ operands: [Graph.Value]
  ) -> [GradientMatrix] {
    let results = [sharing.query, sharing.key, sharing.value]
    let columns = [attention.queryColumn, attention.keyColumn, attention.valueColumn]
    return (0...(results.max() ?? 0)).compactMap { result in
      let places = results.indices.filter { results[$0] == result }
      guard let first = places.first, case .fixed(let width)? = graph.type(of: operands[3 + first]).shape.last else {
        return nil  // no such matrix: its type has been checked
      }
      // Every row is a query of some sequence; keys have rows that are none's.
      if places == [0], width == attention.width { return nil }
      return GradientMatrix(
        result: result, operand: 3 + first, columns: width,
        heads: results.indices.map { places.contains($0) ? columns[$0] : -1 })
    }
  }
}

/// A result of attention's backward pass.
private struct GradientMatrix {
  let result: Int
  let operand: Int
  let columns: Int
  /// The first columns of the heads of query, key and value; -1 for what another matrix holds.
  let heads: [Int]
}

extension DeviceProfile {
  /// `ROW_ITEMS` of `attention_gradient_tiled`.
  fileprivate var gradientRowItems: Int { max(workGroupSize / 16, 1) }
}
