// SPDX-License-Identifier: Apache-2.0
import CPUBackend
import ComputeGraph
import OpenCLBackend
import TestSupport
import Testing

/// Several steps of the optimizer on the device against the oracle; `OptimizerTests` has the edges of one.
@Suite struct OptimizerParityTests {
  private typealias Name = ParameterLayout.StateName

  @Test(arguments: KernelForm.allCases, [nil, 1000, 1]) func severalSteps(
    form: KernelForm, maxGradNorm: Double?
  ) async throws {
    let steps = try OptimizerSteps(maxGradNorm: maxGradNorm)
    let weights = steps.random(seed: 1)
    let gradients = (0..<5).map { steps.random(seed: 10 + $0) }
    let wanted = try await steps.run(
      on: CPUExecutor<Double>(), weights: weights, gradients: gradients, decay: 0.01
    ) { 0.25 / Double($0) }
    let found = try await steps.run(
      on: form.executor(), weights: weights, gradients: gradients, decay: 0.01
    ) { 0.25 / Double($0) }
    for (step, (found, wanted)) in zip(found, wanted).enumerated() {
      #expect(Set(found.keys) == Set(wanted.keys))
      for (name, tensor) in wanted {
        #expect(try relativeError(#require(found[name]).doubles, tensor.doubles) <= 1e-6, "\(name), step \(step)")
      }
      #expect(found[Name.gradients]?.floats.allSatisfy { $0 == 0 } == true)
      #expect(found[Name.loss]?.floats == [0] && found["loss"]?.floats == [Float(step + 1)])
    }
  }
}
