// SPDX-License-Identifier: Apache-2.0

import Glibc

/// An open regular file, read by position. The descriptor closes with the value.
///
/// Reads go through `pread`, never through a mapping: a file that shrinks gives an error instead of a SIGBUS.
package struct RegularFile: ~Copyable, Sendable {
  package let path: String
  /// Bytes when it was opened.
  package let size: Int
  private let descriptor: Int32

  /// Opens for reading. A FIFO does not block and a device is not read: anything but a regular file is refused.
  package init(path: String) throws(FileError) {
    guard !path.isEmpty, !path.utf8.contains(0) else { throw .invalidPath(path) }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else {
      let code = SystemErrorCode.last
      switch code.rawValue {
      case ENOENT, ENOTDIR: throw .notFound(path: path)
      case ENXIO: throw .notRegular(path: path, kind: "a socket or a device without a driver")
      default: throw .system(call: "open", path: path, code: code)
      }
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let code = SystemErrorCode.last
      close(descriptor)
      throw .system(call: "fstat", path: path, code: code)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw .notRegular(path: path, kind: Self.kind(status.st_mode))
    }
    self.path = path
    self.size = Int(status.st_size)
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Fills `buffer` with the bytes from `offset` on.
  ///
  /// - Throws: `FileError.shrank` if the file ends before the buffer is full.
  package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileError) {
    var done = 0
    while done < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      // Linux moves at most 2 GiB - 4 KiB per call; smaller pieces keep the loop the same everywhere.
      let count = pread(descriptor, rest.baseAddress, min(rest.count, 1 << 30), off_t(offset + done))
      if count > 0 {
        done += count
      } else if count == 0 {
        throw .shrank(path: path, size: size, offset: offset + done)
      } else if errno != EINTR {
        throw .system(call: "pread", path: path, code: .last)
      }
    }
  }

  private static func kind(_ mode: mode_t) -> String {
    switch mode & S_IFMT {
    case S_IFDIR: "a directory"
    case S_IFIFO: "a FIFO"
    case S_IFSOCK: "a socket"
    case S_IFCHR, S_IFBLK: "a device"
    default: "no regular file"
    }
  }
}
