// SPDX-License-Identifier: Apache-2.0

/// Some consecutive lines of JSONL text, blank ones left out.
package struct LineChunk: Sendable {
  package struct Line: Sendable {
    /// Bytes of the line in `bytes`, its end not included.
    package let range: Range<Int>
    /// Counted from 1, blank lines too.
    package let number: Int
  }

  package let bytes: [UInt8]
  package let lines: [Line]

  /// The JSON object on a line.
  ///
  /// - Throws: `LineError.notJSON`, `.notObject`.
  package func fields(_ line: Line) throws(LineError) -> LineFields {
    let parsed = bytes.withUnsafeBytes { bytes in
      Result { () throws(JSONError) -> JSON in
        try JSON.parse(UnsafeRawBufferPointer(rebasing: bytes[line.range]))
      }
    }
    switch parsed {
    case .success(.object(let object)): return LineFields(object: object, number: line.number)
    case .success(let other): throw .notObject(line: line.number, found: other.kind)
    case .failure(let error): throw .notJSON(line: line.number, error)
    }
  }
}
