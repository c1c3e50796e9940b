// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OperationCases

/// A few parameters, of which some are decayed, and an optimizer that updates them.
public struct OptimizerSteps: Sendable {
  public let layout: ParameterLayout
  public let adamW: AdamW

  public init(maxGradNorm: Double?, epsilon: Double = 1e-8) throws {
    var graph = Graph()
    for (name, shape) in [("a", [37, 5]), ("b", [7]), ("c", [300]), ("d", [1])] { _ = try graph.parameter(name, shape) }
    layout = try ParameterLayout(graph) { ["a", "c"].contains($0.name) }
    adamW = AdamW(epsilon: epsilon, decayed: layout.decayedCount, maxGradNorm: maxGradNorm)
  }

  /// Random numbers at the places of parameters, 0 between them.
  public func random(seed: UInt64, deviation: Double = 1) -> [Float] {
    var generator = SeededGenerator(seed: seed)
    var elements = [Float](repeating: 0, count: layout.elementCount)
    for place in layout.places {
      elements.replaceSubrange(place.range, with: normal(place.range.count, &generator, deviation: deviation))
    }
    return elements
  }

  /// What one step leaves behind, by name of output or state.
  public typealias Step = [String: Tensor]

  /// Takes a step for each of the gradients.
  ///
  /// - Parameter learningRate: by step, counted from 1.
  public func run(
    on executor: some Executor, weights: [Float], gradients: [[Float]], decay: Double, learningRate: (Int) -> Double
  ) async throws -> [Step] {
    typealias Name = ParameterLayout.StateName
    let loaded = try await executor.load(try Graph.update(layout, adamW), parameters: ParameterTable())
    let state = try await loaded.makeState([:])
    try await state.write(try Tensor(.float32(weights), shape: [layout.elementCount]), to: Name.weights)
    var steps: [Step] = []
    for (index, gradient) in gradients.enumerated() {
      let t = index + 1
      let rate = learningRate(t)
      // The same numbers on every executor: those that a device gets.
      let rates = [rate, 1 / (1 - power(adamW.beta1, t)), 1 / (1 - power(adamW.beta2, t)).squareRoot(), rate * decay]
      try await state.write(try Tensor(.float32(gradient), shape: [layout.elementCount]), to: Name.gradients)
      try await state.write(try Tensor(.float32([Float(t)]), shape: [1]), to: Name.loss)
      let inputs = RunInputs(
        dimensions: [:], tensors: ["rates": try Tensor(.float32(rates.map { Float($0) }), shape: [4])])
      var step = try await loaded.run(inputs, outputs: ["loss", "squared_norm"], state: state)
      for name in state.shapes.keys { step[name] = try await state.read(name) }
      steps.append(step)
    }
    return steps
  }

  private func power(_ base: Double, _ exponent: Int) -> Double {
    (0..<exponent).reduce(1) { power, _ in power * base }
  }
}
