// SPDX-License-Identifier: Apache-2.0

import Glibc
import StrictJSON

/// A directory that appears under its name only when it is whole and on the disk; `AtomicFile` for a checkpoint.
///
/// Files go into a hidden directory beside the target (`.NAME.bert-save-*`), which is locked as long as its writer lives.
/// `commit()` exchanges the two. Then the old checkpoint is what is hidden, and is removed.
///
/// Commits of one target come one after the other: each locks the directory that it is about to replace. What a killed
/// writer left is recognised by its lock being gone. A marker file inside tells a new directory, which may be half written
/// and is thrown away, from an old one, whose foreign files must not be lost.
struct AtomicDirectory: ~Copyable {
  /// As the caller gave it; for errors.
  let path: String
  /// The hidden directory.
  let temporary: String
  private let target: String
  let calls: FileCalls
  private let parentDirectory: String
  // The lock on the hidden directory.
  private var descriptor: Int32
  private var isTemporaryThere = true

  private static let infix = ".bert-save-"
  static let marker = ".bert-save-new"
  /// Behind the name of a hidden directory that is all there is of the target for a moment: see `replace`.
  static let oldEnding = ".old"
  // Other writers may come in between that often before something must be wrong.
  private static let attempts = 100

  /// Removes what dead writers left, and creates the hidden directory.
  ///
  /// - Throws: `CheckpointError.notReplaceable`, `.notDirectory`, `.file`.
  init(path: String, calls: FileCalls) throws(CheckpointError) {
    let target = try Self.resolve(path)
    let parentDirectory = parent(of: target)
    let prefix = Self.prefix(target)
    for name in directoryEntries(parentDirectory) where name.hasPrefix(prefix) {
      Self.clean(joinPath(parentDirectory, name), target, calls)
    }
    let (temporary, descriptor) = try Self.create(joinPath(parentDirectory, prefix), path, calls)
    self.path = path
    self.target = target
    self.calls = calls
    self.parentDirectory = parentDirectory
    self.temporary = temporary
    self.descriptor = descriptor
  }

  deinit {
    if isTemporaryThere { removeTree(temporary, calls) }
    if descriptor >= 0 { _ = calls.close(descriptor) }
  }

  /// Whether a name is one of a hidden file or directory of this module.
  static func isTemporary(_ name: String) -> Bool {
    name.hasPrefix(".bert-save-") || name.hasPrefix(".") && name.contains(infix)
  }

  /// Where a file is written, below the hidden directory.
  func place(of name: String) -> String { joinPath(temporary, name) }

  /// Puts the directory in its place. Nothing can be added afterwards.
  ///
  /// - Throws: `CheckpointError.file`. Unless it was the parent directory's synchronisation that failed, the target is as
  ///   it was.
  mutating func commit() throws(CheckpointError) {
    try synchronize(temporary)
    let (old, lock) = try takePlace()
    // From here on what the hidden name stands for may be all that there is of foreign files.
    isTemporaryThere = false
    defer { if lock >= 0 { _ = calls.close(lock) } }
    let parent = calls.openDirectory(parentDirectory)
    guard parent >= 0 else { throw .file(.system(call: "opening its parent directory", path: path, code: .last)) }
    defer { _ = calls.close(parent) }
    // The old checkpoint is removed only when the disk knows of the new one. EINVAL: a file system that cannot say.
    guard calls.synchronize(parent) == 0 || errno == EINVAL else {
      throw .file(.system(call: "fsync of its parent directory", path: path, code: .last))
    }
    _ = calls.unlink(joinPath(target, Self.marker))
    if let old, moveForeign(from: old, to: target, calls) { removeTree(old, calls) }
  }

  /// - Returns: the path that the old directory has now, nil if there was none; and the lock on it, -1 if there is none.
  private borrowing func takePlace() throws(CheckpointError) -> (old: String?, lock: Int32) {
    for _ in 0..<Self.attempts {
      let existing = calls.openDirectory(target)
      if existing < 0 {
        guard errno == ENOENT else { throw .file(.system(call: "open", path: path, code: .last)) }
        if calls.renameNew(temporary, target) == 0 { return (nil, -1) }
        guard errno == EEXIST || errno == ENOTEMPTY else {
          throw .file(.system(call: "rename", path: path, code: .last))
        }
        continue
      }
      waitForLock(existing)
      // While this one waited, another writer may have put its own there.
      guard isDirectory(existing, at: target) else {
        _ = calls.close(existing)
        continue
      }
      do throws(CheckpointError) {
        return (try replace(existing), existing)
      } catch {
        _ = calls.close(existing)
        throw error
      }
    }
    throw .file(.system(call: "rename", path: path, code: SystemErrorCode(rawValue: EBUSY)))
  }

