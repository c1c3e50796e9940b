// SPDX-License-Identifier: Apache-2.0
import CPUBackend
import ComputeGraph
import OpenCLBackend
import OpenCLRuntime
import OperationCases
import TestSupport
import Testing

/// Dense layers on matrix engines, by the emulation: the same lanes, fragments and addresses, without the unit.
@Suite struct MatrixEngineTests {
  /// A precision and how its products are made.
  enum Kind: String, CaseIterable {
    case float16, bfloat16, tf32, tf32x3, wgmmaFloat16, wgmmaBfloat16

    var precision: Precision {
      switch self {
      case .float16, .wgmmaFloat16: .float16
      case .bfloat16, .wgmmaBfloat16: .bfloat16
      case .tf32, .tf32x3: .float32
      }
    }
    var product: MatrixProduct {
      switch self {
      case .float16, .bfloat16, .tf32x3: .mma
      case .tf32: .tf32
      case .wgmmaFloat16, .wgmmaBfloat16: .wgmma
      }
    }
    /// From the largest to the smallest.
    var configurations: [MMAConfiguration] {
      product == .wgmma ? MMAConfiguration.warpgroupCandidates : MMAConfiguration.candidates
    }
    /// The bound of a row that float32 may miss by `tolerance`.
    func bound(_ tolerance: Double) -> Double {
      switch self {
      case .float16, .tf32, .wgmmaFloat16: 2e-3
      case .bfloat16, .wgmmaBfloat16: 1.5e-2
      case .tf32x3: tolerance
      }
    }
  }

  static func executor(_ kind: Kind, _ configuration: MMAConfiguration? = nil) throws -> OpenCLExecutor {
    let device = try Device.select("auto")
    var profile = DeviceProfile(device, workGroupSize: 32, matrixProduct: kind.product, precision: kind.precision)
    profile.matrixEngine = .emulated
    profile.mmaConfiguration = configuration
    return try OpenCLExecutor(device, profile: profile)
  }

