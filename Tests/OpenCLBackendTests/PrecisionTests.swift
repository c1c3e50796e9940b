// SPDX-License-Identifier: Apache-2.0
import CPUBackend
import ComputeGraph
import OpenCLBackend
import OpenCLRuntime
import TestSupport
import Testing

extension Precision {
  static let halves: [Precision] = [.float16, .bfloat16]

  /// Half of the last bit of a number, as a share of it: what one rounding costs at most.
  var roundoff: Double {
    switch self {
    case .float32: 0x1p-24
    case .float16: 0x1p-11
    case .bfloat16: 0x1p-8
    }
  }
}

extension PreparedRun {
  /// The run on numbers that the precision has, so that a device and the oracle are given the same ones.
  func rounded(to precision: Precision) throws -> PreparedRun {
    var run = self
    try run.round(precision.rounded)
    return run
  }
}

@Suite struct PrecisionTests {
  /// A precision in a form of the kernels.
  struct Storage: Sendable, CustomTestStringConvertible {
    let form: KernelForm
    let precision: Precision

    var testDescription: String { "\(precision.rawValue) in \(form.rawValue)" }

    /// The rows that differ in how a kernel reads and writes its numbers: of 16 bits, `LOAD`, `STORE` and the like of
    /// common.cl are new, and what is computed between them is `OperationParityTests`'. A program of dense layers takes
    /// seconds to build, one of attention as well, so two activations and two head sizes stand for all.
    var rows: [OperationCase] {
      OperationCase.all.filter { row in
        switch row.operation {
        case .linear(let activation), .biasActivation(let activation), .feedForward(let activation, _):
          [.identity, .geluErf].contains(activation)
        case .attention(let attention): headSizes.contains(attention.headSize)
        case .attentionContext(let attention): [7, 64].contains(attention.headSize)
        case .attentionProbabilities(let probabilities): [7, 64].contains(probabilities.attention.headSize)
        default: !row.operation.needsFloat32
        }
      }
    }

    /// Of whole vectors, with rows that start where no vector may; and of odd numbers: 37 for the kernel of single
    /// queries, which is the CPU's. In the GPUs' form that alone takes PoCL half a minute.
    private var headSizes: [Int] { form == .groups ? [7, 16] : [16, 37] }
  }

  private static let storages = [KernelForm.native, .groups].flatMap { form in
    Precision.halves.map { Storage(form: form, precision: $0) }
  }

  /// Sums are made in float32, so that the result's rounding is all there is: one, of the last bit.
  @Test(arguments: storages) func everyOperationAgreesWithTheOracle(_ storage: Storage) async throws {
    let precision = storage.precision
    let executor = try storage.form.executor(precision: precision)
    let names = Set(storage.rows.map(\.operation.name))
    #expect(names == Set(OperationCase.all.filter { !$0.operation.needsFloat32 }.map(\.operation.name)))
    for row in storage.rows {
      let run = try row.prepare().rounded(to: precision)
      let wanted = try #require(try await run.run(on: CPUExecutor<Double>())["result"])
      let found = try #require(try await run.run(on: executor)["result"])
      #expect(found.shape == wanted.shape, "\(row)")
      let error = relativeError(found.doubles, wanted.doubles)
      #expect(error <= precision.roundoff + row.tolerance, "\(row): \(error)")
    }
  }

  @Test(arguments: Precision.halves) func theHostDecodesEveryPattern(precision: Precision) {
    let patterns = (0...UInt16.max).map { $0 }
    let found = patterns.withUnsafeBytes { precision.floats($0, count: patterns.count) }
    for (pattern, value) in zip(patterns, found) {
      let wanted =
        precision == .float16 ? Float(Float16(bitPattern: pattern)) : Float(bitPattern: UInt32(pattern) << 16)
      #expect(value.bitPattern == wanted.bitPattern || (value.isNaN && wanted.isNaN), "\(pattern)")
    }
  }

