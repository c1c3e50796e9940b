// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLBackend
import OpenCLRuntime
import TestSupport
import Testing

/// The kernel that shares of the peak refer to.
@Suite(.serialized) struct PeakTests {
  /// After few steps every chain's value tells how many steps it has gone, so the work that is counted is work done.
  @Test(arguments: [1, 32]) func doesTheWorkThatIsCounted(workGroupSize: Int) async throws {
    let device = try Device.select("auto")
    let profile = DeviceProfile(device, workGroupSize: workGroupSize)
    let executor = try OpenCLExecutor(device, profile: profile)
    for steps in [0, 1, 5, 40] {
      let (sums, operations) = try await executor.runPeakKernel(steps: steps)
      let chains = (0..<12).map { chain in
        (0..<steps).reduce(1 + 0.001 * Float(chain)) { x, _ in Float(0.5).addingProduct(x, 0.5) }
      }
      let wanted = chains.dropFirst().reduce(chains[0], +)
      #expect(sums.allSatisfy { $0 == wanted }, "\(steps) steps: \(sums[0]), wanted \(wanted)")
      #expect(sums.count == workGroupSize * profile.vectorWidth)
      #expect(operations == Double(2 * 12 * steps * sums.count))
    }
  }
}
