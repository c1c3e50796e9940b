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

/// What a process holds, from /proc.
struct ProcessState: Equatable, CustomStringConvertible {
  let files: Int
  let threads: Int
  let residentBytes: Int

  /// The least of several looks: libdispatch's own watch over its threads opens a file now and then, and the first sleep
  /// of a process makes a timer with a descriptor. What leaks is there at every look.
  static func now() async throws -> ProcessState {
    try await Task.sleep(for: .milliseconds(20))
    var least = ProcessState()
    for _ in 0..<20 {
      try await Task.sleep(for: .milliseconds(5))
      let state = ProcessState()
      if state.files < least.files { least = state }
    }
    return least
  }

  private init() {
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

  var description: String { "\(files) files, \(threads) threads, \(residentBytes >> 10) KiB" }
}
