// SPDX-License-Identifier: Apache-2.0

/// How to make encodings equally long.
///
/// Source: Hugging Face `PaddingStrategy` and `pad_to_multiple_of`.
public struct Padding: Sendable, Equatable {
  public enum Length: Sendable, Equatable {
    /// As long as the longest of the batch.
    case longest
    /// At least so many tokens.
    case fixed(Int)
  }

  public enum Side: String, Sendable {
    case right
    case left
  }

  public var length: Length
  /// Round the length up to a multiple of this.
  public var multipleOf: Int?
  public var side: Side

  public init(_ length: Length = .longest, multipleOf: Int? = nil, side: Side = .right) {
    self.length = length
    self.multipleOf = multipleOf
    self.side = side
  }

  /// The length to pad to, when the longest encoding has `longest` tokens.
  func target(longest: Int) throws(TokenizerError) -> Int {
    var target = longest
    if case .fixed(let length) = length { target = max(0, length) }
    if let multipleOf, multipleOf > 0, target % multipleOf > 0 {
      let (sum, overflow) = target.addingReportingOverflow(multipleOf - target % multipleOf)
      target = overflow ? .max : sum
    }
    return target
  }
}

/// Tokens that padding or overlapping windows may make in one call: beyond it lies a mistake, not a text.
let tokenLimit = 1 << 24

extension Encoding {
  /// Appends or prepends padding until there are `target` tokens, in the overflow too.
  mutating func pad(to target: Int, id: Int32, token: String, typeId: Int32, side: Padding.Side) {
    for index in overflowing.indices {
      overflowing[index].pad(to: target, id: id, token: token, typeId: typeId, side: side)
    }
    guard count < target else { return }
    var padding = Encoding()
    for _ in count..<target { padding.append(special: id, token: token, typeId: typeId, attention: 0) }
    switch side {
    case .right: append(padding)
    case .left:
      let overflow = overflowing
      padding.append(self)
      self = padding
      overflowing = overflow
    }
  }
}
