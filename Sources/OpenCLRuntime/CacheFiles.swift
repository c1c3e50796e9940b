// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// An entry larger than this is no program.
private let largestEntry = 256 << 20

/// The whole of a small regular file that belongs to this user; null otherwise. What is read here is run later, so a
/// file of somebody else's is not taken; a FIFO must not hang.
func readFile(_ path: String) -> [UInt8]? {
  let file = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)
  guard file >= 0 else { return nil }
  defer { close(file) }
  var facts = stat()
  guard fstat(file, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG, facts.st_uid == geteuid() else { return nil }
  guard let size = Int(exactly: facts.st_size), size > 0, size <= largestEntry else { return nil }
  var bytes = [UInt8](repeating: 0, count: size)
  var done = 0
  while done < size {
    let count = bytes.withUnsafeMutableBytes { pread(file, $0.baseAddress.map { $0 + done }, size - done, off_t(done)) }
    if count < 0, errno == EINTR { continue }
    guard count > 0 else { return nil }  // an error, or the file shrank
    done += count
  }
  return bytes
}

/// Writes beside and renames, so a reader sees the old file, the new one or none. False, and nothing left behind, where
/// that does not work. No fsync: what a power cut damages is found by the checksum and built again.
func writeFile(_ path: String, _ bytes: [UInt8]) -> Bool {
  let number = fileNumber.wrappingAdd(1, ordering: .relaxed).oldValue
  let beside = "\(path).\(getpid()).\(number).new"
  let file = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
  guard file >= 0 else { return false }
  var done = 0
  while done < bytes.count {
    let count = bytes.withUnsafeBytes { write(file, $0.baseAddress.map { $0 + done }, bytes.count - done) }
    if count < 0, errno == EINTR { continue }
    if count <= 0 { break }
    done += count
  }
  let closed = close(file) == 0
  if done == bytes.count, closed, rename(beside, path) == 0 { return true }
  unlink(beside)
  return false
}

/// Two threads may store the same entry at once.
private let fileNumber = Atomic<UInt64>(0)

/// Makes a folder and those above it; true if it is there afterwards.
func makeFolder(_ path: String) -> Bool {
  var facts = stat()
  if stat(path, &facts) == 0 { return facts.st_mode & S_IFMT == S_IFDIR }
  if let slash = path.lastIndex(of: "/"), slash > path.startIndex, !makeFolder(String(path[..<slash])) { return false }
  return mkdir(path, 0o700) == 0 || errno == EEXIST
}
