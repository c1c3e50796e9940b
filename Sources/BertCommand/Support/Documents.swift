// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Glibc
import StrictJSON

/// Finds out before the work whether its result can be written: that its folder is there and takes files.
///
/// - Throws: `CommandError.destination`.
func checkDestination(_ path: String) throws {
  guard path != "-" else { return }
  let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
  guard access(folder, W_OK | X_OK) == 0 else { throw CommandError.destination(path: path, .last) }
}

/// Writes a JSON value on one line: to a file, in one piece or not at all, or to standard output for `-`.
///
/// - Throws: `FileError`; `CommandError.output`, `.outputClosed`.
func writeDocument(_ value: JSON, to path: String) throws {
  if path == "-" {
    try StandardOutput.write(value, pretty: false)
  } else {
    try AtomicFile.write(Array((value.serialized() + "\n").utf8), to: path)
  }
}

/// Writes text: to a file, in one piece or not at all, or to standard output for `-`.
///
/// - Throws: `FileError`; `CommandError.output`, `.outputClosed`.
func writeText(_ text: String, to path: String) throws {
  if path == "-" { try StandardOutput.write(text) } else { try AtomicFile.write(Array(text.utf8), to: path) }
}

extension JSON {
  static func strings(_ values: [String]) -> JSON { .array(values.map { .string($0) }) }
  static func integer(_ value: Int) -> JSON { .number(JSONNumber(value)) }
  static func integer(_ value: UInt64) -> JSON { .number(JSONNumber(Int(clamping: value))) }
}
