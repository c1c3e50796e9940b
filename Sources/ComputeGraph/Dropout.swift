// SPDX-License-Identifier: Apache-2.0

/// Which elements of a tensor are dropped in training: a pure function of the run's seed, the place and the element.
///
/// Element i is kept where word `i % 4` of Philox4x32-10 (counter `(i / 4, row, site, 0)`, key the two words of the seed) is
/// at least `threshold`. Elementwise dropout counts i over the whole tensor, row-major, with `i / 4` in 64 bits over the first
/// two words of the counter: `(low, high, site, 0)`. Attention counts the keys j of a query's sequence from its first one
/// on: `(j / 4, t * heads + h, site, 0)`. So every executor drops the same, whatever the order it works in, and a recomputed
/// value is the one it was.
///
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011.
public struct Dropout: Hashable, Sendable {
  /// Of an element to be dropped, in 0 ..< 1.
  public let probability: Double
  /// Which of the model's dropouts this is: no two share one.
  public let site: Int32

  public init(probability: Double, site: Int32) {
    self.probability = probability
    self.site = site
  }

  /// Draws below it drop: `probability` in units of 2^-32, rounded.
  public var threshold: UInt32 { UInt32(min((probability * 4_294_967_296).rounded(), 4_294_967_295)) }
  /// Factor of what is kept.
  public var scale: Double { 1 / (1 - probability) }
}

/// Attention in training.
public struct TrainingAttention: Hashable, Sendable {
  public let attention: Attention
  /// Of its weights; nil for none.
  public let dropout: Dropout?

  public init(_ attention: Attention, dropout: Dropout? = nil) {
    self.attention = attention
    self.dropout = dropout
  }
}
