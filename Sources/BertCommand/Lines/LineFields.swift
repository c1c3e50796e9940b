// SPDX-License-Identifier: Apache-2.0
import StrictJSON

/// The JSON object on a line, read with checks that name line and field. `null` counts as absent.
struct LineFields: Sendable {
  let object: JSONObject
  let line: LineChunk.Line

  /// A string that has to be there.
  ///
  /// - Throws: `CommandError.lineField`.
  func text(_ field: String) throws(CommandError) -> String { try LineChunk.text(object, field, line) }

  /// A string that may be missing.
  ///
  /// - Throws: `CommandError.lineField`.
  func optionalText(_ field: String) throws(CommandError) -> String? {
    try LineChunk.optionalText(object, field, line)
  }

  /// A list of strings that has to be there.
  ///
  /// - Throws: `CommandError.lineList`.
  func texts(_ field: String) throws(CommandError) -> [String] {
    guard let value = object[field], !value.isNull else {
      throw .lineList(line: line.number, field: field, found: "missing")
    }
    guard let values = value.arrayValue else {
      throw .lineList(line: line.number, field: field, found: value.kind)
    }
    var texts: [String] = []
    for (index, value) in values.enumerated() {
      guard let text = value.stringValue else {
        throw .lineList(line: line.number, field: "\(field)[\(index)]", found: value.kind)
      }
      texts.append(text)
    }
    return texts
  }

  func has(_ field: String) -> Bool { object[field].map { !$0.isNull } ?? false }
}
