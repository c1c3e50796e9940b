// SPDX-License-Identifier: Apache-2.0

extension Operation {
  /// The type of the result, after checking every operand against the operation's rules.
  ///
  /// - Throws: `GraphError.operandCount`, `GraphError.shapeMismatch` or `GraphError.badAttribute`.
  public func resultType(of operands: [TensorType]) throws(GraphError) -> TensorType {
    let check = OperandCheck(operation: self, operands: operands)
    switch self {
    case .embeddingLayerNorm(let embeddings):
      let places = embeddings.operands
      try check.count(places.count)
      let (rows, hidden) = try check.matrix(places.word)
      if let position = places.position { try check.matrix(position, columns: hidden) }
      try check.matrix(places.type, columns: hidden)
      try check.vector(places.weight, hidden)
      try check.vector(places.bias, hidden)
      let tokens = try check.dimension(places.typeIds, 0, rank: 1, .int32)
      for ids in [places.wordIds, places.positionIds] { if let ids { try check.vector(ids, tokens, .int32) } }
      if !embeddings.hasWordIds, rows != tokens { throw check.mismatch(places.word, "[\(tokens), \(hidden)]") }
      return TensorType([tokens, hidden])
    case .linear:
      try check.count(2...3)
      let (rows, depth) = try check.matrix(0)
      let columns = try check.matrix(1, columns: depth).rows
      if operands.count == 3 { try check.vector(2, columns) }
      return TensorType([rows, columns])
    case .biasActivation:
      try check.count(2)
      try check.vector(1, try check.matrix(0).columns)
      return operands[0]
    case .feedForward(_, let chunk):
      try check.count(5)
      guard chunk > 0 else { throw .badAttribute(operation: name, "a chunk of \(chunk) rows") }
      let (rows, hidden) = try check.matrix(0)
      let wide = try check.matrix(1, columns: hidden).rows
      try check.vector(2, wide)
      let columns = try check.matrix(3, columns: wide).rows
      try check.vector(4, columns)
      return TensorType([rows, columns])
    case .addLayerNorm:
      try check.count(4)
      let (rows, hidden) = try check.matrix(0)
      try check.matrix(1, rows: rows, columns: hidden)
      try check.vector(2, hidden)
      try check.vector(3, hidden)
      return operands[0]
    case .layerNorm:
      try check.count(3)
      let hidden = try check.matrix(0).columns
      try check.vector(1, hidden)
      try check.vector(2, hidden)
      return operands[0]
    case .maskedSoftmax:
      try check.count(2)
      let keys = try check.matrix(0).columns
      try check.matrix(1, columns: keys, .uint8)
      return operands[0]
    case .attention(let attention):
      try check.count(6)
      let queries = try check.heads(0, from: attention.queryColumn, attention)
      let keys = try check.heads(1, from: attention.keyColumn, attention)
      let values = try check.heads(2, from: attention.valueColumn, attention)
      guard keys == values else { throw check.mismatch(2, "as many rows as the keys, \(keys)") }
      try check.keyRanges(offsets: 3)
      return TensorType([queries, .fixed(attention.width)])
    case .attentionProbabilities(let probabilities):
      let attention = probabilities.attention
      let relative = probabilities.relativePositions != nil
      try check.count(5 + (probabilities.hasMask ? 1 : 0) + (relative ? 3 : 0))
      let queries = try check.heads(0, from: attention.queryColumn, attention)
      let keys = try check.heads(1, from: attention.keyColumn, attention)
      try check.keyRanges(offsets: 2)
      let longest = Dimension.symbol(probabilities.keys, plus: 0)
      if probabilities.hasMask { try check.matrix(5, rows: queries, columns: longest, .uint8) }
      if relative {
        let table = probabilities.distanceOperand
        guard case .fixed(let distances) = try check.matrix(table, columns: .fixed(attention.headSize)).rows,
          !distances.isMultiple(of: 2)
        else { throw check.mismatch(table, "[2 positions - 1, \(attention.headSize)]") }
        try check.vector(table + 1, queries, .int32)
        try check.vector(table + 2, keys, .int32)
      }
      return TensorType([queries, .fixed(attention.heads), longest])
    case .attentionContext(let attention):
      try check.count(5)
      guard operands[0].element == .real, operands[0].shape.rank == 3,
        operands[0].shape.dimensions[1] == .fixed(attention.heads)
      else { throw check.mismatch(0, "[tokens, \(attention.heads), keys]") }
      _ = try check.heads(1, from: attention.valueColumn, attention)
      try check.keyRanges(offsets: 2)
      return TensorType([operands[0].shape.dimensions[0], .fixed(attention.width)])
    case .scaleHeads(let heads):
      try check.count(2)
      let shape = operands[0].shape
      let isWhole: Bool
      switch (shape.rank, shape.dimensions.dropFirst().first) {
      case (2, .fixed(let width)?): isWhole = heads > 0 && width.isMultiple(of: heads)
      case (3, .fixed(heads)?): isWhole = true
      default: isWhole = false
      }
      guard operands[0].element == .real, isWhole else { throw check.mismatch(0, "rows of \(heads) heads") }
      try check.vector(1, .fixed(heads))
      return operands[0]
    case .gatherRows:
      try check.count(2)
      let columns = try check.matrix(0).columns
      return TensorType([try check.dimension(1, 0, rank: 1, .int32), columns])
    case .storeRows(let column):
      try check.count(3)
      guard case .fixed(let width) = try check.matrix(0).columns, case .fixed(let found) = try check.matrix(1).columns,
        column >= 0, column + width <= found
      else { throw check.mismatch(1, "the columns of the state from \(column) on") }
      try check.vector(2, try check.matrix(1).rows, .int32)
      return operands[0]
    case .pooling(let modes):
      try check.count(2)
      guard !modes.isEmpty, Set(modes).count == modes.count else {
        throw .badAttribute(operation: name, "pooling modes must be one or more, each once")
      }
      guard case .fixed(let hidden) = try check.matrix(0).columns else { throw check.mismatch(0, "a fixed width") }
      return TensorType([try check.sequences(offsets: 1), .fixed(hidden * modes.count)])
    case .l2Normalize:
      try check.count(1)
      _ = try check.matrix(0)
      return operands[0]
    case .crossEntropy:
      try check.count(2)
      let rows = try check.matrix(0).rows
      try check.vector(1, rows, .int32)
      return TensorType([rows])
    case .segmentCrossEntropy(let column):
      try check.count(3)
      guard case .fixed(let columns) = try check.matrix(0).columns, (0..<columns).contains(column) else {
        throw check.mismatch(0, "a column \(column)")
      }
      let sequences = try check.sequences(offsets: 1)
      try check.vector(2, sequences, .int32)
      return TensorType([sequences])
    case .squaredError, .binaryCrossEntropy:
      try check.count(2)
      let (rows, columns) = try check.matrix(0)
      try check.matrix(1, rows: rows, columns: columns)
      return operands[0]
    case .mean:
      try check.count(1...2)
      guard operands[0].element == .real, (1...2).contains(operands[0].shape.rank) else {
        throw check.mismatch(0, "a vector or a matrix")
      }
      if operands.count == 2 {
        let rows = try check.dimension(0, 0, rank: 1, .real)
        try check.vector(1, rows, .int32)
      }
      return TensorType([1])
    case .weightedSum(let weights):
      try check.count(weights.count)
      guard !weights.isEmpty, weights.allSatisfy(\.isFinite) else {
        throw .badAttribute(operation: name, "weights must be one or more, all finite")
      }
      for index in operands.indices where operands[index] != operands[0] || operands[index].element != .real {
        throw check.mismatch(index, operands[0].description)
      }
      return operands[0]
    }
  }
}

