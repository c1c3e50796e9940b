// SPDX-License-Identifier: Apache-2.0

/// Checks operands one by one and words what is wrong with them.
struct OperandCheck {
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

  /// Query, key and value with their ranges: the first six operands, or those from `first` on.
  ///
  /// - Returns: the number of queries.
  func attention(_ attention: Attention, from first: Int = 0) throws(GraphError) -> Dimension {
    let queries = try heads(first, from: attention.queryColumn, attention)
    let keys = try heads(first + 1, from: attention.keyColumn, attention)
    let values = try heads(first + 2, from: attention.valueColumn, attention)
    guard keys == values else { throw mismatch(first + 2, "as many rows as the keys, \(keys)") }
    try keyRanges(offsets: first + 3)
    return queries
  }

  func dropout(_ dropout: Dropout, seed index: Int) throws(GraphError) {
    guard dropout.probability >= 0, dropout.probability < 1 else {
      throw .badAttribute(operation: operation.name, "a dropout probability of \(dropout.probability)")
    }
    try vector(index, 2, .int32)
  }

  /// Operands that must be of one type.
  func same(_ index: Int, as other: Int) throws(GraphError) {
    guard operands[index] == operands[other] else { throw mismatch(index, operands[other].description) }
  }
}
