// SPDX-License-Identifier: Apache-2.0

/// A size that is not known until a batch arrives.
///
/// One graph serves every batch: its shapes name symbols, and a run binds each symbol to a number.
public struct Symbol: Hashable, Sendable, CustomStringConvertible {
  public let name: String

  public init(_ name: String) { self.name = name }

  /// T: packed tokens, the sum of all sequence lengths.
  public static let tokens = Symbol("tokens")
  /// B: sequences in the batch.
  public static let sequences = Symbol("sequences")
  /// S: tokens of the longest sequence. No shape of a packed graph has it, but launch geometry needs it.
  public static let longest = Symbol("longest")
  /// Keys of the longest sequence in self attention: its tokens, and what a cache holds of it.
  public static let longestKeys = Symbol("longest_keys")
  /// Packed tokens of the encoder whose states cross attention reads.
  public static let encoderTokens = Symbol("encoder_tokens")
  /// Encoder tokens of the longest sequence.
  public static let longestEncoder = Symbol("longest_encoder")
  /// Rows of a decoder's key and value caches.
  public static let cacheRows = Symbol("cache_rows")
  /// Rows of a cache of the encoder's keys and values.
  public static let encoderCacheRows = Symbol("encoder_cache_rows")
  /// Rows of token states that a head is asked for.
  public static let selectedRows = Symbol("selected_rows")

  public var description: String { name }
}

/// The numbers that a run binds to the symbols of a graph.
public typealias Dimensions = [Symbol: Int]

/// One extent of a shape: a number, or a symbol plus a number (offset tables have `sequences + 1` entries).
public enum Dimension: Hashable, Sendable, ExpressibleByIntegerLiteral, CustomStringConvertible {
  case fixed(Int)
  case symbol(Symbol, plus: Int)

  public init(integerLiteral value: Int) { self = .fixed(value) }

  public static let tokens = Dimension.symbol(.tokens, plus: 0)
  public static let sequences = Dimension.symbol(.sequences, plus: 0)

  public var description: String {
    switch self {
    case .fixed(let size): "\(size)"
    case .symbol(let symbol, 0): symbol.name
    case .symbol(let symbol, let constant): "\(symbol.name)+\(constant)"
    }
  }

  /// - Throws: `GraphError.unboundSymbol` if `dimensions` lacks the symbol; `GraphError.badDimension` if it is negative, or
  ///   with the constant no count that an `Int32` holds.
  public func resolved(_ dimensions: Dimensions) throws(GraphError) -> Int {
    switch self {
    case .fixed(let size): return size
    case .symbol(let symbol, let constant):
      guard let size = dimensions[symbol] else { throw .unboundSymbol(symbol) }
      let (sum, overflow) = size.addingReportingOverflow(constant)
      guard size >= 0, !overflow, (0...Int(Int32.max)).contains(sum) else { throw .badDimension(symbol, size) }
      return sum
    }
  }
}
