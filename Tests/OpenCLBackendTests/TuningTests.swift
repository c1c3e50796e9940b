// SPDX-License-Identifier: Apache-2.0
import CPUBackend
import ComputeGraph
import Glibc
import OpenCLBackend
import OpenCLRuntime
import StrictJSON
import TestSupport
import Testing

/// The tuner: what it measures, what it refuses, and what it keeps.
///
/// In processes of their own: other tests' launches would wait for what is measured here, and be measured with it.
@Suite struct TuningTests {
  private static let options: TuningOptions = {
    var options = TuningOptions()
    options.mostRows = 130
    options.longestSequence = 40
    options.rounds = 2
    return options
  }()

  /// Two dense layers of one size, one of another, and attention.
  private static func graph() throws -> Graph {
    var graph = Graph()
    let x = try graph.input("x", [.tokens, .fixed(40)], .real)
    let offsets = try graph.input("offsets", [.symbol(.sequences, plus: 1)], .int32, segmenting: .tokens)
    let starts = try graph.input("starts", [.sequences], .int32)
    let ends = try graph.input("ends", [.sequences], .int32)
    func linear(_ name: String, _ x: Graph.Value, _ columns: Int, _ depth: Int) throws -> Graph.Value {
      let weight = try graph.parameter(name + ".weight", [columns, depth])
      let bias = try graph.parameter(name + ".bias", [columns])
      return try graph.apply(.linear(activation: .geluErf), [x, weight, bias])
    }
    let first = try linear("first", x, 40, 40)
    let second = try linear("second", first, 40, 40)
    let qkv = try linear("qkv", second, 120, 40)
    let attention = Attention(heads: 2, headSize: 20, keyColumn: 40, valueColumn: 80)
    try graph.output("y", graph.apply(.attention(attention), [qkv, qkv, qkv, offsets, starts, ends]))
    return graph
  }

