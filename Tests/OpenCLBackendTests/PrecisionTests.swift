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
  /// Sums are made in float32, so that the result's rounding is all there is: in most operations one, of the last bit.
  @Test(arguments: [KernelForm.native, .vectors4, .vectors16, .groups], Precision.halves)
  func everyOperationAgreesWithTheOracle(form: KernelForm, precision: Precision) async throws {
    let executor = try form.executor(precision: precision)
    for row in form.rows where !row.operation.needsFloat32 {
      let run = try row.prepare().rounded(to: precision)
      let wanted = try #require(try await run.run(on: CPUExecutor<Double>())["result"])
      let found = try #require(try await run.run(on: executor)["result"])
      #expect(found.shape == wanted.shape, "\(row)")
      let error = relativeError(found.doubles, wanted.doubles)
      // 2e-3 and 1.5e-2 where it has not been seen that one rounding is all.
      let roundings: Double = form == .native || form == .vectors4 ? 1 : 4
      #expect(error <= roundings * precision.roundoff + row.tolerance, "\(row): \(error)")
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
