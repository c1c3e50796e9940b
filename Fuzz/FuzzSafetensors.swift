// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Glibc

// One file in memory for all runs; the reader opens it by name, as it opens any file.
private let descriptor: Int32 = {
  let name = "/dev/shm/fuzz-safetensors-\(getpid())"
  let descriptor = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
  unlink(name)
  return descriptor
}()
private let path = "/proc/self/fd/\(descriptor)"

/// Any bytes as a safetensors file: refused with a typed error, or every tensor read in every way it can be.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSafetensors(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  ftruncate(descriptor, 0)
  guard count == 0 || pwrite(descriptor, start, count, 0) == count else { fatalError("no memory for the file") }
  guard let file = try? SafetensorsFile(path: path) else { return 0 }
  // A header that has been accepted leaves nothing to be refused.
  guard file.totalBytes <= count else { fatalError("more tensor bytes than file") }
  for name in file.tensorNames {
    guard let info = file.tensor(named: name) else { fatalError("a tensor that cannot be found: \(name)") }
    if info.dataType.isFloatingPoint {
      guard (try? file.readFloat32(name)) != nil, (try? file.readFloat64(name)) != nil else { fatalError(name) }
    } else {
      guard (try? file.readInt64(name)) != nil else { fatalError(name) }
    }
  }
  return 0
}
