// SPDX-License-Identifier: Apache-2.0
import CPUBackend
import OpenCLBackend
import OpenCLRuntime
import TestSupport
import Testing

/// What `scripts/oclgrind-gate` runs on the simulator: every operation at odd sizes, in the CPU's and the GPU's form of
/// its kernels. The simulator's log is the finding; the numbers are checked as well. One at a time: it is
/// not thread-safe.
@Suite(.serialized) struct SimulatorTests {
  /// All but attention's third dropout, which is the second's code with another number: half a minute for each long
  /// sequence.
  static let forward = OperationCase.small.filter {
    !($0.operation.name == "training_attention" && $0.what.hasSuffix("dropout 0.6"))
  }

  @Test(arguments: forward) func cpuForm(row: OperationCase) async throws {
    try await check(row, workGroupSize: 1, .panels)
  }

  @Test(arguments: forward) func gpuForm(row: OperationCase) async throws {
    try await check(row, workGroupSize: 32, .tiled)
  }

  /// Both passes.
  @Test(arguments: OperationCase.smallGradients) func cpuFormBackward(row: OperationCase) async throws {
    try await checkGradient(row, workGroupSize: 1, .panels)
  }

  @Test(arguments: OperationCase.smallGradients) func gpuFormBackward(row: OperationCase) async throws {
    try await checkGradient(row, workGroupSize: 32, .tiled)
  }

  /// Other tiles than the sizes above ask for.
  @Test(arguments: TiledConfiguration.candidates) func denseLayer(_ tile: TiledConfiguration) async throws {
    let device = try Device.select("auto")
    guard tile.fits(maxWorkGroupSize: device.maxWorkGroupSize, localMemory: device.localMemory) else { return }
    for name in ["67 x 129 x 97 identity", "3 x 4 x 5 identity"] {
      let row = try #require(OperationCase.small.first { $0.operation.name == "linear" && $0.what == name })
      try await check(row, workGroupSize: 32, .tiled) { $0.tiledConfiguration = tile }
    }
  }

  /// Dense layers on an emulated matrix engine, in the smallest tiles; warpgroups' are cut down to the simulator's 32 KiB of
  /// local memory, one of each way in which chunks are exchanged, the second for two warpgroups.
  @Test(arguments: MatrixEngineTests.Kind.allCases)
  func denseLayerOnAMatrixEngine(kind: MatrixEngineTests.Kind) async throws {
    let row = try #require(
      OperationCase.small.first { $0.operation.name == "linear" && $0.what == "3 x 4 x 5 identity" })
    let wanted = try await row.run(on: CPUExecutor<Double>())
    let tiles =
      kind.product != .wgmma
      ? Array(kind.configurations.suffix(2))
      : [
        MMAConfiguration(
          tileRows: 64, tileColumns: 16, warpRows: 64, warpColumns: 16, tileChunks: 8, stages: 2, warpgroupSize: 4),
        MMAConfiguration(
          tileRows: 128, tileColumns: 64, warpRows: 64, warpColumns: 64, tileChunks: 4, stages: 2, warpgroupSize: 4),
      ]
    for tile in tiles {
      let found = try await row.run(on: MatrixEngineTests.executor(kind, tile))
      #expect(relativeError(found.doubles, wanted.doubles) <= kind.bound(row.tolerance))
    }
  }

  @Test(arguments: [1, 2, 4, 8], [false, true]) func attention(itemQueries: Int, isCausal: Bool) async throws {
    let what = "[9, 70, 40, 3] over [4, 65, 0, 2] 1 apart, 2 heads of 7" + (isCausal ? ", causal" : "")
    let row = try #require(OperationCase.small.first { $0.operation.name == "attention" && $0.what == what })
    try await check(row, workGroupSize: 128, .tiled) { $0.attentionItemQueries = itemQueries }
  }

  /// Attention on an emulated matrix engine; a group of it takes the simulator five seconds.
  @Test(arguments: Precision.halves) func attentionWarps(precision: Precision) async throws {
    for what in ["[5, 17], 1 heads of 16", "[5, 0, 3] over [70, 2, 0] 1 apart, 1 heads of 16 1 apart, causal"] {
      let row = try #require(OperationCase.small.first { $0.operation.name == "attention" && $0.what == what })
      let run = try row.prepare().rounded(to: precision)
      let wanted = try #require(try await run.run(on: CPUExecutor<Double>())["result"])
      let executor = try OpenCLExecutor(try Device.select("auto"), profile: AttentionWarpsTests.profile(precision))
      let found = try #require(try await run.run(on: executor)["result"])
      #expect(relativeError(found.doubles, wanted.doubles) <= precision.roundoff + row.tolerance)
    }
  }

  /// The products and the optimizer of training: both layouts of the CPU's products, a weight in a state.
  @Test(arguments: [1, 32]) func training(workGroupSize: Int) async throws {
    let device = try Device.select("auto")
    let product: MatrixProduct = workGroupSize == 1 ? .panels : .tiled
    // One for each run: Oclgrind 21.10 takes a new buffer for a released one and does not see what kernels write behind its
    // end.
    func executor() throws -> OpenCLExecutor {
      try OpenCLExecutor(
        device, profile: DeviceProfile(device, workGroupSize: workGroupSize, matrixProduct: product))
    }
    for size in [ProductSize(1, 1, 1), ProductSize(19, 33, 37), ProductSize(7, 5, 48)] {
      for hasAddend in [false, true] {
        try await PreparedRun.gradients(size, hasAddend: hasAddend).compare(executor(), "\(size)")
      }
      try await PreparedRun.forward(size).compare(executor(), "\(size)")
    }
    for maxGradNorm in [nil, 0.5] { try await PreparedRun.step(1, maxGradNorm).compare(executor(), "a step") }
  }

  private func check(
    _ row: OperationCase, workGroupSize: Int, _ product: MatrixProduct,
    _ change: (inout DeviceProfile) -> Void = { _ in }
  ) async throws {
    let device = try Device.select("auto")
    var profile = DeviceProfile(device, workGroupSize: workGroupSize, matrixProduct: product)
    change(&profile)
    let wanted = try await row.run(on: CPUExecutor<Double>())
    let found = try await row.run(on: OpenCLExecutor(device, profile: profile))
    #expect(relativeError(found.doubles, wanted.doubles) <= row.tolerance)
  }

  private func checkGradient(_ row: OperationCase, workGroupSize: Int, _ product: MatrixProduct) async throws {
    let device = try Device.select("auto")
    let profile = DeviceProfile(device, workGroupSize: workGroupSize, matrixProduct: product)
    let prepared = try row.prepareGradient()
    let found = try await prepared.runGradient(on: OpenCLExecutor(device, profile: profile))
    for (name, wanted) in try await prepared.runGradient(on: CPUExecutor<Double>()) {
      #expect(relativeError(found[name] ?? [], wanted) <= row.gradientTolerance, "\(name)")
    }
  }
}
