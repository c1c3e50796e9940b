// SPDX-License-Identifier: Apache-2.0
import OpenCLRuntime

extension OpenCLExecutor {
  /// Single-precision operations per second that the device reaches with fused multiply-adds alone: the best of some
  /// launches, measured, not read off a data sheet.
  ///
  /// - Throws: `OpenCLError`.
  public func measurePeak() async throws -> Double {
    try await thread.run { try self.peak() }
  }

  /// Must equal CHAINS in Kernels/fma_peak.cl.
  private static let chains = 12

  private func peak() throws -> Double {
    let isCPU = profile.workGroupSize == 1
    let items = isCPU ? profile.computeUnits * 8 : profile.computeUnits * 2048
    let width = profile.vectorWidth
    let kernel = try library.kernel("fma_peak", defines: ["CHAINS": OpenCLExecutor.chains])
    let out = try Buffer(context, byteCount: items * width * 4, label: "peak")
    let clock = ContinuousClock()
    var steps = 1 << 14
    var best = 0.0
    for _ in 0..<12 {
      try kernel.bind([.buffer(out), .int32(Int32(steps))])
      let start = clock.now
      try queue.launch(
        kernel, global: WorkSize(items), local: WorkSize(isCPU ? 1 : profile.workGroupSize))
      try queue.finish()
      let passed = (clock.now - start).components
      let seconds = Double(passed.seconds) + Double(passed.attoseconds) * 1e-18
      let operations = 2.0 * Double(steps * OpenCLExecutor.chains * width * items)
      best = max(best, operations / max(seconds, 1e-9))
      // Long enough for launches not to count, short enough for a command line.
      if seconds < 0.02, steps < 1 << 24 { steps *= 2 }
    }
    _ = recorder?.take()
    return best
  }
}
