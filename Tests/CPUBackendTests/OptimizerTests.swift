// SPDX-License-Identifier: Apache-2.0
import CPUBackend
import ComputeGraph
import TestSupport
import Testing

/// Steps of the optimizer against AdamW written in PyTorch's order, in double precision.
@Suite struct OptimizerTests {
  private typealias Name = ParameterLayout.StateName

  /// PyTorch's `clip_grad_norm_` and `_single_tensor_adamw`.
  private struct Reference {
    let adamW: AdamW
    var weights: [Double]
    var first: [Double]
    var second: [Double]
    /// Products of the betas over the steps so far.
    var products = (1.0, 1.0)

    init(_ adamW: AdamW, _ weights: [Float]) {
      self.adamW = adamW
      self.weights = weights.map(Double.init)
      first = [Double](repeating: 0, count: weights.count)
      second = first
    }

    mutating func step(_ gradient: [Float], _ learningRate: Double, _ decay: Double) {
      var gradient = gradient.map(Double.init)
      let norm = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
      if let most = adamW.maxGradNorm {
        let factor = most / (norm + 1e-6)
        if factor < 1 { gradient = gradient.map { $0 * factor } }
      }
      products = (products.0 * adamW.beta1, products.1 * adamW.beta2)
      for (index, g) in gradient.enumerated() {
        if index < adamW.decayed { weights[index] *= 1 - learningRate * decay }
        first[index] += (g - first[index]) * (1 - adamW.beta1)
        second[index] = second[index] * adamW.beta2 + (1 - adamW.beta2) * g * g
        let denominator = second[index].squareRoot() / (1 - products.1).squareRoot() + adamW.epsilon
        weights[index] -= learningRate / (1 - products.0) * first[index] / denominator
      }
    }
  }

  /// Norms are around 22: the first bound is never in force, the second always.
  @Test(arguments: [nil, 1000, 1], [0, 0.01]) func severalSteps(maxGradNorm: Double?, decay: Double) async throws {
    let steps = try OptimizerSteps(maxGradNorm: maxGradNorm)
    let weights = steps.random(seed: 1)
    let gradients = (0..<7).map { steps.random(seed: 10 + $0) }
    // Powers of two, which rates of 32 bits hold exactly.
    let found = try await steps.run(
      on: CPUExecutor<Double>(), weights: weights, gradients: gradients, decay: decay
    ) { 1 / Double(8 << $0) }
    var reference = Reference(steps.adamW, weights)
    for (index, step) in found.enumerated() {
      reference.step(gradients[index], 1 / Double(16 << index), decay)
      // No closer, since the corrections of the moments travel in 32 bits.
      for (name, wanted) in [
        (Name.weights, reference.weights), (Name.firstMoments, reference.first), (Name.secondMoments, reference.second),
      ] {
        #expect(try relativeError(#require(step[name]).doubles, wanted) <= 1e-7, "\(name), step \(index)")
      }
      let norm = gradients[index].reduce(0.0) { $0 + Double($1) * Double($1) }
      #expect(try relativeError(#require(step["squared_norm"]).doubles, [norm]) <= 1e-14)
      #expect(step["loss"]?.doubles == [Double(index + 1)] && step[Name.loss]?.doubles == [0])
      #expect(step[Name.gradients]?.doubles.allSatisfy { $0 == 0 } == true)
    }
    #expect(weights != found[6][Name.weights]?.floats)
  }

  /// Decay shrinks the parameters that the layout says, and no others.
  @Test func decayAlone() async throws {
    let steps = try OptimizerSteps(maxGradNorm: nil)
    let weights = steps.random(seed: 1)
    let none = [Float](repeating: 0, count: weights.count)
    let found = try await steps.run(
      on: CPUExecutor<Double>(), weights: weights, gradients: [none, none], decay: 0.5
    ) { _ in 0.25 }
    for (step, factor) in zip(found, [0.875, 0.875 * 0.875]) {
      let after = try #require(step[Name.weights]).doubles
      for (index, before) in weights.enumerated() {
        #expect(after[index] == Double(before) * (index < steps.layout.decayedCount ? factor : 1))
      }
    }
  }

  @Test(arguments: [Float.infinity, -.infinity, .nan]) func aGradientThatIsNoNumberChangesNothing(
    value: Float
  ) async throws {
    let steps = try OptimizerSteps(maxGradNorm: 1)
    let weights = steps.random(seed: 1)
    var gradients = (0..<3).map { steps.random(seed: 10 + $0) }
    gradients[1][steps.layout.places[1].offset + 3] = value
    let found = try await steps.run(
      on: CPUExecutor<Double>(), weights: weights, gradients: gradients, decay: 0.01
    ) { _ in 0.25 }
    for name in [Name.weights, Name.firstMoments, Name.secondMoments] { #expect(found[1][name] == found[0][name]) }
    #expect(found[1][Name.gradients]?.floats.map(\.bitPattern) == gradients[1].map(\.bitPattern))
    #expect(found[1]["squared_norm"]?.doubles[0].isFinite == false)
    #expect(found[1][Name.loss]?.doubles == [0])
    #expect(found[2][Name.weights] != found[1][Name.weights])
  }
}
