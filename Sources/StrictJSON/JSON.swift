// SPDX-License-Identifier: Apache-2.0

/// A JSON value that keeps what a checkpoint's files say: key order, and each number exactly as written.
///
/// Two values are equal when they hold the same scalars in the same order. Swift's `String` would call "é" (one scalar)
/// and "e" + combining acute equal; a vocabulary may hold both, so strings and keys here compare by their UTF-8 bytes.
public enum JSON: Sendable {
  case null
  case bool(Bool)
  case number(JSONNumber)
  case string(String)
  case array([JSON])
  case object(JSONObject)
}

extension JSON {
  /// Parses one JSON text (RFC 8259), white space around it allowed, nothing else.
  ///
  /// Memory beyond the input stays below `limits.memory`; nesting beyond `limits.depth` is an error, not a deep stack.
  ///
  /// - Throws: `JSONError`, which names what was wrong and at which byte.
  public static func parse(_ bytes: UnsafeRawBufferPointer, limits: JSONLimits = .default) throws(JSONError) -> JSON {
    var reader = try JSONReader(bytes, limits: limits)
    let value = try reader.value()
    try reader.end()
    return value
  }

  /// Parses the bytes of one JSON text. See `parse(_:limits:)` for a raw buffer.
  public static func parse(_ bytes: [UInt8], limits: JSONLimits = .default) throws(JSONError) -> JSON {
    // `withUnsafeBytes` rethrows untyped errors; a Result carries the typed one out.
    let result: Result<JSON, JSONError> = bytes.withUnsafeBytes { raw in
      Result { () throws(JSONError) -> JSON in try parse(raw, limits: limits) }
    }
    return try result.get()
  }

  /// Parses a string that holds one JSON text. See `parse(_:limits:)` for a raw buffer.
  public static func parse(_ text: String, limits: JSONLimits = .default) throws(JSONError) -> JSON {
    try parse(Array(text.utf8), limits: limits)
  }
}

extension JSON {
  /// True for `null` only; an absent key is a Swift `nil`.
  public var isNull: Bool {
    if case .null = self { return true }
    return false
  }

  /// The value if this is `true` or `false`. Numbers are no booleans.
  public var boolValue: Bool? {
    if case .bool(let value) = self { return value }
    return nil
  }

  /// The number, literal and all.
  public var numberValue: JSONNumber? {
    if case .number(let value) = self { return value }
    return nil
  }

  /// The number if its literal is an integer that `Int` holds: `12` yes, `12.0`, `1e3` and `true` no.
  public var intValue: Int? { numberValue?.int }

  /// The number as the nearest `Double`; infinite where the literal is beyond `Double`, as in Python.
  public var doubleValue: Double? { numberValue?.double }

  /// The text, escapes resolved, if this is a string.
  public var stringValue: String? {
    if case .string(let value) = self { return value }
    return nil
  }

  /// The elements if this is an array.
  public var arrayValue: [JSON]? {
    if case .array(let value) = self { return value }
    return nil
  }

  /// The pairs if this is an object.
  public var objectValue: JSONObject? {
    if case .object(let value) = self { return value }
    return nil
  }

  /// The value under `key`; nil if this is no object or has no such key.
  public subscript(key: String) -> JSON? { objectValue?[key] }

  /// The element at `index`; nil if this is no array or the index is outside it.
  public subscript(index: Int) -> JSON? {
    guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
    return elements[index]
  }

  /// What the value is, as a word for error messages: "an object", "a string", "null".
  public var kind: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

extension JSON: Equatable {
  public static func == (left: JSON, right: JSON) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.number(let a), .number(let b)): a == b
    case (.string(let a), .string(let b)): sameBytes(a, b)
    case (.array(let a), .array(let b)): a == b
    case (.object(let a), .object(let b)): a == b
    case (.null, _), (.bool, _), (.number, _), (.string, _), (.array, _), (.object, _): false
    }
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int) { self = .number(JSONNumber(value)) }
  public init(floatLiteral value: Double) { self = .number(JSONNumber(value)) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(arrayLiteral elements: JSON...) { self = .array(elements) }
}

/// Whether two strings hold the same scalars. `==` on `String` compares canonical equivalence instead.
@inline(__always)
func sameBytes(_ a: String, _ b: String) -> Bool {
  // Bytes that are equal are also equivalent, and `==` is a memcmp for the common strings, so it goes first.
  a == b && a.utf8.count == b.utf8.count && (a.utf8.allSatisfy { $0 < 0x80 } || a.utf8.elementsEqual(b.utf8))
}
