// SPDX-License-Identifier: Apache-2.0
import StrictJSON

/// A JSONL file of examples for a task, read and checked to its last line.
public struct TrainingFile: Sendable {
  public let path: String
  public let task: BertHead
  public let rows: [Row]

  /// An example, and the line that it stands on, from 1.
  public struct Row: Sendable, Equatable {
    public let line: Int
    public let example: TrainingExample
  }

  /// Reads a file. Lines end with `\n` or `\r\n`; blank ones are passed over, and so are keys that the task does not know.
  ///
  /// - Parameter path: of a regular file.
  /// - Throws: `TrainingDataError.file`; `.line` for the first row that is not as the task has it, `.plainText` where it is no
  ///   object; `.empty`; `.head` for `BertHead.none`, which learns nothing.
  public init(_ path: String, task: BertHead) throws(TrainingDataError) {
    guard task != .none else { throw .head(task) }
    self.path = path
    self.task = task
    var rows: [Row] = []
    var file: LineFile
    do { file = try LineFile(path: path, limits: LineSplitter.Limits(lines: 1 << 16)) } catch { throw .file(error) }
    let parser = ExampleParser(task: task)
    while let chunk = try TrainingFile.next(&file) {
      rows += try concurrentMap(chunk.lines.count) { index throws(TrainingDataError) in
        let line = chunk.lines[index]
        do throws(LineError) { return try parser.row(try chunk.fields(line)) } catch {
          guard TrainingFile.isObject(chunk, line) else { throw .plainText(file: path, error, task: task) }
          throw .line(file: path, error)
        }
      }
    }
    if let failure = file.failure { throw .line(file: path, failure) }
    guard !rows.isEmpty else { throw .empty(file: path) }
    self.rows = rows
    try checkChoices()
  }

  /// Whether a line begins as an object does, or with a byte order mark, which its error names.
  private static func isObject(_ chunk: LineChunk, _ line: LineChunk.Line) -> Bool {
    let bytes = chunk.bytes[line.range].drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    return bytes.first == UInt8(ascii: "{") || bytes.starts(with: [0xEF, 0xBB, 0xBF])
  }

  private static func next(_ file: inout LineFile) throws(TrainingDataError) -> LineChunk? {
    do { return try file.next() } catch { throw .file(error) }
  }

  /// A batch is a rectangle: every row has as many choices.
  private func checkChoices() throws(TrainingDataError) {
    var count: Int?
    for row in rows {
      guard case .choices(let input, _) = row.example else { return }
      if let count, input.choices.count != count {
        throw .field(
          file: path, line: row.line, field: "choices",
          "has \(input.choices.count) entries, where the rows before have \(count)")
      }
      count = input.choices.count
    }
  }
}
