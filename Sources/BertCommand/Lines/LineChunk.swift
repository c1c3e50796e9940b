// SPDX-License-Identifier: Apache-2.0
import StrictJSON

/// Some consecutive lines of the input, blank ones left out.
struct LineChunk: Sendable {
  struct Line: Sendable {
    /// Bytes of the line in `bytes`, its end not included.
    let range: Range<Int>
    /// Counted from 1, blank lines too.
    let number: Int
  }

  let bytes: [UInt8]
  let lines: [Line]
  /// What ended the input after these lines, unless it was its end.
  let failure: CommandError?

  /// The JSON object on a line.
  ///
  /// - Throws: `CommandError.lineNotJSON`, `.lineNotObject`.
  func object(_ line: Line) throws(CommandError) -> JSONObject {
    let parsed = bytes.withUnsafeBytes { bytes in
      Result { () throws(JSONError) -> JSON in
        try JSON.parse(UnsafeRawBufferPointer(rebasing: bytes[line.range]))
      }
    }
    switch parsed {
    case .success(.object(let object)): return object
    case .success(let other): throw .lineNotObject(line: line.number, found: other.kind)
    case .failure(let error): throw .lineNotJSON(line: line.number, error)
    }
  }

  /// A string that has to be there.
  ///
  /// - Throws: `CommandError.lineField`.
  static func text(_ object: JSONObject, _ field: String, _ line: Line) throws(CommandError) -> String {
    guard let text = try optionalText(object, field, line) else {
      throw .lineField(line: line.number, field: field, found: "missing")
    }
    return text
  }

  /// A string that may be missing or null.
  ///
  /// - Throws: `CommandError.lineField`.
  static func optionalText(_ object: JSONObject, _ field: String, _ line: Line) throws(CommandError) -> String? {
    guard let value = object[field], !value.isNull else { return nil }
    guard let text = value.stringValue else {
      throw .lineField(line: line.number, field: field, found: value.kind)
    }
    return text
  }
}

extension LineChunk {
  /// What `body` makes of each line, on all cores, up to the first line that it refuses.
  func mapLines<Output: Sendable>(
    _ body: @Sendable (Line) throws(CommandError) -> Output
  ) -> (outputs: [Output], failure: CommandError?) {
    let blocks = inParallel(lines.count) { range -> (outputs: [Output], failure: CommandError?) in
      var outputs: [Output] = []
      outputs.reserveCapacity(range.count)
      do throws(CommandError) {
        for line in lines[range] { outputs.append(try body(line)) }
      } catch {
        return (outputs, error)
      }
      return (outputs, nil)
    }
    var outputs: [Output] = []
    outputs.reserveCapacity(lines.count)
    for block in blocks {
      outputs += block.outputs
      if let failure = block.failure { return (outputs, failure) }
    }
    return (outputs, failure)
  }
}