  /// Exchanges the hidden directory and the target, which is locked.
  ///
  /// - Returns: the path that the old directory has now.
  private borrowing func replace(_ existing: Int32) throws(CheckpointError) -> String {
    var status = stat()
    if fstat(existing, &status) == 0 { _ = fchmod(descriptor, status.st_mode & 0o7777) }
    _ = calls.unlink(joinPath(target, Self.marker))
    for folder in linkForeign(from: target, to: temporary, calls) + [temporary] { try synchronize(folder) }
    if calls.exchange(temporary, target) == 0 { return temporary }
    guard errno == EINVAL || errno == ENOSYS else {
      if errno == EBUSY { throw .notReplaceable(directory: path, reason: .mountPoint) }
      throw .file(.system(call: "rename", path: path, code: .last))
    }
    // A file system that cannot exchange. Between these two calls the target is not there; a writer killed just then
    // leaves it under the hidden name, from where the next save brings it back.
    let old = temporary + Self.oldEnding
    guard calls.rename(target, old) == 0 else { throw .file(.system(call: "rename", path: path, code: .last)) }
    guard calls.rename(temporary, target) == 0 else {
      let code = SystemErrorCode.last
      _ = calls.rename(old, target)
      throw .file(.system(call: "rename", path: path, code: code))
    }
    return old
  }

  /// Waits until no other writer is exchanging the directory. After ten seconds it must be somebody else's lock (`flock out
  /// bert train`), which is no reason to lose a training run: the exchange is safe without it.
  private borrowing func waitForLock(_ directory: Int32) {
    for _ in 0..<1000 where calls.lock(directory) != 0 {
      guard errno == EWOULDBLOCK else { return }
      usleep(10_000)
    }
  }

  /// Begins every hidden name that belongs to a target. A long name is cut: a file system takes 255 bytes.
  private static func prefix(_ target: String) -> String {
    let name = target[target.index(after: target.lastIndex(of: "/") ?? target.startIndex)...]
    var short = String(name)
    while short.utf8.count > 200 { short.removeLast() }
    return ".\(short)\(infix)"
  }
}

extension AtomicDirectory {
  /// Creates a hidden directory, locks it and puts the marker in it.
  private static func create(
    _ prefix: String, _ path: String, _ calls: FileCalls
  ) throws(CheckpointError) -> (path: String, lock: Int32) {
    func failed(_ call: String) -> CheckpointError { .file(.system(call: call, path: path, code: .last)) }
    for _ in 0..<attempts {
      let hidden = prefix + String(UInt64.random(in: .min ... .max), radix: 16)
      guard calls.makeDirectory(hidden) == 0 else { throw failed("creating a directory beside it") }
      var error: CheckpointError?
      let lock = calls.openDirectory(hidden)
      // Where there are no locks nobody cleans up either.
      if lock >= 0, calls.lock(lock) == 0 || errno != EWOULDBLOCK {
        if isDirectory(lock, at: hidden) {
          let descriptor = calls.create(joinPath(hidden, marker))
          if descriptor >= 0 {
            _ = calls.close(descriptor)
            return (hidden, lock)
          }
          error = failed("creating a file beside it")
        }
      } else if errno != EWOULDBLOCK, errno != ENOENT {
        error = failed("locking a directory beside it")
      }
      _ = calls.removeDirectory(hidden)
      if lock >= 0 { _ = calls.close(lock) }
      if let error { throw error }
      // Another writer took the directory for a dead one's before the lock was there.
    }
    throw .file(.system(call: "creating a directory beside it", path: path, code: SystemErrorCode(rawValue: EBUSY)))
  }
}

/// Whether a descriptor is open on what is at a path now.
private func isDirectory(_ descriptor: Int32, at path: String) -> Bool {
  var (one, other) = (stat(), stat())
  return fstat(descriptor, &one) == 0 && stat(path, &other) == 0 && one.st_dev == other.st_dev
    && one.st_ino == other.st_ino
}
