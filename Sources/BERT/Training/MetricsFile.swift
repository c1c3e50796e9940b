// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Glibc
import StrictJSON

/// A file of lines that a training appends to: `metrics.jsonl`, a line a step. A line is there as a whole or not at all,
/// but for a run that is killed while it writes one; resuming cuts that off.
///
/// The file is locked while the training lives, so that no two write into one.
final class MetricsFile {
  private let descriptor: Int32
  let path: String

  /// Opens it behind the lines of steps up to `step`; those of later steps, which a resumed run takes again, are cut off.
  ///
  /// - Throws: `BertError.file`; `TrainingError.outputLocked` where another training is writing it.
  init(_ path: String, after step: Int) throws {
    self.path = path
    descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw BertError.file(.system(call: "open", path: path, code: .last)) }
    do {
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK else {
        throw TrainingError.outputLocked(path: path)
      }
      let kept = step == 0 ? 0 : MetricsFile.byteCount(of: try read(), upTo: step)
      guard ftruncate(descriptor, off_t(kept)) == 0 else {
        throw BertError.file(.system(call: "ftruncate", path: path, code: .last))
      }
    } catch {
      close(descriptor)
      throw error
    }
  }

  deinit { close(descriptor) }

  /// Removes the file of another run.
  ///
  /// - Throws: `BertError.file`.
  static func remove(_ path: String) throws(BertError) {
    guard unlink(path) == 0 else { throw .file(.system(call: "unlink", path: path, code: .last)) }
  }

  /// - Throws: `BertError.file`, where nothing of the line is left.
  func append(_ fields: JSONObject) throws(BertError) {
    let bytes = Array((JSON.object(fields).serialized() + "\n").utf8)
    let before = lseek(descriptor, 0, SEEK_END)
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let code = SystemErrorCode.last
        _ = ftruncate(descriptor, before)
        throw .file(.system(call: "write", path: path, code: code))
      }
      rest = rest.dropFirst(count)
    }
  }

  /// A number of a line: JSON has none for infinities and NaN.
  static func json(_ value: Double) -> JSON { value.isFinite ? .number(JSONNumber(value)) : .null }

  private func read() throws(BertError) -> [UInt8] {
    do { return try BoundedFile.read(path: path, limit: 1 << 32) } catch { throw .file(error) }
  }

  /// Bytes of the whole lines whose `step` is at most `step`.
  private static func byteCount(of bytes: [UInt8], upTo step: Int) -> Int {
    var end = 0
    while let newline = bytes[end...].firstIndex(of: UInt8(ascii: "\n")) {
      guard let fields = try? JSON.parse(Array(bytes[end..<newline])), let own = fields["step"]?.numberValue?.int,
        own <= step
      else { break }
      end = newline + 1
    }
    return end
  }
}
