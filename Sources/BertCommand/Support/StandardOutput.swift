// SPDX-License-Identifier: Apache-2.0
import Glibc
import OpenCLRuntime
import StrictJSON

/// Standard output as bytes. Lives on a thread of its own: a slow reader must not hold up Swift's cooperative threads.
actor StandardOutput {
  private let thread = DeviceThread(label: "swift-bert output")
  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  /// Writes all of it, one piece behind the other.
  ///
  /// - Throws: `CommandError.outputClosed` if the reader has gone, `.output` for a full disk and the like.
  func write(_ pieces: [[UInt8]]) throws {
    for piece in pieces { try StandardOutput.write(piece) }
  }

  static func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

  static func write(_ text: String) throws { try write(Array(text.utf8)) }

  /// A value on one line, or laid out for people where they asked for a document.
  static func write(_ value: JSON, pretty: Bool) throws { try write(value.serialized(pretty: pretty) + "\n") }

  static func write(_ bytes: UnsafeRawBufferPointer) throws {
    var done = 0
    while done < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
      let count = Glibc.write(STDOUT_FILENO, rest.baseAddress, min(rest.count, 1 << 30))
      if count > 0 {
        done += count
        continue
      }
      switch errno {
      case EINTR: continue
      case EAGAIN:  // somebody made the pipe non-blocking
        var descriptor = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
        _ = poll(&descriptor, 1, -1)
      case EPIPE: throw CommandError.outputClosed
      default: throw CommandError.output(.last)
      }
    }
  }
}
