// SPDX-License-Identifier: Apache-2.0

/// Which embeddings `embeddingLayerNorm` adds. What is left out leaves its table and its ids out of the operands.
public struct Embeddings: Hashable, Sendable {
  public let epsilon: Double
  /// Whether words are looked up; else the first operand is `[T, H]`, a row a token, and there are no ids.
  public let hasWordIds: Bool
  /// Whether absolute positions are added.
  public let hasPositions: Bool

  public init(epsilon: Double, hasWordIds: Bool = true, hasPositions: Bool = true) {
    self.epsilon = epsilon
    self.hasWordIds = hasWordIds
    self.hasPositions = hasPositions
  }

  /// Where each operand is; nil for those that are left out.
  public struct Operands: Sendable {
    public let word = 0
    public let position: Int?
    public let type: Int
    public let weight: Int
    public let bias: Int
    public let wordIds: Int?
    public let positionIds: Int?
    public let typeIds: Int
    public let count: Int
  }

  public var operands: Operands {
    let type = hasPositions ? 2 : 1
    let ids = type + 3
    let positionIds = ids + (hasWordIds ? 1 : 0)
    let typeIds = positionIds + (hasPositions ? 1 : 0)
    return Operands(
      position: hasPositions ? 1 : nil, type: type, weight: type + 1, bias: type + 2, wordIds: hasWordIds ? ids : nil,
      positionIds: hasPositions ? positionIds : nil, typeIds: typeIds, count: typeIds + 1)
  }

  /// Where the operands of `embeddingSum` are, among those of `embeddingLayerNorm`: all but weight and bias.
  public var sumOperands: [Int] {
    let operands = operands
    return (0..<operands.count).filter { $0 != operands.weight && $0 != operands.bias }
  }
}
