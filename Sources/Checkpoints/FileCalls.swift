// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The system calls of saving as values, so that a test can make any of them fail, or stop the world after it.
///
/// Each follows the C library's convention: a negative result is a failure, with the reason in `errno`.
struct FileCalls: Sendable {
  var create: @Sendable (_ path: String) -> Int32
  var write: @Sendable (Int32, UnsafeRawPointer?, Int) -> Int
  var synchronize: @Sendable (Int32) -> Int32
  var close: @Sendable (Int32) -> Int32
  var rename: @Sendable (_ from: String, _ to: String) -> Int32
  var unlink: @Sendable (_ path: String) -> Int32
  var openDirectory: @Sendable (_ path: String) -> Int32

  static let system = FileCalls(
    create: { open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o666) },
    write: { Glibc.write($0, $1, $2) },
    synchronize: { fsync($0) },
    close: { Glibc.close($0) },
    rename: { Glibc.rename($0, $1) },
    unlink: { Glibc.unlink($0) },
    openDirectory: { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) })
}
