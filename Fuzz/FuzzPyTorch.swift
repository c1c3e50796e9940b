// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Glibc

// One file in memory for all runs; the reader opens it by name, as it opens any file.
private let descriptor: Int32 = {
  let name = "/dev/shm/fuzz-pytorch-\(getpid())"
  let descriptor = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
  unlink(name)
  return descriptor
}()
private let path = "/proc/self/fd/\(descriptor)"

/// Any bytes as a PyTorch file: refused with a typed error, or every tensor read in every way it can be.
///
/// An input that begins with a pickle is tried as the older stream, and also as `data.pkl` in an archive whose checksums
/// are right: the checksums would otherwise keep the fuzzer away from everything behind them.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPyTorch(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = UnsafeRawBufferPointer(start: start, count: count)
  use(bytes)
  if bytes.first == 0x80 { archive(Array(bytes)).withUnsafeBytes(use) }
  return 0
}

private func use(_ bytes: UnsafeRawBufferPointer) {
  ftruncate(descriptor, 0)
  guard bytes.isEmpty || pwrite(descriptor, bytes.baseAddress, bytes.count, 0) == bytes.count else {
    fatalError("no memory for the file")
  }
  guard let file = try? PyTorchFile(path: path) else { return }
  for name in file.tensorNames {
    guard let info = file.tensor(named: name) else { fatalError("a tensor that cannot be found: \(name)") }
    guard info.byteCount <= bytes.count else { fatalError("a tensor that is larger than the file: \(name)") }
    do throws(CheckpointError) {
      if info.dataType.isFloatingPoint {
        _ = try file.readFloat32(name)
        _ = try file.readFloat64(name)
      } else {
        _ = try file.readInt64(name)
      }
    } catch .archive(_, .badChecksum) {
      // The one thing that is only found on reading.
    } catch {
      fatalError("\(error)")
    }
  }
}

/// A zip archive with a pickle and two storages, "0" of 24 bytes and "1" of 8.
private func archive(_ pickle: [UInt8]) -> [UInt8] {
  func number(_ value: UInt32, _ width: Int) -> [UInt8] {
    (0..<width).map { $0 < 4 ? UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) : 0 }
  }
  var (bytes, directory): ([UInt8], [UInt8]) = ([], [])
  let records = [
    ("data.pkl", pickle), ("data/0", [UInt8](repeating: 1, count: 24)), ("data/1", [0, 1, 2, 3, 4, 5, 6, 7]),
  ]
  for (name, data) in records {
    let path = Array("archive/\(name)".utf8)
    var checksum = CRC32()
    data.withUnsafeBytes { checksum.update($0) }
    let size = number(UInt32(data.count), 4)
    let names = number(UInt32(path.count), 2) + number(0, 2)
    let header = number(0x800, 2) + number(0, 6) + number(checksum.value, 4) + size + size + names
    directory += number(0x0201_4B50, 4) + number(0, 4) + header + number(0, 10) + number(UInt32(bytes.count), 4) + path
    bytes += number(0x0403_4B50, 4) + number(0, 2) + header + path + data
  }
  let count = number(UInt32(records.count), 2)
  let place = number(UInt32(directory.count), 4) + number(UInt32(bytes.count), 4)
  return bytes + directory + number(0x0605_4B50, 4) + number(0, 4) + count + count + place + number(0, 2)
}