  @Test(arguments: Kind.allCases) func denseLayersAgreeWithTheOracle(kind: Kind) async throws {
    // One tile: they all have the same bits, and each would be a program for every activation.
    let tile = try #require(
      kind.configurations.first { ["32x32/16x16/8x4", "64x32/64x32/8x4"].contains($0.description) })
    let executor = try Self.executor(kind, tile)
    // What follows the product is the same for all kinds: activations and layers without a bias run in one of them.
    let rows = KernelForm.largeGroups.rows.filter { row in
      switch row.operation {
      case .linear(activation: .identity): kind == .float16 || row.operands.count == 3
      case .linear, .feedForward: kind == .float16
      default: false
      }
    }
    #expect(rows.count > (kind == .float16 ? 25 : 16))
    for row in rows {
      let wanted = try await row.run(on: CPUExecutor<Double>())
      let found = try await row.run(on: executor)
      #expect(found.shape == wanted.shape, "\(row)")
      let error = relativeError(found.doubles, wanted.doubles)
      #expect(error <= kind.bound(row.tolerance), "\(row)")
    }
  }

  /// By the layer's size, as a model does.
  @Test(arguments: [Kind.float16, .wgmmaFloat16])
  func configurationsChosenBySizeAgreeWithTheOracle(kind: Kind) async throws {
    let executor = try Self.executor(kind)
    // Of whole chunks, with a bias: each configuration is one program then.
    let sizes = [(128, 768, 768), (1, 768, 3072), (31, 64, 16), (7, 384, 257), (64, 8, 64), (127, 16, 5)]
    let rows = OperationCase.all.filter { row in
      sizes.contains { row.what.hasSuffix("\($0.0) x \($0.1) x \($0.2) identity") }
    }
    #expect(rows.count == sizes.count)
    let chosen = sizes.map { rows, depth, columns in
      let choice = executor.profile.mmaChoice(columns: columns, depth: depth)
      return choice.configurations[choice.index(rows: rows)]
    }
    #expect(Set(chosen).count > 2)
    #expect(chosen.allSatisfy(kind.configurations.contains))
    for row in rows {
      let wanted = try await row.run(on: CPUExecutor<Double>())
      let found = try await row.run(on: executor)
      #expect(relativeError(found.doubles, wanted.doubles) <= 2e-3, "\(row)")
    }
  }

  /// A row's bits depend neither on the configuration nor on the other rows. Wide, middle and small ones of each kind stand
  /// for all: an emulated program takes PoCL up to ten seconds to build.
  @Test(arguments: [Kind.float16, .tf32x3, .wgmmaFloat16]) func configurationsGiveTheSameBits(kind: Kind) async throws {
    // The second is of whole chunks.
    let names = ["67 x 129 x 97 identity"] + (kind == .tf32x3 ? [] : ["31 x 64 x 16 identity"])
    let chosen =
      switch kind {
      case .wgmmaFloat16:
        [
          "128x256/64x256/4x2", "256x128/128x128/4x2", "128x128/128x128/4x3", "64x64/64x64/8x3", "64x16/64x16/8x4",
        ]
      case .tf32x3: ["128x128/64x32/4x3", "64x64/32x32/8x3", "16x16/16x16/8x4"]
      default: ["256x128/64x64/4x2", "128x128/64x64/4x3", "64x64/32x32/8x2", "32x64/16x32/8x4", "16x16/16x16/8x4"]
      }
    let configurations = kind.configurations.filter { chosen.contains($0.description) }
    #expect(configurations.count == chosen.count)
    let rows = OperationCase.small.filter { $0.operation.name == "linear" && names.contains($0.what) }
    #expect(rows.count == names.count)
    for row in rows {
      // Four warps' emulation makes the same chains as one's.
      var reference =
        kind == .wgmmaFloat16 ? try await row.run(on: Self.executor(.float16)).floats.map(\.bitPattern) : nil
      for configuration in configurations {
        let bits = try await row.run(on: Self.executor(kind, configuration)).floats.map(\.bitPattern)
        if let reference { #expect(bits == reference, "\(configuration): \(row)") }
        reference = reference ?? bits
      }
    }
  }

  @Test func configurationsAreReadAsTheyAreWritten() {
    let all = MMAConfiguration.candidates + MMAConfiguration.warpgroupCandidates
    for configuration in all {
      #expect(MMAConfiguration(configuration.description) == configuration)
      #expect(configuration.localByteCount <= 48 << 10, "NVIDIA gives an OpenCL group 48 KiB")
    }
    #expect(Set(all.map(\.description)).count == all.count)
    #expect(MMAConfiguration("128x128/64x64/4x9") == nil)
    #expect(MMAConfiguration("") == nil)
  }

  // MARK: Probes

  @Test func theProbeFindsEveryProductOfTheEmulation() throws {
    let probe = MatrixEngineProbe.run(try Device.select("auto"), [.emulated], cache: .standard)
    #expect(probe.engine == .emulated)
    #expect(probe.products == Set(MatrixEngineProbe.Product.allCases))
    #expect(probe.notes.isEmpty)
  }

  @Test func aWrongAnswerTakesItsProductOut() throws {
    let probe = MatrixEngineProbe.run(try Device.select("auto"), [.emulated], cache: .standard) { product in
      var known = KnownProducts(product)
      if product == .bfloat16 { known.expected[300] += 1 }
      if product == .tf32x3 { known.expected[7] += 1e-2 }
      return known
    }
    #expect(probe.engine == .emulated)
    #expect(probe.products == [.float16, .tf32, .wgmmaFloat16, .wgmmaBfloat16])
    #expect(probe.notes.count == 2)
    #expect(probe.notes.allSatisfy { $0.contains("gives wrong products of ") })
  }

  @Test func anEngineWithoutARightProductIsNone() throws {
    let probe = MatrixEngineProbe.run(try Device.select("auto"), [.emulated], cache: .standard) { product in
      var known = KnownProducts(product)
      known.expected[0] += 1
      return known
    }
    #expect(probe.engine == nil)
    #expect(probe.products.isEmpty)
    #expect(probe.notes.count == 6)
  }

  /// PoCL's processor has no such instructions: the program does not build, and the device goes on without.
  @Test func anEngineThatTheDeviceDoesNotHaveIsNone() throws {
    let device = try Device.select("auto")
    guard !device.vendor.uppercased().contains("NVIDIA") else { return }
    let probe = MatrixEngineProbe.run(device, [.nvidia], cache: nil)
    #expect(probe.engine == nil)
    #expect(probe.notes.isEmpty)
    #expect(probe.absences.count == 6)
    #expect(probe.absences.allSatisfy { $0.contains("has no products of ") })
  }

  @Test func aProfileTakesWhatTheProbeFound() throws {
    let device = try Device.select("auto")
    func profile(
      _ products: Set<MatrixEngineProbe.Product>, _ precision: Precision, forced: MatrixProduct? = nil
    ) -> DeviceProfile {
      var profile = DeviceProfile(device, workGroupSize: 32, matrixProduct: forced ?? .tiled, precision: precision)
      profile.use(
        MatrixEngineProbe(engine: products.isEmpty ? nil : .nvidia, products: products),
        isForced: forced != nil)
      return profile
    }
    #expect(profile([.float16], .float16).matrixProduct == .mma)
    #expect(profile([.float16], .float16).matrixEngine == .nvidia)
    #expect(profile([.float16], .bfloat16).matrixProduct == .tiled)
    #expect(profile([.tf32], .float32).matrixProduct == .tiled, "one tf32 is not float32's accuracy")
    #expect(profile([.tf32x3], .float32).matrixProduct == .mma)
    #expect(profile([.tf32], .float32, forced: .tf32).matrixEngine == .nvidia)
    #expect(profile([.float16], .float16, forced: .tiled).matrixProduct == .tiled)
    #expect(profile([], .float16, forced: .mma).matrixEngine == .emulated)
    #expect(profile([.float16, .wgmmaFloat16], .float16).matrixProduct == .mma, "nobody asked for four warps")
    #expect(profile([.float16, .wgmmaFloat16], .float16, forced: .wgmma).matrixEngine == .nvidia)
    #expect(profile([.float16], .float16, forced: .wgmma).matrixEngine == .emulated)
  }

  @Test func fourWarpsMultiply16BitsAlone() throws {
    let device = try Device.select("auto")
    let profile = DeviceProfile(device, workGroupSize: 32, matrixProduct: .wgmma)
    #expect(throws: PrecisionError.matrixProduct(.wgmma, .float32)) { try OpenCLExecutor(device, profile: profile) }
    let error = PrecisionError.matrixProduct(.wgmma, .float32)
    #expect("\(error)".contains("wgmma does not take float32, but float16 and bfloat16"))
  }

  /// A tuner and a model take configurations of their product's kind, and of no other.
  @Test func eachProductHasConfigurationsOfItsOwn() throws {
    for kind in [Kind.float16, .wgmmaFloat16] {
      var profile = try Self.executor(kind).profile
      #expect(Set(profile.mmaCandidates) == Set(kind.configurations.filter(profile.fits)))
      #expect(profile.mmaCandidates.count > 5)
      for rows in [1, 128, 4096] {
        let choice = profile.mmaChoice(columns: 768, depth: 768)
        #expect(kind.configurations.contains(choice.configurations[choice.index(rows: rows)]))
      }
      let other = try #require((kind == .float16 ? Kind.wgmmaFloat16 : .float16).configurations.last)
      profile.mmaConfiguration = other
      let forced = profile.mmaChoice(columns: 768, depth: 768)
      #expect(!forced.configurations.contains(other), "one of the other kind is passed over")
    }
  }

  // MARK: Instructions of sm_90a

  @Test func theKernelsHaveTheMarkThatTheHostTakesOut() throws {
    let source = KernelLibrary.source("warpgroup")
    #expect(source.contains("#define SM_90A \"\(HopperBinary.mark)\""))
    #expect(source.split(separator: "\n").filter { $0.contains("volatile(SM_90A ") }.count == 5)
  }

  @Test func instructionsAreOpenedInPTXForHopper() throws {
    let text = """
      .version 9.0
      .target sm_90, texmode_independent
      \t//sm_90a: wgmma.fence.sync.aligned;
      \t// a comment\n
      """
    let opened = try #require(HopperBinary.edit.edited(Array(text.utf8) + [0]))
    #expect(
      String(decoding: opened, as: UTF8.self)
        == text.replacing("sm_90,", with: "sm_90a,").replacing("//sm_90a: ", with: "") + "\u{0}")
    for other in [
      text.replacing("sm_90,", with: "sm_80,"), text.replacing("sm_90,", with: "sm_90a,"),
      text.replacing("//sm_90a: ", with: ""),
    ] {
      #expect(HopperBinary.edit.edited(Array(other.utf8)) == nil, "\(other)")
    }
    #expect(HopperBinary.edit.edited([0xFF, 0xFE]) == nil)
  }
}
