// SPDX-License-Identifier: Apache-2.0

/// Where attention finds its heads in the operands: head h of the query starts at column `queryColumn + h * headSize`.
public struct Attention: Hashable, Sendable {
  public let heads: Int
  public let headSize: Int
  /// Factor of the scores before the softmax; 1/sqrt(head size) in BERT.
  public let scale: Double
  public let queryColumn: Int
  public let keyColumn: Int
  public let valueColumn: Int
  /// Whether a query sees no key behind its own place, counted from the sequence's end.
  public let isCausal: Bool

  public init(
    heads: Int, headSize: Int, scale: Double? = nil, queryColumn: Int = 0, keyColumn: Int = 0, valueColumn: Int = 0,
    isCausal: Bool = false
  ) {
    self.heads = heads
    self.headSize = headSize
    self.scale = scale ?? 1 / Double(headSize).squareRoot()
    self.queryColumn = queryColumn
    self.keyColumn = keyColumn
    self.valueColumn = valueColumn
    self.isCausal = isCausal
  }

  /// Columns of the result.
  public var width: Int { heads * headSize }
}

/// Attention weights that are written out.
public struct AttentionProbabilities: Hashable, Sendable {
  /// Which terms with an embedding of the distance there are, beside q . k.
  public enum RelativePositions: Hashable, Sendable {
    /// q . e
    case key
    /// q . e + k . e
    case keyQuery
  }

  /// Heads and columns; the value's column is not used.
  public let attention: Attention
  /// Keys of the longest sequence: the last extent of the result.
  public let keys: Symbol
  /// Whether there is a mask of its own for each query.
  public let hasMask: Bool
  public let relativePositions: RelativePositions?

  public init(
    _ attention: Attention, keys: Symbol, hasMask: Bool = false, relativePositions: RelativePositions? = nil
  ) {
    self.attention = attention
    self.keys = keys
    self.hasMask = hasMask
    self.relativePositions = relativePositions
  }

  /// Index of the operand E, behind which the two position tables follow.
  public var distanceOperand: Int { hasMask ? 6 : 5 }
}
