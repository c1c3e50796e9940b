// SPDX-License-Identifier: Apache-2.0
import Glibc
import OpenCLRuntime

extension OpenCLExecutor {
  /// Single-precision operations per second that the device reaches with fused multiply-adds alone: the best of some
  /// launches, measured, not read off a data sheet. Takes a quarter of a second.
  ///
  /// Others who use the machine make it smaller and nothing makes it larger: the largest of several calls counts.
  ///
  /// - Throws: `OpenCLError`.
  public func measurePeak() async throws -> Double {
    try await thread.run {
      let run = try PeakRun(self)
      // Nanoseconds: long enough for clocks and starts not to count, short enough to fall between others' slices of time.
      let shortest: UInt64 = run.isCPU ? 1_000_000 : 5_000_000
      var steps = 1 << 10
      var best = 0.0
      var launches = 0
      while launches < 40 {
        // Where others keep the cores busy, threads that have slept get all cores at once sooner than those that have not.
        if run.isCPU { usleep(3000) }
        let time = try run.launch(steps: steps)
        if time < shortest, steps < 1 << 28 {
          steps *= 2
          continue
        }
        launches += 1
        best = max(best, run.floatingPointOperations(steps: steps) / (Double(time) / 1e9))
      }
      return best
    }
  }

  /// What `fma_peak` leaves after so many steps, for tests.
  ///
  /// - Throws: `OpenCLError`.
  package func runPeakKernel(steps: Int) async throws -> (sums: [Float], floatingPointOperations: Double) {
    try await thread.run {
      let run = try PeakRun(self, groups: 1)
      _ = try run.launch(steps: steps)
      return (try run.sums(), run.floatingPointOperations(steps: steps))
    }
  }
}

/// Launches of `fma_peak` on one device. Lives on the executor's thread.
private struct PeakRun {
  private let queue: Queue
  private let kernel: Kernel
  private let out: Buffer
  private let items: Int
  private let local: Int
  private let width: Int
  let isCPU: Bool

  /// Independent chains of a work-item, each of one vector.
  private static let chains = 12

  /// - Parameter groups: work-groups; as many as fill the device where nil.
  init(_ executor: OpenCLExecutor, groups: Int? = nil) throws {
    let profile = executor.profile
    queue = try Queue(executor.context, profiling: true)
    isCPU = profile.workGroupSize == 1
    width = profile.vectorWidth
    local = profile.workGroupSize
    // Several for each core, so that one which others hold up does not hold up the launch.
    items = (groups ?? profile.computeUnits * (isCPU ? 8 : max(2048 / local, 1))) * local
    kernel = try executor.library.kernel(
      "fma_peak", defines: ["CHAINS": PeakRun.chains, "PRECISION": Precision.float32.define])
    out = try Buffer(executor.context, byteCount: items * width * 4, label: "fma_peak's sums")
  }

  func floatingPointOperations(steps: Int) -> Double {
    2 * Double(steps) * Double(PeakRun.chains) * Double(width) * Double(items)
  }

  /// Nanoseconds of one launch on the device.
  func launch(steps: Int) throws -> UInt64 {
    try kernel.bind([.buffer(out), .int32(Int32(steps)), .float(0.5), .float(0.5)])
    let event = try queue.launch(kernel, global: WorkSize(items), local: WorkSize(local), observed: true)
    try queue.finish()
    return max(try event?.times().duration ?? 0, 1)
  }

  func sums() throws -> [Float] { try queue.read(out, count: items * width, of: Float(0)) }
}
