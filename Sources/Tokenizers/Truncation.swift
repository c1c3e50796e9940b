// SPDX-License-Identifier: Apache-2.0

/// How to shorten what is too long for the model. Special tokens that are added are never cut.
///
/// Source: Hugging Face `TruncationStrategy`.
public struct Truncation: Sendable, Equatable {
  public enum Strategy: String, Sendable, CaseIterable {
    /// Cut the longer of the two sequences until both are equal, then both.
    case longestFirst = "longest_first"
    case onlyFirst = "only_first"
    case onlySecond = "only_second"
  }

  public enum Direction: String, Sendable {
    /// Cut the end.
    case right
    /// Cut the beginning.
    case left
  }

  /// The most tokens an encoding may have, special tokens included.
  public var maxLength: Int
  public var strategy: Strategy
  /// Tokens that an overflow window shares with the one before.
  public var stride: Int
  public var direction: Direction

  public init(
    maxLength: Int, strategy: Strategy = .longestFirst, stride: Int = 0, direction: Direction = .right
  ) {
    self.maxLength = maxLength
    self.strategy = strategy
    self.stride = stride
    self.direction = direction
  }

  /// Refuses a stride that no text could be cut with.
  ///
  /// - Parameter specialTokens: tokens added to a single sequence, as the fast tokenizer counts here.
  func checkStride(specialTokens: Int) throws(TokenizerError) {
    guard stride >= 0, stride == 0 || (maxLength >= 0 && stride <= maxLength - specialTokens) else {
      throw .strideTooLarge(stride: stride, maxLength: maxLength, specialTokens: specialTokens)
    }
  }

  /// The lengths that the two sequences are cut to.
  ///
  /// - Parameters:
  ///   - first: tokens of the first sequence.
  ///   - second: tokens of the second, nil if there is none.
  ///   - specialTokens: tokens that will be added.
  /// - Throws: `TokenizerError.maxLengthTooSmall`, `.noPairToTruncate`, `.truncationImpossible`.
  func lengths(
    first: Int, second: Int?, specialTokens: Int
  ) throws(TokenizerError) -> (first: Int, second: Int) {
    guard maxLength >= specialTokens, maxLength >= 0 else {
      throw .maxLengthTooSmall(maxLength: maxLength, specialTokens: specialTokens)
    }
    let budget = maxLength - specialTokens
    let total = first + (second ?? 0)
    guard total > budget else { return (first, second ?? 0) }
    if budget == 0 { return (0, 0) }
    let excess = total - budget
    switch strategy {
    case .longestFirst:
      guard let second else { return (budget, 0) }
      var shorter = min(first, second)
      var longer = shorter > budget ? shorter : max(shorter, budget - shorter)
      if shorter + longer > budget {
        shorter = budget / 2
        longer = shorter + budget % 2
      }
      return first > second ? (longer, shorter) : (shorter, longer)
    case .onlyFirst:
      guard first > excess else {
        throw .truncationImpossible(tokens: first, toRemove: excess, sequence: "first")
      }
      return (first - excess, second ?? 0)
    case .onlySecond:
      guard let second else { throw .noPairToTruncate }
      guard second > excess else {
        throw .truncationImpossible(tokens: second, toRemove: excess, sequence: "second")
      }
      return (first, second - excess)
    }
  }

  /// The windows that a sequence is cut into: the first is kept, the others overflow.
  ///
  /// - Parameter withOverflow: false gives the first window only.
  /// - Throws: `TokenizerError.strideTooLarge` if windows of this length would not advance.
  func windows(of count: Int, length: Int, withOverflow: Bool) throws(TokenizerError) -> [Range<Int>] {
    if length >= count { return [0..<count] }
    if length == 0 { return withOverflow ? [0..<0, 0..<count] : [0..<0] }
    guard stride < length else { throw .strideTooLarge(stride: stride, maxLength: length, specialTokens: 0) }
    var windows: [Range<Int>] = []
    let step = length - stride
    switch direction {
    case .right:
      var start = 0
      while true {
        let end = min(start + length, count)
        windows.append(start..<end)
        if end == count || !withOverflow { return windows }
        start += step
      }
    case .left:
      var end = count
      while true {
        let start = max(end - length, 0)
        windows.append(start..<end)
        if start == 0 || !withOverflow { return windows }
        end -= step
      }
    }
  }
}
