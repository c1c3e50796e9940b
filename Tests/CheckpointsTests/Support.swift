// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Glibc
import StrictJSON

/// A directory of its own for one test, gone with everything in it when the value goes.
final class TemporaryDirectory {
  let path: String

  init() {
    // In memory where the system has such a place: hundreds of thousands of small files are no work for a disk, and
    // ext4 flushes each one that is truncated and written again.
    let parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
    var template = Array("\(parent)/checkpoints-test-XXXXXX".utf8CString)
    path = template.withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) } ?? ""
    }
  }

  deinit {
    func remove(_ path: String) {
      guard unlink(path) != 0 else { return }
      for name in directoryNames(path) { remove("\(path)/\(name)") }
      rmdir(path)
    }
    remove(path)
  }

  /// Writes a file and gives its path.
  @discardableResult func write(_ name: String, _ bytes: [UInt8]) -> String {
    let path = "\(path)/\(name)"
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    _ = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    close(descriptor)
    return path
  }

  /// The bytes of a small file; nil if it cannot be read.
  func contents(_ name: String) -> [UInt8]? { try? BoundedFile.read(path: "\(path)/\(name)", limit: 1 << 20) }

  @discardableResult func write(_ name: String, _ text: String) -> String { write(name, Array(text.utf8)) }

  /// What is in the directory, hidden files too.
  var names: [String] { directoryNames(path) }
}

/// The names in a directory, sorted, hidden ones too.
func directoryNames(_ path: String) -> [String] {
  guard let stream = opendir(path) else { return [] }
  defer { closedir(stream) }
  var names: [String] = []
  while let entry = readdir(stream) {
    let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    if name != ".", name != ".." { names.append(name) }
  }
  return names.sorted()
}

/// A safetensors file: length, header, data.
func safetensors(_ header: [UInt8], data: [UInt8] = []) -> [UInt8] {
  withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header + data
}

func safetensors(_ header: String, data: [UInt8] = []) -> [UInt8] { safetensors(Array(header.utf8), data: data) }

func safetensors(_ header: String, dataBytes: Int) -> [UInt8] {
  safetensors(header, data: (0..<dataBytes).map { UInt8(truncatingIfNeeded: $0) })
}

/// Reads every tensor of a source in every way it can be read.
func readEverything(_ source: some TensorSource) throws(CheckpointError) {
  for name in source.tensorNames {
    let info = try source.existingTensor(named: name)
    if info.dataType.isFloatingPoint {
      _ = try source.readFloat32(name)
      _ = try source.readFloat64(name)
    } else {
      _ = try source.readInt64(name)
    }
  }
}

/// Runs a body with a directory of its own, which is gone afterwards.
func withTemporaryDirectory<Value>(_ body: (TemporaryDirectory) throws -> Value) rethrows -> Value {
  let directory = TemporaryDirectory()
  return try withExtendedLifetime(directory) { try body(directory) }
}
