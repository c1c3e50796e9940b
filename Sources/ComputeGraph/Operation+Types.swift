// SPDX-License-Identifier: Apache-2.0

extension Operation {
  /// The type of the result, after checking every operand against the operation's rules.
  ///
  /// - Throws: `GraphError.operandCount`, `GraphError.shapeMismatch` or `GraphError.badAttribute`.
  public func resultType(of operands: [TensorType]) throws(GraphError) -> TensorType {
    let check = OperandCheck(operation: self, operands: operands)
    switch self {
    case .embeddingLayerNorm:
      try check.count(8)
      let hidden = try check.matrix(0).columns
      try check.matrix(1, columns: hidden)
      try check.matrix(2, columns: hidden)
      try check.vector(3, hidden)
      try check.vector(4, hidden)
      let tokens = try check.dimension(5, 0, rank: 1, .int32)
      try check.vector(6, tokens, .int32)
      try check.vector(7, tokens, .int32)
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
      try check.count(5)
      let queries = try check.heads(0, from: attention.queryColumn, attention)
      let keys = try check.heads(1, from: attention.keyColumn, attention)
      let values = try check.heads(2, from: attention.valueColumn, attention)
      guard keys == values else { throw check.mismatch(2, "as many rows as the keys, \(keys)") }
      let offsets = try check.dimension(3, 0, rank: 1, .int32)
      try check.vector(4, offsets, .int32)
      return TensorType([queries, .fixed(attention.width)])
    case .pooling(let modes):
      try check.count(2)
      guard !modes.isEmpty, Set(modes).count == modes.count else {
        throw .badAttribute(operation: name, "pooling modes must be one or more, each once")
      }
      guard case .fixed(let hidden) = try check.matrix(0).columns else { throw check.mismatch(0, "a fixed width") }
      guard case .symbol(let sequences, plus: let extra) = try check.dimension(1, 0, rank: 1, .int32), extra >= 1 else {
        throw check.mismatch(1, "[sequences + 1] offsets")
      }
      return TensorType([.symbol(sequences, plus: extra - 1), .fixed(hidden * modes.count)])
    case .l2Normalize:
      try check.count(1)
      _ = try check.matrix(0)
      return operands[0]
    }
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
