// SPDX-License-Identifier: Apache-2.0
import CPUBackend
import ComputeGraph
import OpenCLBackend
import OpenCLRuntime
import OperationCases
import TestSupport
import Testing

/// Batches that grow, shrink and grow again in one loaded graph, whose memory is replaced and shared meanwhile.
@Suite struct RunMemoryTests {
  /// Layers enough for places to be used again, with an input of its own for the last.
  private static func graph() throws -> Graph {
    var graph = Graph()
    let x = try graph.input("x", [.tokens, .fixed(8)], .real)
    let late = try graph.input("late", [.tokens, .fixed(8)], .real)
    let (weight, bias) = (try graph.parameter("weight", [8]), try graph.parameter("bias", [8]))
    var value = x
    for layer in 0..<4 {
      let moved = try graph.apply(.biasActivation(.geluErf), [value, bias])
      value = try graph.apply(.addLayerNorm(epsilon: 1e-12), [moved, layer == 3 ? late : value, weight, bias])
    }
    try graph.output("first", value)
    try graph.output("second", graph.apply(.biasActivation(.tanh), [value, bias]))
    return graph
  }

  @Test(arguments: [true, false]) func batchesOfAllSizesAgreeWithTheOracle(sharesArena: Bool) async throws {
    let device = try Device.select("auto")
    var profile = DeviceProfile(device)
    profile.sharesArena = sharesArena
    let graph = try Self.graph()
    var generator = SeededGenerator(seed: 11)
    let parameters = ParameterTable(["weight": normal(8, &generator), "bias": normal(8, &generator)])
    let loaded = try await OpenCLExecutor(device, profile: profile).load(graph, parameters: parameters)
    let oracle = try await CPUExecutor<Double>().load(graph, parameters: parameters)
    for tokens in [3, 70, 1, 2500, 17, 3000, 70, 1] {
      let inputs = RunInputs(
        dimensions: [.tokens: tokens],
        tensors: [
          "x": try Tensor(.float32(normal(tokens * 8, &generator)), shape: [tokens, 8]),
          "late": try Tensor(.float32(normal(tokens * 8, &generator)), shape: [tokens, 8]),
        ])
      for names in [["first"], ["second", "first"]] {
        let found = try await loaded.run(inputs, outputs: names, state: nil)
        let wanted = try await oracle.run(inputs, outputs: names, state: nil)
        for name in names {
          let (found, wanted) = (try #require(found[name]), try #require(wanted[name]))
          #expect(found.shape == wanted.shape)
          #expect(relativeError(found.doubles, wanted.doubles) < 1e-6, "\(tokens) tokens, \(name) of \(names)")
        }
      }
    }
  }
}
