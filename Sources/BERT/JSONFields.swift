// SPDX-License-Identifier: Apache-2.0
import StrictJSON

/// The fields of one JSON object in one file, read with checks that name both. `null` counts as absent, as in Python.
struct JSONFields {
  let path: String
  let object: JSONObject

  /// Configuration files are small; a larger one is a mistake or an attack.
  static let largestFile = 16 << 20

  static func parse(_ path: String) throws(BertError) -> JSON {
    let bytes: [UInt8]
    do { bytes = try BoundedFile.read(path: path, limit: largestFile) } catch { throw .file(error) }
    do { return try JSON.parse(bytes, limits: JSONLimits(allowsNonFinite: true)) } catch {
      throw .json(path: path, error)
    }
  }

  static func read(_ path: String) throws(BertError) -> JSONFields {
    guard let object = try parse(path).objectValue else {
      throw .badConfig(path: path, field: "", "is not a JSON object")
    }
    return JSONFields(path: path, object: object)
  }

  func bad(_ field: String, _ what: String) -> BertError { .badConfig(path: path, field: field, what) }

  private func value(_ field: String) -> JSON? {
    guard let value = object[field], !value.isNull else { return nil }
    return value
  }

  func integer(_ field: String, in range: ClosedRange<Int>) throws(BertError) -> Int? {
    guard let value = value(field) else { return nil }
    guard let number = value.intValue else { throw bad(field, "is \(value.kind), wanted an integer") }
    guard range.contains(number) else {
      throw bad(field, "is \(number); it must be in \(range.lowerBound)...\(range.upperBound)")
    }
    return number
  }

  func number(_ field: String, in range: ClosedRange<Double>) throws(BertError) -> Double? {
    guard let value = value(field) else { return nil }
    guard let number = value.doubleValue else { throw bad(field, "is \(value.kind), wanted a number") }
    guard range.contains(number) else {
      throw bad(field, "is \(number); it must be in \(range.lowerBound)...\(range.upperBound)")
    }
    return number
  }

  func bool(_ field: String) throws(BertError) -> Bool? {
    guard let value = value(field) else { return nil }
    guard let flag = value.boolValue else { throw bad(field, "is \(value.kind), wanted true or false") }
    return flag
  }

  func string(_ field: String) throws(BertError) -> String? {
    guard let value = value(field) else { return nil }
    guard let string = value.stringValue else { throw bad(field, "is \(value.kind), wanted a string") }
    return string
  }

  func strings(_ field: String) throws(BertError) -> [String]? {
    guard let value = value(field) else { return nil }
    let strings = (value.arrayValue ?? []).compactMap(\.stringValue)
    guard let array = value.arrayValue, strings.count == array.count else {
      throw bad(field, "is no list of strings")
    }
    return strings
  }

  func object(_ field: String) throws(BertError) -> JSONObject? {
    guard let value = value(field) else { return nil }
    guard let object = value.objectValue else { throw bad(field, "is \(value.kind), wanted an object") }
    return object
  }

  func choice<Choice: RawRepresentable & CaseIterable>(_ field: String) throws(BertError) -> Choice?
  where Choice.RawValue == String {
    guard let name = try string(field) else { return nil }
    guard let choice = Choice(rawValue: name) else {
      let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw bad(field, "is \"\(name)\"; known are \(known)")
    }
    return choice
  }
}
