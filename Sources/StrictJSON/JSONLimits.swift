// SPDX-License-Identifier: Apache-2.0

/// What a parser accepts beyond the grammar's plain reading, and where it stops.
public struct JSONLimits: Sendable {
  /// Nested arrays and objects, at most. Values above 512 count as 512, which any thread's stack holds.
  public var depth: Int

  /// Bytes a parsed tree may take, beyond the input itself. Nil: the input's size + 16 MiB.
  ///
  /// `[0,0,0...` needs twelve bytes of tree per byte of text; without this a 1 GB file would take 12.
  public var memory: Int?

  /// Whether `NaN`, `Infinity` and `-Infinity` are numbers. RFC 8259 says no; Python's json writes them.
  public var allowsNonFinite: Bool

  /// What `"\ud800"`, half of a surrogate pair, becomes.
  public var loneSurrogates: LoneSurrogates

  /// The choices for half of a surrogate pair.
  public enum LoneSurrogates: Sendable {
    /// `JSONError.loneSurrogate`.
    case reject
    /// U+FFFD.
    case replace
  }

  /// Each limit as described at its property.
  public init(
    depth: Int = 128, memory: Int? = nil, allowsNonFinite: Bool = false, loneSurrogates: LoneSurrogates = .reject
  ) {
    self.depth = depth
    self.memory = memory
    self.allowsNonFinite = allowsNonFinite
    self.loneSurrogates = loneSurrogates
  }

  /// Depth 128, memory of the input's size + 16 MiB, finite numbers, whole surrogate pairs.
  public static let `default` = JSONLimits()
}