extension Operation {
  /// The shape of the real numbers that an executor may write down while the operation runs; nil for none.
  func scratchShape(_ operands: [TensorType], _ dimensions: Dimensions) throws(GraphError) -> Shape? {
    guard case .feedForward(_, let chunk) = self else { return nil }
    let rows = try operands[0].shape.dimensions[0].resolved(dimensions)
    return [.fixed(Operation.chunkRows(chunk, of: rows, dimensions)), operands[1].shape.dimensions[0]]
  }

  /// Rows that `feedForward` takes at once: `chunk` for each sequence, at most all.
  public static func chunkRows(_ chunk: Int, of rows: Int, _ dimensions: Dimensions) -> Int {
    let (count, overflow) = chunk.multipliedReportingOverflow(by: max(dimensions[.sequences] ?? 1, 1))
    return overflow ? rows : min(count, rows)
  }
}

/// Checks operands one by one and words what is wrong with them.
private struct OperandCheck {
  let operation: Operation
  let operands: [TensorType]

  func mismatch(_ index: Int, _ wanted: String) -> GraphError {
    .shapeMismatch(operation: operation.name, operand: index, found: operands[index], wanted: wanted)
  }

  func count(_ wanted: Int) throws(GraphError) { try count(wanted...wanted) }

  func count(_ wanted: ClosedRange<Int>) throws(GraphError) {
    guard wanted.contains(operands.count) else {
      throw .operandCount(operation: operation.name, found: operands.count, wanted: wanted)
    }
  }

