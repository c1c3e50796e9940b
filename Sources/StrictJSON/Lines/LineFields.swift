// SPDX-License-Identifier: Apache-2.0

/// The JSON object on a line, read with checks that name line and field. `null` counts as absent.
package struct LineFields: Sendable {
  package let object: JSONObject
  /// The line's number, from 1.
  package let number: Int

  package func has(_ field: String) -> Bool { object[field].map { !$0.isNull } ?? false }

  /// A value that has to be there.
  ///
  /// - Parameter wanted: what it should be, for the error.
  /// - Throws: `LineError.field`.
  package func value(_ field: String, _ wanted: String) throws(LineError) -> JSON {
    guard let value = object[field], !value.isNull else { throw error(field, found: "missing", wanted) }
    return value
  }

  /// A string that has to be there.
  ///
  /// - Throws: `LineError.field`.
  package func text(_ field: String) throws(LineError) -> String {
    let value = try value(field, "a string")
    guard let text = value.stringValue else { throw error(field, found: value.kind, "a string") }
    return text
  }

  /// A string that may be missing.
  ///
  /// - Throws: `LineError.field`.
  package func optionalText(_ field: String) throws(LineError) -> String? {
    has(field) ? try text(field) : nil
  }

  /// A list that has to be there.
  ///
  /// - Parameter wanted: what it should be, for the error.
  /// - Throws: `LineError.field`.
  package func list(_ field: String, _ wanted: String) throws(LineError) -> [JSON] {
    let value = try value(field, wanted)
    guard let values = value.arrayValue else { throw error(field, found: value.kind, wanted) }
    return values
  }

  /// A list of strings that has to be there.
  ///
  /// - Throws: `LineError.field`.
  package func texts(_ field: String) throws(LineError) -> [String] {
    var texts: [String] = []
    for (index, value) in try list(field, "a list of strings").enumerated() {
      guard let text = value.stringValue else { throw error("\(field)[\(index)]", found: value.kind, "a string") }
      texts.append(text)
    }
    return texts
  }

  package func error(_ field: String, found: String, _ wanted: String) -> LineError {
    .field(line: number, field: field, found: found, wanted: wanted)
  }
}