  /// In every form of the kernels: each size of each step once, everything measured, nothing refused.
  @Test(.timeLimit(.minutes(20)), arguments: [KernelForm.native, .vectors8, .groups])
  func everyConfigurationComputesTheSame(form: KernelForm) async {
    await #expect(processExitsWith: .success) { [form] in
      let executor = try form.executor(choosesTiles: true)
      let tuning = try await executor.tune(TuningTests.graph(), TuningTests.options, oracle: CPUExecutor<Double>())
      let rows = [1, 2, 4, 8, 16, 32, 64, 128, 256]
      let wanted =
        rows.flatMap { [TuningKey(.linear, [40, 40], size: $0), TuningKey(.linear, [120, 40], size: $0)] }
        + rows.prefix(7).map { TuningKey(.attention, [2, 20], size: $0) }
      #expect(Set(tuning.measurements.keys) == Set(wanted))
      for (key, measurement) in tuning.measurements {
        #expect(measurement.gain >= 1)
        #expect(measurement.candidates.contains { $0.configuration == measurement.standard })
        #expect(Set(measurement.candidates.map(\.configuration)).count == measurement.candidates.count)
        for candidate in measurement.candidates {
          guard case .seconds(let seconds) = candidate.outcome else {
            Issue.record("\(key): \(candidate)")
            continue
          }
          #expect(seconds > 0)
          let best = try #require(measurement.seconds(of: measurement.choice))
          // The choice is the fastest, or the standard one, which nobody beat by enough.
          #expect(best <= seconds || measurement.choice == measurement.standard)
        }
      }
      #expect(tuning.measurements.values.contains { $0.candidates.count > 3 }, "there is something to choose from")
    }
  }

  /// A tuned executor computes the bits of an untuned one, whatever was chosen.
  @Test(.timeLimit(.minutes(20)), arguments: [KernelForm.native, .groups])
  func anyChoiceGivesTheSameBits(form: KernelForm) async {
    await #expect(processExitsWith: .success) { [form] in
      let plain = try form.executor(choosesTiles: true)
      let tuning = try await plain.tune(TuningTests.graph(), TuningTests.options, oracle: CPUExecutor<Double>())
      var generator = SeededGenerator(seed: 3)
      let (graph, parameters) = (try TuningTests.graph(), RandomParameters())
      let lengths: [Int32] = [3, 40, 1, 29]
      let bounds = lengths.reduce(into: [Int32(0)]) { $0.append($0[$0.count - 1] + $1) }
      let x = (0..<73 * 40).map { _ in Float.random(in: -1...1, using: &generator) }
      let inputs = RunInputs(
        dimensions: [.tokens: 73, .sequences: 4, .longest: 40],
        tensors: [
          "x": try Tensor(.float32(x), shape: [73, 40]), "offsets": .int32(bounds),
          "starts": .int32(Array(bounds.dropLast())), "ends": .int32(Array(bounds.dropFirst())),
        ])
      func run(_ tuning: Tuning) async throws -> [UInt32] {
        let executor = try OpenCLExecutor(plain.device, profile: plain.profile, tuning: tuning)
        let loaded = try await executor.load(graph, parameters: parameters)
        return try await #require(loaded.run(inputs, outputs: ["y"])["y"]).floats.map(\.bitPattern)
      }
      let wanted = try await run(.none)
      #expect(try await run(tuning) == wanted)
      // And the last candidate of each, which nobody would choose.
      let odd = Tuning(
        tuning.measurements.mapValues { measurement in
          Tuning.Measurement(
            choice: measurement.candidates[measurement.candidates.count - 1].configuration,
            standard: measurement.standard, candidates: measurement.candidates)
        })
      #expect(odd != tuning)
      #expect(try await run(odd) == wanted)
    }
  }

  /// Numbers that the oracle does not confirm are an error, not a choice.
  @Test(.timeLimit(.minutes(20))) func aDeviceThatComputesWrongNumbersIsNotTuned() async {
    await #expect(processExitsWith: .success) {
      let executor = try KernelForm.native.executor()
      await #expect {
        _ = try await executor.tune(TuningTests.graph(), TuningTests.options, oracle: WrongOracle())
      } throws: { error in
        guard case TuningError.wrong(let step, let reason) = error else { return false }
        return step.contains("linear 40 x 40") && reason.contains("element 0")
      }
    }
  }

  /// A configuration that the device does not take is refused, and the others are measured all the same.
  @Test(.timeLimit(.minutes(20))) func aProgramThatDoesNotBuildIsRefused() async {
    await #expect(processExitsWith: .success) {
      var graph = Graph()
      let x = try graph.input("x", [.tokens, .fixed(12)], .real)
      let offsets = try graph.input("offsets", [.symbol(.sequences, plus: 1)], .int32, segmenting: .tokens)
      let starts = try graph.input("starts", [.sequences], .int32)
      let ends = try graph.input("ends", [.sequences], .int32)
      let attention = Attention(heads: 1, headSize: 4, keyColumn: 4, valueColumn: 8)
      try graph.output("y", graph.apply(.attention(attention), [x, x, x, offsets, starts, ends]))
      let executor = try KernelForm.native.executor()
      var options = TuningOptions()
      options.longestSequence = 1
      CallMonitor.start()
      // The first builds the standard configuration, which nothing can do without.
      CallMonitor.inject(CallMonitor.Fault(nth: 2, status: .outOfHostMemory, call: "clBuildProgram"))
      let tuning = try await executor.tune(graph, options, oracle: CPUExecutor<Double>())
      let report = CallMonitor.removeFault()
      CallMonitor.stop()
      #expect(report.hits == 1)
      let measurement = try #require(tuning.measurements[TuningKey(.attention, [1, 4], size: 1)])
      let refused = measurement.candidates.filter { candidate in
        if case .refused(let reason) = candidate.outcome { reason.contains("clBuildProgram") } else { false }
      }
      #expect(refused.count == 1 && refused.allSatisfy { $0.configuration != measurement.choice })
      #expect(measurement.candidates.count == 4)
      #expect(measurement.candidates.count { measurement.seconds(of: $0.configuration) != nil } == 3)
    }
  }

  @Test func comparisonsFindWhatDiffers() {
    #expect(Agreement.difference([1, 2, 3], [1, 2], within: 1e-5) == nil)
    #expect(Agreement.difference([1, 2.1], [1, 2], within: 1e-5)?.contains("element 1") ?? false)
    #expect(Agreement.difference([1, Float.nan], [1, 2], within: 1e-5) != nil)
    #expect(Agreement.difference([1], [1, 2], within: 1e-5) != nil)
    #expect(Agreement.difference([], [], within: 1e-5) != nil)
    #expect(Agreement.bitDifference([1, Float.nan], [1, Float.nan]) == nil)
    #expect(Agreement.bitDifference([1, 2], [1, Float(2).nextUp])?.contains("element 1") ?? false)
    #expect(Agreement.bitDifference([Float(0)], [-Float(0)]) != nil)
    #expect(Agreement.bitDifference([0], [0, 0]) != nil)
  }

  @Test(arguments: [(0, 1), (1, 1), (2, 2), (3, 4), (4, 4), (5, 8), (1024, 1024), (1025, 2048), (1 << 40, 2048)])
  func sizesFallIntoClasses(size: Int, wanted: Int) { #expect(TuningKey.sizeClass(of: size) == wanted) }
}

/// Everything is 1 too large.
private struct WrongOracle: Executor {
  func load(_ graph: Graph, parameters: any ParameterSource) async throws -> any LoadedGraph {
    WrongGraph(inner: try await CPUExecutor<Double>().load(graph, parameters: parameters))
  }

  private struct WrongGraph: LoadedGraph {
    let inner: any LoadedGraph
    var graph: Graph { inner.graph }

    func run(_ inputs: RunInputs, outputs: [String], state: (any GraphState)?) async throws -> [String: Tensor] {
      try await inner.run(inputs, outputs: outputs, state: state).mapValues { tensor in
        try Tensor(.float64(tensor.doubles.map { $0 + 1 }), shape: tensor.shape)
      }
    }

    func variant(_ graph: Graph) async throws -> any LoadedGraph { try await inner.variant(graph) }
    func makeState(_ dimensions: Dimensions) async throws -> any GraphState { try await inner.makeState(dimensions) }
  }
}

/// Weights that depend on their name and place alone.
private struct RandomParameters: ParameterSource {
  func read(_ part: Graph.Parameter.Part, from start: Int, into destination: UnsafeMutableBufferPointer<Float>) {
    for index in destination.indices {
      var generator = SeededGenerator(seed: UInt64(part.key.utf8.count * 1_000_003 + start + index))
      destination[index] = Float.random(in: -0.3...0.3, using: &generator)
    }
  }

  func read(_ part: Graph.Parameter.Part, from start: Int, into destination: UnsafeMutableBufferPointer<Double>) {
    preconditionFailure("only the device reads these")
  }
}
