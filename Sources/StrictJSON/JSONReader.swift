// SPDX-License-Identifier: Apache-2.0

/// A pull parser: the caller asks for what should come next and gets it, or an error that names the byte.
///
///     var reader = try JSONReader(bytes)
///     try reader.beginObject()
///     while let key = try reader.nextKey() { values[key] = try reader.number() }
///     try reader.end()
///
/// It builds no tree, so a reader that knows its format stays as small as what it keeps (the safetensors header is read
/// this way); `value()` builds the tree of one value. Keys of objects read with `nextKey()` are not checked for
/// duplicates, since only the caller keeps them; those inside `value()` are.
///
/// The buffer must outlive the reader. No method reads outside it, whatever the bytes and whatever the order of calls.
public struct JSONReader {
  let bytes: UnsafeRawBufferPointer
  let limits: JSONLimits
  let depthLimit: Int
  let memoryLimit: Int
  var memoryLeft: Int

  /// The byte that is read next.
  public internal(set) var offset = 0

  /// Where the last key read by `nextKey()` began; for naming a key that the caller finds doubled.
  public private(set) var keyOffset = 0

  /// Open arrays and objects.
  public private(set) var depth = 0

  // Whether the innermost array or object has just been opened: then its end may come, and a comma may not.
  private var isFirst = false

  /// Starts at the first byte, after one look over all of them.
  ///
  /// - Throws: `JSONError.notUTF8` or `.byteOrderMark`.
  public init(_ bytes: UnsafeRawBufferPointer, limits: JSONLimits = .default) throws(JSONError) {
    self.bytes = bytes
    self.limits = limits
    depthLimit = min(limits.depth, 512)
    memoryLimit = limits.memory ?? bytes.count + 16 << 20
    memoryLeft = memoryLimit
    if let bad = firstInvalidUTF8(bytes) { throw .notUTF8(offset: bad) }
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { throw .byteOrderMark }
  }

  /// Opens an object; `nextKey()` walks it.
  public mutating func beginObject() throws(JSONError) { try open(UInt8(ascii: "{"), .object) }

  /// Opens an array; `nextElement()` walks it.
  public mutating func beginArray() throws(JSONError) { try open(UInt8(ascii: "["), .array) }

  /// The next key of the innermost object, its value to be read next; nil once the object has been closed.
  public mutating func nextKey() throws(JSONError) -> String? {
    if try closed(UInt8(ascii: "}"), .commaOrBrace) { return nil }
    _ = try peek(.key)
    let start = offset
    let key = try quoted(expected: .key)
    keyOffset = start
    try expect(UInt8(ascii: ":"), .colon)
    return key
  }

  /// True where another element of the innermost array is to be read next; false once the array has been closed.
  public mutating func nextElement() throws(JSONError) -> Bool {
    try !closed(UInt8(ascii: "]"), .commaOrBracket)
  }

  /// Reads a string.
  public mutating func string() throws(JSONError) -> String { try quoted(expected: .string) }

  /// Reads `true` or `false`.
  public mutating func bool() throws(JSONError) -> Bool {
    let byte = try peek(.boolean)
    if byte == UInt8(ascii: "t"), take("true") { return true }
    if byte == UInt8(ascii: "f"), take("false") { return false }
    throw .unexpectedByte(byte, expected: .boolean, offset: offset)
  }

  /// Reads `null`.
  public mutating func null() throws(JSONError) {
    let byte = try peek(.null)
    guard take("null") else { throw .unexpectedByte(byte, expected: .null, offset: offset) }
  }

  /// Demands that nothing but white space is left.
  public mutating func end() throws(JSONError) {
    skipWhiteSpace()
    guard offset == bytes.count else { throw .trailingBytes(offset: offset) }
  }

  /// Whether the next value is an object, an array, a string...: its first byte, white space skipped.
  public mutating func peek() throws(JSONError) -> UInt8 { try peek(.value) }
}

extension JSONReader {
  mutating func peek(_ expected: JSONExpectation) throws(JSONError) -> UInt8 {
    skipWhiteSpace()
    guard offset < bytes.count else { throw .unexpectedEnd(expected: expected, offset: offset) }
    return bytes[offset]
  }

  mutating func expect(_ wanted: UInt8, _ expected: JSONExpectation) throws(JSONError) {
    let byte = try peek(expected)
    guard byte == wanted else { throw .unexpectedByte(byte, expected: expected, offset: offset) }
    offset += 1
  }

  /// Consumes `word` if it stands here.
  mutating func take(_ word: StaticString) -> Bool {
    let count = word.utf8CodeUnitCount
    guard bytes.count - offset >= count else { return false }
    for index in 0..<count where bytes[offset + index] != word.utf8Start[index] { return false }
    offset += count
    return true
  }

  /// Takes `count` bytes out of the memory budget.
  mutating func charge(_ count: Int) throws(JSONError) {
    memoryLeft -= count
    guard memoryLeft >= 0 else { throw .tooMuchMemory(limit: memoryLimit, offset: offset) }
  }

  private mutating func skipWhiteSpace() {
    while offset < bytes.count {
      switch bytes[offset] {
      case 0x20, 0x0A, 0x0D, 0x09: offset += 1
      default: return
      }
    }
  }

  private mutating func open(_ bracket: UInt8, _ expected: JSONExpectation) throws(JSONError) {
    try expect(bracket, expected)
    guard depth < depthLimit else { throw .tooDeep(limit: depthLimit, offset: offset - 1) }
    depth += 1
    isFirst = true
  }

  /// Consumes the comma before the next item, or the closing bracket.
  private mutating func closed(_ bracket: UInt8, _ expected: JSONExpectation) throws(JSONError) -> Bool {
    let byte = try peek(expected)
    let first = isFirst
    isFirst = false
    if byte == bracket {
      offset += 1
      depth -= 1
      return true
    }
    if !first {
      guard byte == UInt8(ascii: ",") else { throw .unexpectedByte(byte, expected: expected, offset: offset) }
      offset += 1
    }
    return false
  }
}
