// SPDX-License-Identifier: Apache-2.0

import Glibc
import StrictJSON

// What happens to the files in and around a directory that is being replaced. None of this throws: what does not succeed
// leaves more files behind than there should be, never fewer.

/// The names in a directory; empty if it cannot be read.
func directoryEntries(_ path: String) -> [String] {
  guard let stream = opendir(path) else { return [] }
  defer { closedir(stream) }
  var names: [String] = []
  while let entry = readdir(stream) {
    let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    if name != ".", name != ".." { names.append(name) }
  }
  return names
}

/// Whether there is a directory, and no link to one.
private func isFolder(_ path: String) -> Bool {
  var status = stat()
  return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

/// Removes a directory with everything in it. Links are removed, not followed.
func removeTree(_ path: String, _ calls: FileCalls) {
  var pending = [path]
  var folders: [String] = []
  while let folder = pending.popLast() {
    folders.append(folder)
    for name in directoryEntries(folder) {
      let entry = joinPath(folder, name)
      if isFolder(entry) { pending.append(entry) } else { _ = calls.unlink(entry) }
    }
  }
  for folder in folders.reversed() { _ = calls.removeDirectory(folder) }
}

/// The entries of a directory that are no part of the checkpoint in it.
private func foreignEntries(_ directory: String) -> [String] {
  directoryEntries(directory).filter { !CheckpointFiles.contains($0) && !AtomicDirectory.isTemporary($0) }
}

/// Makes the foreign files of the old directory appear in the new one too, under both the same files. What the new
/// checkpoint has of its own stays. File systems without hard links leave it to `moveForeign`.
///
/// - Returns: the folders that were created.
func linkForeign(from old: String, to new: String, _ calls: FileCalls) -> [String] {
  var folders: [String] = []
  var pending = foreignEntries(old).filter { !BoundedFile.exists(path: joinPath(new, $0)) }
  while let name = pending.popLast() {
    let (from, to) = (joinPath(old, name), joinPath(new, name))
    if isFolder(from) {
      guard calls.makeDirectory(to) == 0 else { continue }
      folders.append(to)
      var status = stat()
      if stat(from, &status) == 0 { _ = chmod(to, status.st_mode & 0o7777) }
      pending += directoryEntries(from).map { "\(name)/\($0)" }
    } else {
      _ = calls.link(from, to)
    }
  }
  return folders
}

/// Moves to the new directory what is foreign in the old one and was not linked: it came later, or could not be.
///
/// - Returns: whether nothing of it is left in the old directory alone.
func moveForeign(from old: String, to new: String, _ calls: FileCalls) -> Bool {
  var pending = foreignEntries(old)
  while let name = pending.popLast() {
    let (from, to) = (joinPath(old, name), joinPath(new, name))
    if calls.renameNew(from, to) == 0 || errno == ENOENT { continue }
    guard errno == EEXIST || errno == ENOTEMPTY else { return false }
    if isFolder(from), isFolder(to) { pending += directoryEntries(from).map { "\(name)/\($0)" } }
  }
  return true
}

extension AtomicDirectory {
  /// Deals with a hidden directory whose writer is dead, which its lock tells.
  static func clean(_ hidden: String, _ target: String, _ calls: FileCalls) {
    let descriptor = calls.openDirectory(hidden)
    guard descriptor >= 0 else { return }
    defer { _ = calls.close(descriptor) }
    guard calls.lock(descriptor) == 0 else { return }
    if hidden.hasSuffix(oldEnding), calls.renameNew(hidden, target) == 0 { return }
    let isNew = BoundedFile.exists(path: joinPath(hidden, marker))
    if isNew || moveForeign(from: hidden, to: target, calls) { removeTree(hidden, calls) }
  }
}
