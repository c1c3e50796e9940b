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
  /// Goes through the lines on all cores, in blocks, up to the first line that `body` refuses.
  ///
  /// - Parameters:
  ///   - initial: what each block's results are gathered in.
  ///   - body: adds a line to its block's results.
  /// - Returns: the results of the blocks, in order; how many lines are in them; and the refusal, or else the chunk's own
  ///   failure.
  func gather<Output: Sendable>(
    into initial: Output, _ body: @Sendable (inout Output, Line) throws(CommandError) -> Void
  ) -> (blocks: [Output], lineCount: Int, failure: CommandError?) {
    let blocks = inParallel(lines.count) { range -> (output: Output, lineCount: Int, failure: CommandError?) in
      var output = initial
      for index in range {
        do throws(CommandError) { try body(&output, lines[index]) } catch {
          return (output, index - range.lowerBound, error)
        }
      }
      return (output, range.count, nil)
    }
    var outputs: [Output] = []
    var count = 0
    for block in blocks {
      outputs.append(block.output)
      count += block.lineCount
      if let failure = block.failure { return (outputs, count, failure) }
    }
    return (outputs, count, failure)
  }
}
