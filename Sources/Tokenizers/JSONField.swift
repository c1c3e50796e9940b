// SPDX-License-Identifier: Apache-2.0

import StrictJSON

/// A value of a JSON file together with where it stands, so that each error names file and field.
struct JSONField {
  let file: String
  /// Dotted, as `model.vocab`.
  let path: String
  let value: JSON

  /// - Throws: `TokenizerError.json`.
  static func parse(_ bytes: [UInt8], file: String) throws(TokenizerError) -> JSONField {
    do {
      // Python writes NaN and Infinity where a configuration has them.
      let limits = JSONLimits(allowsNonFinite: true)
      return JSONField(file: file, path: "", value: try JSON.parse(bytes, limits: limits))
    } catch {
      throw .json(file: file, error)
    }
  }

  private func wrong(_ expected: String) -> TokenizerError {
    .wrongType(file: file, field: path.isEmpty ? "the top level" : path, expected: expected, found: value.kind)
  }

  func invalid(_ found: String, expected: String) -> TokenizerError {
    .invalidValue(file: file, field: path, value: found, expected: expected)
  }

  func unsupported(_ found: String, supported: String) -> TokenizerError {
    .unsupported(file: file, field: path, found: found, supported: supported)
  }

  // Accessors throw `TokenizerError.wrongType`.

  func object() throws(TokenizerError) -> JSONObject {
    guard let object = value.objectValue else { throw wrong("an object") }
    return object
  }

  func string() throws(TokenizerError) -> String {
    guard let string = value.stringValue else { throw wrong("a string") }
    return string
  }

  func bool() throws(TokenizerError) -> Bool {
    guard let bool = value.boolValue else { throw wrong("a boolean") }
    return bool
  }

  func int() throws(TokenizerError) -> Int {
    guard let int = value.intValue else { throw wrong("an integer") }
    return int
  }

  /// An integer in a range.
  func int(in range: ClosedRange<Int>) throws(TokenizerError) -> Int {
    let int = try int()
    guard range.contains(int) else {
      throw invalid("\(int)", expected: "\(range.lowerBound)...\(range.upperBound)")
    }
    return int
  }

  func elements() throws(TokenizerError) -> [JSONField] {
    guard let array = value.arrayValue else { throw wrong("an array") }
    return array.enumerated().map { JSONField(file: file, path: "\(path)[\($0)]", value: $1) }
  }

  /// The value under a key; nil if it is absent or null.
  func optional(_ key: String) throws(TokenizerError) -> JSONField? {
    guard let value = try object()[key], !value.isNull else { return nil }
    return child(key, value)
  }

  /// - Throws: `TokenizerError.missingField` if it is absent or null.
  func required(_ key: String) throws(TokenizerError) -> JSONField {
    guard let field = try optional(key) else {
      throw .missingField(file: file, field: path.isEmpty ? key : "\(path).\(key)")
    }
    return field
  }

  func child(_ key: String, _ value: JSON) -> JSONField {
    JSONField(file: file, path: path.isEmpty ? key : "\(path).\(key)", value: value)
  }
}

/// The largest files accepted, in bytes. The largest BERT vocabulary in use (LaBSE, 500,000 tokens) has 5 MB as text
/// and 10 MB as JSON.
enum FileLimits {
  static let json = 128 << 20
  static let vocabulary = 64 << 20
  /// Bytes of one line of `vocab.txt`.
  static let line = 1 << 16
}
