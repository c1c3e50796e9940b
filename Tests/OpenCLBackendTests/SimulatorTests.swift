// SPDX-License-Identifier: Apache-2.0
import CPUBackend
import OpenCLBackend
import OpenCLRuntime
import TestSupport
import Testing

/// What `scripts/oclgrind-gate` runs on the simulator: every operation at odd sizes, in the CPU's and the GPU's form of its
/// kernels. The simulator's log is the finding; the numbers are checked as well. One at a time: it is not thread-safe.
@Suite(.serialized) struct SimulatorTests {
  @Test(arguments: OperationCase.small) func cpuForm(row: OperationCase) async throws {
    try await check(row, workGroupSize: 1, .panels)
  }

  @Test(arguments: OperationCase.small) func gpuForm(row: OperationCase) async throws {
    try await check(row, workGroupSize: 32, .tiled)
  }

  private func check(_ row: OperationCase, workGroupSize: Int, _ product: MatrixProduct) async throws {
    let device = try Device.select("auto")
    let profile = DeviceProfile(device, workGroupSize: workGroupSize, matrixProduct: product)
    let wanted = try await row.run(on: CPUExecutor<Double>())
    let found = try await row.run(on: OpenCLExecutor(device, profile: profile))
    #expect(relativeError(found.doubles, wanted.doubles) <= row.tolerance)
  }
}