  func dimension(_ index: Int, _ axis: Int, rank: Int, _ element: ElementType) throws(GraphError) -> Dimension {
    let type = operands[index]
    guard type.shape.rank == rank, type.element == element else {
      throw mismatch(index, "\(element) of rank \(rank)")
    }
    return type.shape.dimensions[axis]
  }

  func vector(_ index: Int, _ size: Dimension, _ element: ElementType = .real) throws(GraphError) {
    guard operands[index] == TensorType([size], element) else {
      throw mismatch(index, TensorType([size], element).description)
    }
  }

  @discardableResult
  func matrix(
    _ index: Int, rows: Dimension? = nil, columns: Dimension? = nil, _ element: ElementType = .real
  ) throws(GraphError) -> (rows: Dimension, columns: Dimension) {
    let found = try (
      rows: dimension(index, 0, rank: 2, element), columns: dimension(index, 1, rank: 2, element)
    )
    guard rows == nil || rows == found.rows, columns == nil || columns == found.columns else {
      throw mismatch(index, "[\(rows?.description ?? "any"), \(columns?.description ?? "any")]")
    }
    return found
  }

  /// The number of sequences that an offset table divides rows into.
  func sequences(offsets index: Int) throws(GraphError) -> Dimension {
    switch try dimension(index, 0, rank: 1, .int32) {
    case .symbol(let symbol, plus: let extra) where extra >= 1: return .symbol(symbol, plus: extra - 1)
    case .fixed(let count) where count >= 1: return .fixed(count - 1)
    case .symbol, .fixed: throw mismatch(index, "[sequences + 1] offsets")
    }
  }

  /// Query offsets, key starts and key ends, one behind the other.
  func keyRanges(offsets index: Int) throws(GraphError) {
    let sequences = try sequences(offsets: index)
    try vector(index + 1, sequences, .int32)
    try vector(index + 2, sequences, .int32)
  }

  /// Rows of a matrix that holds all heads from `column` on.
  func heads(_ index: Int, from column: Int, _ attention: Attention) throws(GraphError) -> Dimension {
    guard attention.heads > 0, attention.headSize > 0, attention.scale.isFinite else {
      throw .badAttribute(operation: operation.name, "heads and head size must be positive, the scale finite")
    }
    let (rows, columns) = try matrix(index)
    guard case .fixed(let width) = columns, column >= 0, column + attention.width <= width else {
      throw mismatch(index, "\(attention.heads) heads of \(attention.headSize) from column \(column)")
    }
    return rows
  }
}
