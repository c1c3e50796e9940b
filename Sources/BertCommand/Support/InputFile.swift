// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Glibc
import StrictJSON

/// A safetensors file named on the command line, where `-` is standard input.
enum InputFile {
  /// Of a pipe; a file may be larger.
  static let pipeLimit = 1 << 32

  /// - Throws: `CheckpointError` for the file; `CommandError` for a pipe that cannot be read or kept.
  static func open(_ path: String) throws -> SafetensorsFile {
    guard path == "-" else { return try SafetensorsFile(path: path) }
    // Tensors are read by position, which a pipe has not: it is kept in a file without a name, gone with the process.
    let descriptor = try spool()
    defer { close(descriptor) }
    do {
      return try SafetensorsFile(path: "/proc/self/fd/\(descriptor)")
    } catch {
      throw RenamedError(description: "\(error)".replacing("/proc/self/fd/\(descriptor)", with: "standard input"))
    }
  }

  /// A path as errors name it.
  static func name(_ path: String) -> String { path == "-" ? "standard input" : path }

  private static func spool() throws -> Int32 {
    let directory = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(directory)/swift-bert-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw CommandError.temporaryFile(directory: directory, .last) }
    unlink(template)
    do {
      try copyInput(to: descriptor, directory)
    } catch {
      close(descriptor)
      throw error
    }
    return descriptor
  }

  private static func copyInput(to descriptor: Int32, _ directory: String) throws {
    let blockByteCount = 1 << 20
    var block = [UInt8](repeating: 0, count: blockByteCount)
    var total = 0
    while true {
      let count = read(STDIN_FILENO, &block, blockByteCount)
      if count == 0 { return }
      guard count > 0 else {
        if errno == EINTR { continue }
        throw CommandError.input(.last)
      }
      total += count
      guard total <= pipeLimit else { throw CommandError.inputTooLarge(limit: pipeLimit) }
      var done = 0
      while done < count {
        let written = block[done..<count].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        if written > 0 {
          done += written
        } else if errno != EINTR {
          throw CommandError.temporaryFile(directory: directory, .last)
        }
      }
    }
  }
}

/// Another module's error with the name that the user knows a file by.
struct RenamedError: Error, CustomStringConvertible {
  let description: String
}
