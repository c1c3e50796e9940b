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
  package var makeDirectory: @Sendable (_ path: String) -> Int32
  package var removeDirectory: @Sendable (_ path: String) -> Int32
  package var link: @Sendable (_ from: String, _ to: String) -> Int32
  /// Like `rename`, but fails with EEXIST if there is something at `to`.
  package var renameNew: @Sendable (_ from: String, _ to: String) -> Int32
  /// Gives two files or directories each other's names, in one step.
  package var exchange: @Sendable (_ one: String, _ other: String) -> Int32
  /// Takes an exclusive lock, which goes with the descriptor or the process; fails with EWOULDBLOCK.
  package var lock: @Sendable (Int32) -> Int32

  package init(
    create: @escaping @Sendable (String) -> Int32, write: @escaping @Sendable (Int32, UnsafeRawPointer?, Int) -> Int,
    synchronize: @escaping @Sendable (Int32) -> Int32, close: @escaping @Sendable (Int32) -> Int32,
    rename: @escaping @Sendable (String, String) -> Int32, unlink: @escaping @Sendable (String) -> Int32,
    openDirectory: @escaping @Sendable (String) -> Int32, makeDirectory: @escaping @Sendable (String) -> Int32,
    removeDirectory: @escaping @Sendable (String) -> Int32, link: @escaping @Sendable (String, String) -> Int32,
    renameNew: @escaping @Sendable (String, String) -> Int32,
    exchange: @escaping @Sendable (String, String) -> Int32, lock: @escaping @Sendable (Int32) -> Int32
  ) {
    self.create = create
    self.write = write
    self.synchronize = synchronize
    self.close = close
    self.rename = rename
    self.unlink = unlink
    self.openDirectory = openDirectory
    self.makeDirectory = makeDirectory
    self.removeDirectory = removeDirectory
    self.link = link
    self.renameNew = renameNew
    self.exchange = exchange
    self.lock = lock
  }

  package static let system = FileCalls(
    create: { open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o666) },
    write: { Glibc.write($0, $1, $2) },
    synchronize: { fsync($0) },
    close: { Glibc.close($0) },
    rename: { Glibc.rename($0, $1) },
    unlink: { Glibc.unlink($0) },
    openDirectory: { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) },
    makeDirectory: { mkdir($0, 0o777) },
    removeDirectory: { rmdir($0) },
    link: { Glibc.link($0, $1) },
    renameNew: { from, to in
      let result = renameat2(from, to, 1)  // RENAME_NOREPLACE
      guard result != 0, errno == ENOSYS || errno == EINVAL else { return result }
      // A file system without the flag. Only a race with another program could replace something here.
      var status = stat()
      guard lstat(to, &status) != 0 else {
        errno = EEXIST
        return -1
      }
      return Glibc.rename(from, to)
    },
    exchange: { renameat2($0, $1, 2) },  // RENAME_EXCHANGE
    lock: { flock($0, LOCK_EX | LOCK_NB) })
}

/// Linux's renameat2 for paths. Found at run time: Swift's view of the C library leaves it out, and older ones lack it.
private func renameat2(_ from: String, _ to: String, _ flags: UInt32) -> Int32 {
  typealias Function = @convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32
  guard let symbol = dlsym(nil, "renameat2") else {
    errno = ENOSYS
    return -1
  }
  return unsafeBitCast(symbol, to: Function.self)(AT_FDCWD, from, AT_FDCWD, to, flags)
}
