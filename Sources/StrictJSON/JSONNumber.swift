// SPDX-License-Identifier: Apache-2.0

/// A number as it was written. Nothing is rounded until somebody asks for an `Int` or a `Double`.
///
/// Equality is that of the literals: `1`, `1.0` and `1e0` differ.
public struct JSONNumber: Sendable, Equatable {
  /// The characters of the number: a JSON number, or `NaN`, `Infinity`, `-Infinity` where the limits allowed them.
  public let literal: String

  /// Only for literals that the grammar has accepted.
  init(checkedLiteral literal: String) { self.literal = literal }

  /// The integer in decimal.
  public init(_ value: Int) { literal = value.description }

  /// The shortest decimal that reads back as `value`; `NaN`, `Infinity` or `-Infinity` as Python's json writes them.
  public init(_ value: Double) {
    literal = value.isFinite ? value.description : value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity"
  }

  /// The value if the literal is an integer (no `.`, no exponent) in `Int`'s range.
  public var int: Int? { Int(literal) }

  /// The value if the literal is an integer in 0...2^64-1. `-0` is 0.
  public var uint64: UInt64? { UInt64(literal) }

  /// The nearest `Double`; beyond its range infinite, as in Python.
  public var double: Double {
    switch literal {
    case "NaN": .nan
    case "Infinity": .infinity
    case "-Infinity": -.infinity
    // The grammar admits nothing that Double's parser refuses.
    default: Double(literal) ?? .nan
    }
  }
}