  /// Every number, what lies halfway to the next, and the floats on either side of that.
  @Test func theHostRoundsToTheNearest() {
    for pattern in UInt16(0)..<0x7C00 {
      let (low, high) = (Float(Float16(bitPattern: pattern)), Float16(bitPattern: pattern + 1))
      // Beyond the largest the next would be 65536.
      let middle = (low + (high.isFinite ? Float(high) : 65536)) / 2
      for value in [low, middle.nextDown, middle, middle.nextUp] {
        for value in [value, -value] {
          #expect(Precision.float16.rounded(value).bitPattern == Float(Float16(value)).bitPattern, "\(value)")
        }
      }
    }
    for pattern in UInt32(0)..<0x7F80 {
      let (low, next) = (Float(bitPattern: pattern << 16), Float(bitPattern: (pattern + 1) << 16))
      let middle = Float(bitPattern: pattern << 16 | 0x8000)
      #expect(Precision.bfloat16.rounded(low) == low)
      #expect(Precision.bfloat16.rounded(middle.nextDown) == low)
      #expect(Precision.bfloat16.rounded(middle) == (pattern.isMultiple(of: 2) ? low : next), "\(middle)")
      #expect(Precision.bfloat16.rounded(-middle.nextUp) == -next)
    }
    for precision in Precision.halves {
      #expect(precision.rounded(.nan).isNaN && precision.rounded(Float(bitPattern: 0x7F80_0001)).isNaN)
      #expect(precision.rounded(.infinity) == .infinity && precision.rounded(-.infinity) == -.infinity)
      #expect(precision.rounded(-0.0).bitPattern == 0x8000_0000)
    }
  }

  /// All numbers there are, infinities and NaN among them, times some: products that are subnormal, overflow, or lie
  /// halfway. What a kernel stores is what the host would.
  @Test(arguments: [KernelForm.native, .vectors4, .vectors16, .groups], Precision.halves)
  func theDeviceRoundsAsTheHostDoes(form: KernelForm, precision: Precision) async throws {
    let patterns = (0...UInt16.max).map { $0 }
    let numbers = patterns.withUnsafeBytes { precision.floats($0, count: patterns.count) }
    let factors = [1, -1.375, 0.0078125, 3.140625].map { precision.rounded($0) }
    var graph = Graph()
    let x = try graph.input("x", [.tokens, .fixed(4 * 1024)], .real)
    let scale = try graph.input("scale", [.fixed(4)], .real)
    try graph.output("result", graph.apply(.scaleHeads(heads: 4), [x, scale]))
    let rows = try Tensor(.float32(numbers), shape: [16, 4096])
    let inputs = RunInputs(
      dimensions: [.tokens: 16], tensors: ["x": rows, "scale": try Tensor(.float32(factors), shape: [4])])
    let run = PreparedRun(graph: graph, inputs: inputs, states: [:])
    let found = try #require(try await run.run(on: form.executor(precision: precision))["result"]).floats
    for (index, number) in numbers.enumerated() {
      let wanted = precision.rounded(number * factors[index / 1024 % 4])
      #expect(
        found[index].bitPattern == wanted.bitPattern || (found[index].isNaN && wanted.isNaN),
        "\(number) * \(factors[index / 1024 % 4]) is \(found[index]), should be \(wanted)")
    }
  }

  @Test(arguments: Precision.halves) func memoryIsHalved(precision: Precision) throws {
    let device = try Device.select("auto")
    let (full, half) = (DeviceProfile(device), DeviceProfile(device, precision: precision))
    let row = try #require(OperationCase.all.first { $0.operation.name == "feed_forward" && $0.what.hasPrefix("BERT") })
    let (graph, _, inputs) = try row.build()
    #expect(try half.weightByteCount(of: graph) * 2 == full.weightByteCount(of: graph))
    let arenas = try [half, full].map { try $0.plan(graph, inputs.dimensions).arenaByteCount }
    #expect(arenas[0] * 2 == arenas[1])
  }

  @Test(arguments: Precision.halves) func whatItCannotDoIsRefused(precision: Precision) async throws {
    let device = try Device.select("auto")
    #expect(throws: PrecisionError.matrixProduct(.clblast, precision)) {
      try OpenCLExecutor(device, profile: DeviceProfile(device, matrixProduct: .clblast, precision: precision))
    }
    let executor = try KernelForm.native.executor(precision: precision)
    for row in OperationCase.all where row.operation.needsFloat32 {
      await #expect(throws: PrecisionError.training(precision, operation: row.operation.name)) {
        try await row.run(on: executor)
      }
    }
  }
}
