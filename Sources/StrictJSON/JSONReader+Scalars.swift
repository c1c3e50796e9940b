// SPDX-License-Identifier: Apache-2.0

extension JSONReader {
  /// Reads a number, kept as its literal.
  public mutating func number() throws(JSONError) -> JSONNumber {
    let first = try peek(.number)
    let start = offset
    for literal: StaticString in ["NaN", "Infinity", "-Infinity"] where take(literal) {
      guard limits.allowsNonFinite else { throw .nonFiniteNumber(literal.description, offset: start) }
      return JSONNumber(checkedLiteral: literal.description)
    }
    guard first == UInt8(ascii: "-") || isDigit(at: offset) else {
      throw .unexpectedByte(first, expected: .number, offset: start)
    }
    if first == UInt8(ascii: "-") { offset += 1 }
    if byte(at: offset) == UInt8(ascii: "0") {
      offset += 1
      if isDigit(at: offset) { throw .badNumber(offset: start) }
    } else {
      try digits(start)
    }
    if byte(at: offset) == UInt8(ascii: ".") {
      offset += 1
      try digits(start)
    }
    if let e = byte(at: offset), e | 0x20 == UInt8(ascii: "e") {
      offset += 1
      if let sign = byte(at: offset), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { offset += 1 }
      try digits(start)
    }
    return JSONNumber(checkedLiteral: try text(start..<offset))
  }

  /// Reads a quoted string and resolves its escapes.
  mutating func quoted(expected: JSONExpectation) throws(JSONError) -> String {
    try expect(UInt8(ascii: "\""), expected)
    let start = offset
    var hasEscapes = false
    while offset < bytes.count {
      let byte = bytes[offset]
      if byte == UInt8(ascii: "\"") {
        offset += 1
        return hasEscapes ? try unescaped(start..<offset - 1) : try text(start..<offset - 1)
      }
      if byte < 0x20 { throw .controlCharacter(byte, offset: offset) }
      // What follows a backslash is looked at later; here it only must not end the string.
      if byte == UInt8(ascii: "\\") {
        hasEscapes = true
        offset += 1
        if offset < bytes.count, bytes[offset] < 0x20 { throw .badEscape(offset: offset - 1) }
      }
      offset += 1
    }
    throw .unexpectedEnd(expected: .closingQuote, offset: bytes.count)
  }

  private mutating func digits(_ start: Int) throws(JSONError) {
    guard isDigit(at: offset) else { throw .badNumber(offset: start) }
    while isDigit(at: offset) { offset += 1 }
  }

  private func byte(at index: Int) -> UInt8? { index < bytes.count ? bytes[index] : nil }

  private func isDigit(at index: Int) -> Bool { index < bytes.count && bytes[index] &- 0x30 < 10 }

  /// The text of a range of bytes. Strings of up to 15 bytes live inside the value and cost no memory of their own.
  private mutating func text(_ range: Range<Int>) throws(JSONError) -> String {
    if range.count > 15 { try charge(range.count + 33) }
    return String(decoding: UnsafeRawBufferPointer(rebasing: bytes[range]), as: UTF8.self)
  }

  /// The text of a range of bytes with its escapes resolved. No escape is shorter than the UTF-8 it stands for, so the
  /// string is written where it will stay, without a second buffer.
  private mutating func unescaped(_ range: Range<Int>) throws(JSONError) -> String {
    try charge(range.count + 33)
    var failure: JSONError?
    let text = String(unsafeUninitializedCapacity: range.count) { buffer in
      var at = range.lowerBound
      var written = 0
      while at < range.upperBound {
        guard bytes[at] == UInt8(ascii: "\\") else {
          buffer[written] = bytes[at]
          at += 1
          written += 1
          continue
        }
        do throws(JSONError) {
          for unit in UTF8.encode(try escape(&at, end: range.upperBound)) ?? UTF8.encodedReplacementCharacter {
            buffer[written] = unit
            written += 1
          }
        } catch {
          failure = error
          return 0
        }
      }
      return written
    }
    if let failure { throw failure }
    return text
  }

  /// Resolves the escape at `at`, backslash included, for a surrogate pair both halves, and moves `at` behind it.
  private func escape(_ at: inout Int, end: Int) throws(JSONError) -> Unicode.Scalar {
    let start = at
    guard at + 1 < end else { throw .badEscape(offset: start) }
    at += 2
    switch bytes[start + 1] {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): break
    default: throw .badEscape(offset: start)
    }
    guard let unit = hex(at: at, end: end) else { throw .badEscape(offset: start) }
    at += 4
    if let scalar = Unicode.Scalar(unit) { return scalar }
    if unit < 0xDC00, at + 1 < end, bytes[at] == UInt8(ascii: "\\"), bytes[at + 1] == UInt8(ascii: "u"),
      let low = hex(at: at + 2, end: end), (0xDC00...0xDFFF).contains(low),
      let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
    {
      at += 6
      return scalar
    }
    guard limits.loneSurrogates == .replace else { throw .loneSurrogate(offset: start) }
    return "\u{FFFD}"
  }

  /// The four hexadecimal digits at `index`, or nil.
  private func hex(at index: Int, end: Int) -> UInt32? {
    guard index + 4 <= end else { return nil }
    var value: UInt32 = 0
    for byte in bytes[index..<index + 4] {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt32(byte - 0x30)
      case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"):
        value = value << 4 | UInt32((byte | 0x20) - 0x61 + 10)
      default: return nil
      }
    }
    return value
  }
}
