// SPDX-License-Identifier: Apache-2.0

import Glibc
import StrictJSON

extension AtomicDirectory {
  // A copy goes through a buffer of this size.
  private static let pieceBytes = 1 << 20

  /// Writes a file into the hidden directory and synchronises it.
  ///
  /// - Throws: `CheckpointError`, or whatever a tensor's producer throws.
  borrowing func add(_ file: OutgoingFile) throws {
    try makeFolders(for: file.name)
    let (place, name) = (place(of: file.name), joinPath(path, file.name))
    switch file.contents {
    case .tensors(let tensors):
      try SafetensorsWriter.write(tensors, metadata: ["format": "pt"], to: place, named: name, calls: calls)
    case .bytes(let bytes):
      do throws(FileError) {
        var output = try AtomicFile(path: place, name: name, calls: calls)
        try output.append(bytes)
        try output.commit()
      } catch {
        throw CheckpointError.file(error)
      }
    case .copy(let source): try copy(source, to: place, name)
    }
  }

  private borrowing func copy(_ source: String, to place: String, _ name: String) throws(CheckpointError) {
    do throws(FileError) {
      let input = try RegularFile(path: source)
      var output = try AtomicFile(path: place, name: name, calls: calls)
      let piece = UnsafeMutableRawBufferPointer.allocate(
        byteCount: min(Self.pieceBytes, max(input.size, 1)), alignment: 16)
      defer { piece.deallocate() }
      var done = 0
      while done < input.size {
        let part = UnsafeMutableRawBufferPointer(rebasing: piece[..<min(piece.count, input.size - done)])
        try input.read(into: part, at: done)
        try output.append(UnsafeRawBufferPointer(part))
        done += part.count
      }
      try output.commit()
    } catch {
      throw .file(error)
    }
  }

  /// Creates the folders of a relative path, each synchronised into its parent.
  private borrowing func makeFolders(for name: String) throws(CheckpointError) {
    var folder = temporary
    for part in name.split(separator: "/").dropLast() {
      let parent = folder
      folder = joinPath(folder, String(part))
      guard calls.makeDirectory(folder) != 0 else {
        try synchronize(parent)
        continue
      }
      guard errno == EEXIST else {
        throw .file(.system(call: "mkdir", path: joinPath(path, name), code: .last))
      }
    }
  }

  /// Brings a directory's names to the disk.
  borrowing func synchronize(_ directory: String) throws(CheckpointError) {
    let descriptor = calls.openDirectory(directory)
    guard descriptor >= 0 else { throw .file(.system(call: "open", path: path, code: .last)) }
    defer { _ = calls.close(descriptor) }
    guard calls.synchronize(descriptor) == 0 || errno == EINVAL else {
      throw .file(.system(call: "fsync", path: path, code: .last))
    }
  }

  /// The directory behind a path, absolute, without links; parents that are missing are created.
  static func resolve(_ path: String) throws(CheckpointError) -> String {
    guard !path.isEmpty, !path.utf8.contains(0) else { throw .file(.invalidPath(path)) }
    var status = stat()
    if stat(path, &status) == 0 {
      guard status.st_mode & S_IFMT == S_IFDIR else { throw .notDirectory(path: path) }
      let target = resolved(path)
      var (parentStatus, working) = (stat(), stat())
      guard target != "/" else { throw .notReplaceable(directory: path, reason: .root) }
      if stat(parent(of: target), &parentStatus) == 0, parentStatus.st_dev != status.st_dev {
        throw .notReplaceable(directory: path, reason: .mountPoint)
      }
      if stat(".", &working) == 0, working.st_dev == status.st_dev, working.st_ino == status.st_ino {
        throw .notReplaceable(directory: path, reason: .workingDirectory)
      }
      return target
    }
    guard errno == ENOENT else { throw .file(.system(call: "stat", path: path, code: .last)) }
    // A link that leads nowhere.
    guard lstat(path, &status) != 0 else { throw .notDirectory(path: path) }
    var trimmed = path
    while trimmed.utf8.count > 1, trimmed.utf8.last == UInt8(ascii: "/") { trimmed.removeLast() }
    let container = parent(of: trimmed)
    try makeParents(container, path)
    let name = trimmed.utf8.contains(UInt8(ascii: "/")) ? String(trimmed.dropFirst(container.count)) : trimmed
    let plain = name.first == "/" ? String(name.dropFirst()) : name
    guard isPlainFileName(plain) else { throw .file(.invalidPath(path)) }
    return joinPath(resolved(container), plain)
  }

  private static func makeParents(_ directory: String, _ path: String) throws(CheckpointError) {
    var prefix = directory.utf8.first == UInt8(ascii: "/") ? "/" : ""
    for part in directory.split(separator: "/") {
      prefix = prefix.isEmpty ? String(part) : joinPath(prefix, String(part))
      guard mkdir(prefix, 0o777) == 0 || errno == EEXIST || errno == EISDIR || BoundedFile.exists(path: prefix) else {
        throw .file(.system(call: "creating its parent directory", path: path, code: .last))
      }
    }
    var status = stat()
    guard stat(directory, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      throw .notDirectory(path: directory)
    }
  }
}
