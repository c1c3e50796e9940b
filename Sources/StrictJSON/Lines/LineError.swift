// SPDX-License-Identifier: Apache-2.0

/// Why a line of JSONL text is not what it should be. Lines count from 1, blank ones too.
public enum LineError: Error, Equatable, Sendable {
  /// More bytes than a line may have.
  case tooLong(line: Int, limit: Int)
  case notJSON(line: Int, JSONError)
  case notObject(line: Int, found: String)
  /// A field, or an element of one (`tokens[3]`), that is missing or of another type.
  case field(line: Int, field: String, found: String, wanted: String)
  /// A field of the right type whose value cannot be, and why, as the rest of a sentence.
  case value(line: Int, field: String, String)
}

extension LineError: CustomStringConvertible {
  /// Line and field, without the file's name, which only the caller knows.
  public var description: String {
    switch self {
    case .tooLong(let line, let limit): "line \(line): longer than \(limit) bytes"
    case .notJSON(let line, let error): "line \(line): \(error)"
    case .notObject(let line, let found): "line \(line): is \(found), wanted a JSON object"
    case .field(let line, let field, let found, let wanted):
      "line \(line): \"\(field)\" is \(found), wanted \(wanted)"
    case .value(let line, let field, let problem): "line \(line): \"\(field)\" \(problem)"
    }
  }
}
