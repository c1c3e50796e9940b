// SPDX-License-Identifier: Apache-2.0

/// The JSON object on a line, read with checks that name line and field. `null` counts as absent.
package struct LineFields: Sendable {
  package let object: JSONObject
  /// The line's number, from 1.
  package let number: Int
  /// What stands before the field's names in errors: `answers.` for an object within the line's.
  private let prefix: String

  package init(object: JSONObject, number: Int, prefix: String = "") {
    self.object = object
    self.number = number
    self.prefix = prefix
  }

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

  /// An object that has to be there.
  ///
  /// - Throws: `LineError.field`.
  package func fields(_ field: String) throws(LineError) -> LineFields {
    let value = try value(field, "an object")
    guard let object = value.objectValue else { throw error(field, found: value.kind, "an object") }
    return LineFields(object: object, number: number, prefix: prefix + field + ".")
  }

  /// The error of a field of another type.
  package func error(_ field: String, found: String, _ wanted: String) -> LineError {
    .field(line: number, field: prefix + field, found: found, wanted: wanted)
  }

  /// The error of a value that cannot be.
  ///
  /// - Parameter problem: the rest of a sentence that begins with the field.
  package func bad(_ field: String, _ problem: String) -> LineError {
    .value(line: number, field: prefix + field, problem)
  }
}
