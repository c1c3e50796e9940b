// SPDX-License-Identifier: Apache-2.0
import BERT
import Glibc
import OpenCLRuntime
import Testing

// The call monitor, file descriptors, threads and memory are a process's. Tests that count them run in a child process of
// their own (Swift Testing's exit tests), so that whatever else is being tested beside them is not counted.

/// What the monitor counts once nothing is in flight: a handle's last reference may be the device thread's, which lets go
/// of it a moment after a call has returned.
func settledHandles() async throws -> [CallMonitor.HandleKind: Int] {
  for _ in 0..<2000 {
    let outstanding = CallMonitor.counts.outstanding
    if outstanding.isEmpty { return outstanding }
    try await Task.sleep(for: .milliseconds(1))
  }
  return CallMonitor.counts.outstanding
}

/// Waits until no OpenCL call has come for a while: plans go on the device's thread, some time after the caches that they
/// were bound to.
///
/// - Parameter periods: how many times 20 ms in a row.
func quiet(for periods: Int = 1) async throws {
  var last = CallMonitor.counts
  var still = 0
  for _ in 0..<200 {
    try await Task.sleep(for: .milliseconds(20))
    let counts = CallMonitor.counts
    still = counts == last ? still + 1 : 0
    if still == periods { return }
    last = counts
  }
  Issue.record("OpenCL calls still came after four seconds")
}

/// What a process holds, from /proc.
struct ProcessState: Equatable, CustomStringConvertible {
  let files: Int
  let threads: Int
  let residentBytes: Int

  init() {
    files = Goldens.entries("/proc/self/fd").count
    threads = Goldens.entries("/proc/self/task").count
    var text = [CChar](repeating: 0, count: 256)
    var pages = 0
    if let file = fopen("/proc/self/statm", "r") {
      if fgets(&text, Int32(text.count), file) != nil {
        let fields = text.prefix { $0 != 0 }.split(separator: 32).map {
          String(decoding: $0.map(UInt8.init), as: UTF8.self)
        }
        pages = fields.count > 1 ? Int(fields[1]) ?? 0 : 0
      }
      fclose(file)
    }
    residentBytes = pages * Int(sysconf(Int32(_SC_PAGESIZE)))
  }

  /// Whether this is `before` and no more than the runtime's own caches and pools have added: libdispatch makes a timer's
  /// descriptor and workers when a machine is busy, allocators keep pages.
  func isFlat(since before: ProcessState, residentBytes slack: Int = 8 << 20) -> Bool {
    files <= before.files + 4 && threads <= before.threads + 8 && residentBytes <= before.residentBytes + slack
  }

  var description: String { "\(files) files, \(threads) threads, \(residentBytes >> 10) KiB" }
}
