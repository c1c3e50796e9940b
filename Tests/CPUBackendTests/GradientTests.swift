// SPDX-License-Identifier: Apache-2.0
import CPUBackend
import ComputeGraph
import TestSupport
import Testing

/// Gradients of every row of the table, in double precision, against finite differences of its forward pass.
@Suite struct GradientTests {
  private static let tolerance = 1e-6

  @Test(arguments: OperationCase.differentiable) func agreesWithFiniteDifferences(row: OperationCase) async throws {
    let prepared = try row.prepareGradient()
    let executor = CPUExecutor<Double>()
    let loaded = try await executor.load(prepared.forward.graph, parameters: ParameterTable())
    for (name, gradient) in try await prepared.runGradient(on: executor) where name != "unused" {
      let discrepancy = try await prepared.discrepancy(of: name, gradient, on: loaded)
      #expect(discrepancy <= Self.tolerance, "\(name)")
    }
  }

  /// The forward pass has another form in a gradient's graph, and gives what the operation gives.
  @Test(arguments: OperationCase.differentiable) func theForwardPassStaysWhatItIs(row: OperationCase) async throws {
    let prepared = try row.prepareGradient()
    let plain = try await prepared.forward.run(on: CPUExecutor<Double>())["result"]
    let trained = try await prepared.backward.run(on: CPUExecutor<Double>())["result"]
    #expect(try relativeError(#require(trained).doubles, #require(plain).doubles) <= 1e-14)
    #expect(trained?.shape == plain?.shape)
  }

  @Test(arguments: OperationCase.differentiable) func floatAgreesWithDouble(row: OperationCase) async throws {
    let prepared = try row.prepareGradient()
    let wanted = try await prepared.runGradient(on: CPUExecutor<Double>())
    let found = try await prepared.runGradient(on: CPUExecutor<Float>())
    for (name, gradient) in wanted {
      #expect(relativeError(found[name] ?? [], gradient) <= row.gradientTolerance, "\(name)")
    }
  }

  /// What the gradients' state held before stays in the sum, and what lies between parameters is not touched.
  @Test(arguments: OperationCase.differentiable) func gradientsOfParametersAreAdded(row: OperationCase) async throws {
    var prepared = try row.prepareGradient()
    let alone = try await prepared.backward.run(on: CPUExecutor<Double>())
    try prepared.startWithRandomGradients()
    let before = try #require(prepared.backward.states[ParameterLayout.StateName.gradients])
    let after = try await prepared.backward.run(on: CPUExecutor<Double>())
    let state = try #require(after[ParameterLayout.StateName.gradients])
    let added = try #require(alone[ParameterLayout.StateName.gradients]).doubles
    let wanted = zip(before.doubles, added).map { $0 + $1 }
    #expect(relativeError(state.doubles, wanted) <= 1e-14)
    #expect(prepared.gaps(in: state) == prepared.gaps(in: before))
    #expect(after[ParameterLayout.StateName.weights] == alone[ParameterLayout.StateName.weights])
  }

  /// A gradient that is wrong in one element, or by little in all, is found.
  @Test(arguments: ["linear 13 x 19 x 37 relu", "add_layer_norm 13 x 37", "attention [1, 2, 17], 5 heads of 12"])
  func aWrongGradientIsFound(description: String) async throws {
    let row = try #require(OperationCase.all.first { $0.description == description })
    let prepared = try row.prepareGradient()
    let executor = CPUExecutor<Double>()
    let loaded = try await executor.load(prepared.forward.graph, parameters: ParameterTable())
    for (name, gradient) in try await prepared.runGradient(on: executor) where name != "unused" {
      let largest = try #require(gradient.indices.max { abs(gradient[$0]) < abs(gradient[$1]) })
      var wrong = [gradient.map { $0 * 1.0001 }, gradient.map(-), gradient, gradient, gradient]
      wrong[2][largest] = 0
      wrong[3].swapAt(largest, (largest + 1) % gradient.count)
      wrong[4][largest] = .nan
      for wrong in wrong {
        let discrepancy = try await prepared.discrepancy(of: name, wrong, on: loaded)
        #expect(discrepancy > Self.tolerance, "\(name)")
      }
    }
  }
}
