// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Why a file could not be read or written as a whole.
public enum FileError: Error, Equatable, Sendable {
  case notFound(path: String)
  /// A directory, FIFO, device or socket stands where a regular file is needed.
  case notRegular(path: String, kind: String)
  /// More bytes than the caller allows for such a file.
  case tooLarge(path: String, size: Int, limit: Int)
  /// The file ended at `offset`, although it was `size` bytes long when it was opened: somebody is writing to it.
  case shrank(path: String, size: Int, offset: Int)
  /// The path is empty or holds a NUL, which no file system takes.
  case invalidPath(String)
  /// A system call failed.
  case system(call: String, path: String, code: SystemErrorCode)
}

/// An `errno` value.
public struct SystemErrorCode: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  /// The number, as in errno.h.
  public let rawValue: Int32
  /// Any number; those the C library does not know get a sentence too.
  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// What the last failed call of this thread left behind.
  package static var last: SystemErrorCode { SystemErrorCode(rawValue: errno) }

  /// The C library's sentence and the number: "No space left on device (errno 28)".
  public var description: String {
    var buffer = [CChar](repeating: 0, count: 128)
    // Fills the buffer even for numbers it does not know.
    _ = strerror_r(rawValue, &buffer, buffer.count)
    let sentence = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return "\(String(decoding: sentence, as: UTF8.self)) (errno \(rawValue))"
  }
}

extension FileError: CustomStringConvertible {
  /// One line: the path, what is wrong, the numbers.
  public var description: String {
    switch self {
    case .notFound(let path): "\(path): no such file"
    case .notRegular(let path, let kind): "\(path): is \(kind), not a file"
    case .tooLarge(let path, let size, let limit): "\(path): \(size) bytes, where at most \(limit) are accepted"
    case .shrank(let path, let size, let offset):
      "\(path): ended at byte \(offset) of \(size) while it was being read; is another process writing it?"
    case .invalidPath(let path): "\(path.isEmpty ? "an empty path" : "a path with a NUL in it: \(path)") names no file"
    case .system(let call, let path, let code): "\(path): \(call) failed: \(code)"
    }
  }
}
