// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The system calls of saving as values, so that a test can make any of them fail, or stop the world after it.
///
/// Each follows the C library's convention: a negative result is a failure, with the reason in `errno`.
package struct FileCalls: Sendable {
  package var create: @Sendable (_ path: String) -> Int32
  package var write: @Sendable (Int32, UnsafeRawPointer?, Int) -> Int
  package var synchronize: @Sendable (Int32) -> Int32
  package var close: @Sendable (Int32) -> Int32
  package var rename: @Sendable (_ from: String, _ to: String) -> Int32
  package var unlink: @Sendable (_ path: String) -> Int32
  package var openDirectory: @Sendable (_ path: String) -> Int32

  package init(
    create: @escaping @Sendable (String) -> Int32, write: @escaping @Sendable (Int32, UnsafeRawPointer?, Int) -> Int,
    synchronize: @escaping @Sendable (Int32) -> Int32, close: @escaping @Sendable (Int32) -> Int32,
    rename: @escaping @Sendable (String, String) -> Int32, unlink: @escaping @Sendable (String) -> Int32,
    openDirectory: @escaping @Sendable (String) -> Int32
  ) {
    self.create = create
    self.write = write
    self.synchronize = synchronize
    self.close = close
    self.rename = rename
    self.unlink = unlink
    self.openDirectory = openDirectory
  }

  package static let system = FileCalls(
    create: { open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o666) },
    write: { Glibc.write($0, $1, $2) },
    synchronize: { fsync($0) },
    close: { Glibc.close($0) },
    rename: { Glibc.rename($0, $1) },
    unlink: { Glibc.unlink($0) },
    openDirectory: { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) })
}
