// SPDX-License-Identifier: Apache-2.0

import Glibc
import OpenCLRuntime
import Testing

/// Every test of this module, one at a time: the call monitor is one per process. Tests that count or inject do it for
/// their own thread only, so other modules' tests may run beside them. Without a device they fail; none is skipped.
@Suite(.serialized) struct RuntimeTests {}

/// Kernels the tests run.
enum TestKernels {
  /// `y[i] = x[i] * factor`.
  static let scale = """
    __kernel void scale(__global const float *x, __global float *y, float factor, uint count) {
      uint i = get_global_id(0);
      if (i < count) y[i] = x[i] * factor;
    }
    """

  /// Sums over a group through local memory.
  static let groupSum = """
    __kernel void group_sum(__global const int *x, __global int *sums, __local int *shared, int add) {
      size_t l = get_local_id(0);
      shared[l] = x[get_global_id(0)];
      barrier(CLK_LOCAL_MEM_FENCE);
      for (size_t step = get_local_size(0) / 2; step > 0; step /= 2) {
        if (l < step) shared[l] += shared[l + step];
        barrier(CLK_LOCAL_MEM_FENCE);
      }
      if (l == 0) sums[get_group_id(0)] = shared[0] + add;
    }
    """
}

/// A device, its context and a queue.
struct TestDevice {
  let context: Context
  let queue: Queue

  init(profiling: Bool = false) throws {
    context = try Context(try Device.select())
    queue = try Queue(context, profiling: profiling)
  }

  func kernel(_ name: String, _ source: String) throws -> Kernel {
    try Program(context, file: "\(name).cl", source: source, cache: nil).kernel(name)
  }
}

/// A folder of its own that goes when `body` ends.
func withTemporaryFolder<T>(_ body: (String) throws -> T) throws -> T {
  var template = Array("/tmp/swift-bert-test.XXXXXX".utf8CString)
  let made = mkdtemp(&template).map { String(cString: $0) }
  let folder = try #require(made)
  defer { removeFolder(folder) }
  return try body(folder)
}

func filesIn(_ folder: String) -> [String] {
  guard let listing = opendir(folder) else { return [] }
  defer { closedir(listing) }
  var names: [String] = []
  while let entry = readdir(listing) {
    let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    if name != ".", name != ".." { names.append(name) }
  }
  return names.sorted()
}

private func removeFolder(_ folder: String) {
  for name in filesIn(folder) {
    let path = folder + "/" + name
    if unlink(path) != 0 { removeFolder(path) }
  }
  rmdir(folder)
}

/// The error that `body` throws, or null.
func error(_ body: () throws -> Void) -> OpenCLError? {
  do { try body() } catch { return error as? OpenCLError }
  return nil
}
