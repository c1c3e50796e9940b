// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Glibc
import StrictJSON

/// A file of lines that a training appends to: `metrics.jsonl`, a line a step. Each line is written in one piece, so that
/// a killed run leaves whole lines.
final class MetricsFile {
  private let descriptor: Int32
  let path: String

  /// Opens it behind the lines of steps up to `step`; those of later steps, which a resumed run takes again, are cut off.
  ///
  /// - Throws: `BertError.file`.
  init(_ path: String, after step: Int) throws(BertError) {
    self.path = path
    let kept = step == 0 ? [] : MetricsFile.lines(of: path, upTo: step)
    if step == 0 || BoundedFile.exists(path: path) {
      do { try AtomicFile.write(kept, to: path) } catch { throw .file(error) }
    }
    descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .file(.system(call: "open", path: path, code: .last)) }
  }

  deinit { close(descriptor) }

  /// - Throws: `BertError.file`.
  func append(_ fields: JSONObject) throws(BertError) {
    let bytes = Array((JSON.object(fields).serialized() + "\n").utf8)
    guard write(descriptor, bytes, bytes.count) == bytes.count else {
      throw .file(.system(call: "write", path: path, code: .last))
    }
  }

  /// The whole lines whose `step` is at most `step`.
  private static func lines(of path: String, upTo step: Int) -> [UInt8] {
    guard let bytes = try? BoundedFile.read(path: path, limit: 1 << 30) else { return [] }
    var kept: [UInt8] = []
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      guard let fields = try? JSON.parse(Array(line)), let number = fields["step"]?.numberValue,
        let own = Int(number.literal), own <= step
      else { break }
      kept += line + [UInt8(ascii: "\n")]
    }
    return kept
  }
}
