// SPDX-License-Identifier: Apache-2.0

import Glibc
import StrictJSON

/// A file that appears under its name only when it is whole and on the disk.
///
/// Bytes go into a hidden file beside the target (`.bert-save-*.tmp`), which is synchronised, renamed over the target, and
/// the directory synchronised. Killed at any moment, the target is the old file or the new one; what may be left is the
/// hidden file. On any error, and if the value goes away without `commit()`, the hidden file is removed.
///
/// Several writers of one target do not disturb each other: the last to commit wins. A target that is a symbolic link
/// stays one; the file that it names is replaced. The permissions of an existing file are kept.
public struct AtomicFile: ~Copyable {
  /// The path as the caller gave it; for errors.
  public let path: String
  private let target: String
  private let directory: String
  private let temporary: String
  private let calls: FileCalls
  // -1 once closed.
  private var descriptor: Int32
  private var isTemporaryThere = true

  /// Creates the hidden file.
  ///
  /// - Throws: `FileError.notRegular` if the target is a directory or a device; `.system` if the directory does not exist
  ///   or cannot be written.
  public init(path: String) throws(FileError) { try self.init(path: path, calls: .system) }

  package init(path: String, calls: FileCalls) throws(FileError) { try self.init(path: path, name: path, calls: calls) }

  /// - Parameter name: what errors call the file.
  init(path: String, name: String, calls: FileCalls) throws(FileError) {
    guard !path.isEmpty, !path.utf8.contains(0) else { throw .invalidPath(path) }
    var status = stat()
    let exists = stat(path, &status) == 0
    if exists {
      let kind = status.st_mode & S_IFMT
      guard kind == S_IFREG else {
        throw .notRegular(path: path, kind: kind == S_IFDIR ? "a directory" : "a device or a FIFO")
      }
    }
    let target = exists ? resolved(path) : path
    let directory = parent(of: target)
    let unique = String(UInt64.random(in: .min ... .max), radix: 16)
    let temporary = joinPath(directory, ".bert-save-\(unique).tmp")
    let descriptor = calls.create(temporary)
    guard descriptor >= 0 else { throw .system(call: "creating a file in its directory", path: name, code: .last) }
    // The new file stands in for the old one in this respect too; if it may not, it is still the caller's own file.
    if exists { _ = fchmod(descriptor, status.st_mode & 0o7777) }
    self.path = name
    self.target = target
    self.directory = directory
    self.temporary = temporary
    self.calls = calls
    self.descriptor = descriptor
  }

  deinit {
    if descriptor >= 0 { _ = calls.close(descriptor) }
    if isTemporaryThere { _ = calls.unlink(temporary) }
  }

  /// Appends bytes.
  ///
  /// - Throws: `FileError.system`, on a full disk with ENOSPC; the target is as it was.
  public mutating func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    var done = 0
    while done < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
      let count = calls.write(descriptor, rest.baseAddress, min(rest.count, 1 << 30))
      if count > 0 {
        done += count
      } else if count == 0 || errno != EINTR {
        throw .system(call: "write", path: path, code: .last)
      }
    }
  }

  /// Appends bytes. See the overload for a raw buffer.
  public mutating func append(_ bytes: [UInt8]) throws(FileError) {
    var failure: FileError?
    bytes.withUnsafeBytes { raw in
      do throws(FileError) { try append(raw) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// Puts the file in its place. Nothing can be appended afterwards.
  ///
  /// - Throws: `FileError.system`. Unless it was the directory's synchronisation that failed, the target is as it was.
  public mutating func commit() throws(FileError) {
    guard calls.synchronize(descriptor) == 0 else { throw .system(call: "fsync", path: path, code: .last) }
    let closed = calls.close(descriptor)
    descriptor = -1
    guard closed == 0 else { throw .system(call: "close", path: path, code: .last) }
    guard calls.rename(temporary, target) == 0 else { throw .system(call: "rename", path: path, code: .last) }
    isTemporaryThere = false
    let parent = calls.openDirectory(directory)
    guard parent >= 0 else { throw .system(call: "opening its directory", path: path, code: .last) }
    defer { _ = calls.close(parent) }
    // EINVAL: a file system that has no such thing for directories.
    guard calls.synchronize(parent) == 0 || errno == EINVAL else {
      throw .system(call: "fsync of its directory", path: path, code: .last)
    }
  }

  /// Writes a small file as a whole.
  ///
  /// - Throws: `FileError`; the target is as it was.
  public static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
    var file = try AtomicFile(path: path)
    try file.append(bytes)
    try file.commit()
  }
}

/// The file behind symbolic links; the path itself where there is none.
func resolved(_ path: String) -> String {
  guard let real = realpath(path, nil) else { return path }
  defer { free(real) }
  return String(cString: real)
}

func parent(of path: String) -> String {
  guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}
