// SPDX-License-Identifier: Apache-2.0

/// Why a text is no acceptable JSON. Every offset counts bytes from 0.
public enum JSONError: Error, Equatable, Sendable {
  /// The byte at `offset` starts no well-formed UTF-8 sequence.
  case notUTF8(offset: Int)
  /// The text starts with EF BB BF. RFC 8259 forbids writing it, and Python's json refuses it.
  case byteOrderMark
  case unexpectedEnd(expected: JSONExpectation, offset: Int)
  case unexpectedByte(UInt8, expected: JSONExpectation, offset: Int)
  /// A leading zero, a lone minus, a point or exponent without digits. The offset is where the number starts.
  case badNumber(offset: Int)
  /// `NaN`, `Infinity` or `-Infinity` where the limits do not allow them.
  case nonFiniteNumber(String, offset: Int)
  /// A backslash before something that is no escape. The offset is that of the backslash.
  case badEscape(offset: Int)
  /// Half of a surrogate pair in a `\u` escape, whose offset this is.
  case loneSurrogate(offset: Int)
  /// U+0000...U+001F inside a string, where it must be escaped.
  case controlCharacter(UInt8, offset: Int)
  /// The offset is that of the second key.
  case duplicateKey(String, offset: Int)
  case tooDeep(limit: Int, offset: Int)
  /// The tree would take more than `JSONLimits.memory`.
  case tooMuchMemory(limit: Int, offset: Int)
  /// Something follows the value.
  case trailingBytes(offset: Int)
}

/// What the grammar allowed at a place.
public enum JSONExpectation: String, Sendable {
  case value = "a value"
  case object = "an object"
  case array = "an array"
  case string = "a string"
  case number = "a number"
  case boolean = "true or false"
  case null = "null"
  case key = "a key in quotes"
  case colon = "':'"
  case commaOrBrace = "',' or '}'"
  case commaOrBracket = "',' or ']'"
  case closingQuote = "a closing quote"
}

extension JSONError: CustomStringConvertible {
  /// What is wrong and at which byte, without the file's name, which only the caller knows.
  public var description: String {
    switch self {
    case .notUTF8(let offset): "not UTF-8 at byte \(offset)"
    case .byteOrderMark: "starts with a byte order mark; save the file as UTF-8 without one"
    case .unexpectedEnd(let expected, let offset): "ends at byte \(offset), where \(expected.rawValue) should follow"
    case .unexpectedByte(let byte, let expected, let offset):
      "\(Self.show(byte)) at byte \(offset), where \(expected.rawValue) should stand"
    case .badNumber(let offset): "malformed number at byte \(offset)"
    case .nonFiniteNumber(let literal, let offset): "\(literal) at byte \(offset) is no JSON number"
    case .badEscape(let offset): "unknown escape in a string at byte \(offset)"
    case .loneSurrogate(let offset): "half of a surrogate pair in a string at byte \(offset)"
    case .controlCharacter(let byte, let offset):
      "unescaped control character \(Self.show(byte)) in a string at byte \(offset)"
    case .duplicateKey(let key, let offset):
      "key \(JSON.string(key.shortened()).serialized()) a second time at byte \(offset)"
    case .tooDeep(let limit, let offset): "nested deeper than \(limit) levels at byte \(offset)"
    case .tooMuchMemory(let limit, let offset):
      "holds too many values: reading on at byte \(offset) would take more than \(limit) bytes of memory"
    case .trailingBytes(let offset): "something follows the value at byte \(offset)"
    }
  }

  private static func show(_ byte: UInt8) -> String {
    if byte > 0x20, byte < 0x7F { return "'\(Character(Unicode.Scalar(byte)))'" }
    let hex = String(byte, radix: 16, uppercase: true)
    return hex.count == 1 ? "0x0\(hex)" : "0x\(hex)"
  }
}

extension String {
  /// At most 80 scalars of a name that came out of a file: an error message is a line, whatever the file says.
  package func shortened() -> String {
    guard let cut = unicodeScalars.index(unicodeScalars.startIndex, offsetBy: 80, limitedBy: unicodeScalars.endIndex),
      cut < unicodeScalars.endIndex
    else { return self }
    return String(unicodeScalars[..<cut]) + "..."
  }
}
