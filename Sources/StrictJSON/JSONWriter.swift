// SPDX-License-Identifier: Apache-2.0

/// Appends JSON to a byte buffer that the caller owns and may reuse from line to line.
///
/// Numbers are written as their literals, keys in their order, text as UTF-8 with only what must be escaped escaped.
public struct JSONWriter: Sendable {
  /// What has been written. Empty it with `removeAll(keepingCapacity: true)` between lines.
  public var bytes: [UInt8] = []

  /// An empty buffer.
  public init() {}

  /// Appends a value; `pretty` puts every element on a line of its own, indented by two spaces per level.
  public mutating func append(_ value: JSON, pretty: Bool = false) {
    append(value, indentation: pretty ? 0 : nil)
  }

  /// Appends a quoted, escaped string.
  public mutating func append(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): bytes.append(contentsOf: "\\\"".utf8)
      case UInt8(ascii: "\\"): bytes.append(contentsOf: "\\\\".utf8)
      case 0x08: bytes.append(contentsOf: "\\b".utf8)
      case 0x0C: bytes.append(contentsOf: "\\f".utf8)
      case 0x0A: bytes.append(contentsOf: "\\n".utf8)
      case 0x0D: bytes.append(contentsOf: "\\r".utf8)
      case 0x09: bytes.append(contentsOf: "\\t".utf8)
      case 0..<0x20:
        bytes.append(contentsOf: "\\u00".utf8)
        bytes.append(Self.hexDigit(byte >> 4))
        bytes.append(Self.hexDigit(byte & 15))
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// Appends the array of `values`, each as `appendFloat32(_:to:)` writes it.
  public mutating func append(_ values: UnsafeBufferPointer<Float>) {
    bytes.append(UInt8(ascii: "["))
    for (index, value) in values.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      Self.appendFloat32(value, to: &bytes)
    }
    bytes.append(UInt8(ascii: "]"))
  }

  /// Appends the array of `values`, each as `appendFloat32(_:to:)` writes it.
  public mutating func append(_ values: [Float]) {
    values.withUnsafeBufferPointer { append($0) }
  }

  /// Appends the shortest decimal that reads back as the same `Float`; `NaN`, `Infinity` and `-Infinity` as Python's json
  /// writes them, since JSON has no words of its own for these.
  public static func appendFloat32(_ value: Float, to bytes: inout [UInt8]) {
    guard value.isFinite else {
      bytes.append(contentsOf: (value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity").utf8)
      return
    }
    bytes.append(contentsOf: value.description.utf8)
  }

  // The indentation is nil for output on one line.
  private mutating func append(_ value: JSON, indentation: Int?) {
    switch value {
    case .null: bytes.append(contentsOf: "null".utf8)
    case .bool(let flag): bytes.append(contentsOf: (flag ? "true" : "false").utf8)
    case .number(let number): bytes.append(contentsOf: number.literal.utf8)
    case .string(let text): append(text)
    case .array(let elements):
      bytes.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        separate(index, indentation)
        append(element, indentation: indentation.map { $0 + 1 })
      }
      close(UInt8(ascii: "]"), empty: elements.isEmpty, indentation)
    case .object(let object):
      bytes.append(UInt8(ascii: "{"))
      for (index, (key, element)) in object.enumerated() {
        separate(index, indentation)
        append(key)
        bytes.append(UInt8(ascii: ":"))
        if indentation != nil { bytes.append(UInt8(ascii: " ")) }
        append(element, indentation: indentation.map { $0 + 1 })
      }
      close(UInt8(ascii: "}"), empty: object.isEmpty, indentation)
    }
  }

  private mutating func separate(_ index: Int, _ indentation: Int?) {
    if index > 0 { bytes.append(UInt8(ascii: ",")) }
    if let indentation { newLine(indentation + 1) }
  }

  private mutating func close(_ bracket: UInt8, empty: Bool, _ indentation: Int?) {
    if let indentation, !empty { newLine(indentation) }
    bytes.append(bracket)
  }

  private mutating func newLine(_ indentation: Int) {
    bytes.append(0x0A)
    bytes.append(contentsOf: repeatElement(0x20, count: 2 * indentation))
  }

  private static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x61 + value - 10 }
}

extension JSON {
  /// The value as JSON text; `pretty` as Python's `json.dumps(indent=2, ensure_ascii=False)` lays it out.
  public func serialized(pretty: Bool = false) -> String {
    var writer = JSONWriter()
    writer.append(self, pretty: pretty)
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}
