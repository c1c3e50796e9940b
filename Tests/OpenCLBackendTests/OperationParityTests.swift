// SPDX-License-Identifier: Apache-2.0
import CPUBackend
import ComputeGraph
import OpenCLBackend
import OpenCLRuntime
import TestSupport
import Testing

/// The forms in which kernels are built: as this device wants them, as CPUs with other vectors do, and as GPUs do.
enum KernelForm: String, CaseIterable, Codable {
  case native
  case vectors16
  case vectors8
  case vectors4
  case groups
  case largeGroups

  /// The forms, without those that are this device's own by another name.
  static let distinct: [KernelForm] = {
    let native = (try? Device.select("auto")).map { DeviceProfile($0).vectorWidth }
    let widths: [KernelForm: Int] = [.vectors16: 16, .vectors8: 8, .vectors4: 4]
    return allCases.filter { native == nil || widths[$0] != native }
  }()

  /// The rows that a form runs: all of them as this device and as a GPU have it; in the other forms, which differ from
  /// these in width alone, one activation of each kind, and heads of an odd size, of a large odd one and of whole vectors:
  /// every activation and every head size is a program that takes seconds to build.
  var rows: [OperationCase] {
    if self == .native || self == .groups { return OperationCase.all }
    return OperationCase.all.filter { row in
      switch row.operation {
      case .linear(let activation), .biasActivation(let activation), .feedForward(let activation, _):
        [.identity, .geluErf].contains(activation)
      case .attention(let attention): [7, 16, 37].contains(attention.headSize)
      case .attentionProbabilities(let probabilities): [7, 37, 64].contains(probabilities.attention.headSize)
      default: true
      }
    }
  }

  /// - Parameter choosesTiles: whether the GPU forms choose tiles of dense layers by their size, as they do in use. Else
  ///   each form has one: the bits are the same (`TileBitsTests`), and every tile is one more program for each activation.
  func executor(
    _ product: MatrixProduct? = nil, choosesTiles: Bool = false, precision: Precision = .float32
  ) throws -> OpenCLExecutor {
    let device = try Device.select("auto")
    var profile =
      switch self {
      case .native: DeviceProfile(device, matrixProduct: product, precision: precision)
      case .vectors16: DeviceProfile(device, vectorWidth: 16, matrixProduct: product, precision: precision)
      case .vectors8: DeviceProfile(device, vectorWidth: 8, matrixProduct: product, precision: precision)
      case .vectors4: DeviceProfile(device, vectorWidth: 4, matrixProduct: product, precision: precision)
      case .groups:
        DeviceProfile(device, workGroupSize: 32, matrixProduct: product ?? .tiled, precision: precision)
      case .largeGroups:
        DeviceProfile(device, workGroupSize: 128, matrixProduct: product ?? .tiled, precision: precision)
      }
    if !choosesTiles, profile.matrixProduct == .tiled {
      profile.tiledConfiguration =
        self == .groups
        ? TiledConfiguration(tileRows: 16, tileColumns: 64, tileDepth: 16, itemRows: 2, itemColumns: 4)
        : TiledConfiguration(tileRows: 32, tileColumns: 64, tileDepth: 16, itemRows: 4, itemColumns: 4)
    }
    return try OpenCLExecutor(device, profile: profile)
  }
}

@Suite struct OperationParityTests {
  @Test(arguments: KernelForm.distinct) func everyOperationAgreesWithTheOracle(form: KernelForm) async throws {
    let executor = try form.executor()
    for row in form.rows {
      let wanted = try await row.run(on: CPUExecutor<Double>())
      let found = try await row.run(on: executor)
      #expect(found.shape == wanted.shape, "\(row)")
      #expect(relativeError(found.doubles, wanted.doubles) <= row.tolerance, "\(row)")
    }
  }

  /// CLBlast compiles for 14 s the first time, so a few rows of dense layers stand for all.
  @Test func denseLayersOnCLBlastAgreeWithTheOracle() async throws {
    let executor = try KernelForm.groups.executor(.clblast)
    let rows = OperationCase.small.filter { $0.operation.name == "linear" }
    for row in [rows[0], rows[4], rows[8], rows[rows.count - 1]] {
      let wanted = try await row.run(on: CPUExecutor<Double>())
      let found = try await row.run(on: executor)
      #expect(relativeError(found.doubles, wanted.doubles) <= row.tolerance, "\(row)")
    }
  }

  @Test func aRowThatSeesNothingIsZeros() async throws {
    let row = try #require(
      OperationCase.all.first { $0.operation.name == "masked_softmax" && $0.what == "2 x 12 x 97" })
    for form in [KernelForm.native, .groups] {
      let result = try await row.run(on: form.executor()).doubles
      #expect(result[..<(12 * 97)].allSatisfy { $0 == 0 })
    }
  }
}
