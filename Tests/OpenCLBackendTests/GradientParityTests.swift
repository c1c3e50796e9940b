// SPDX-License-Identifier: Apache-2.0
import CPUBackend
import ComputeGraph
import OpenCLBackend
import TestSupport
import Testing

/// Gradients of every row of the table on the device against the oracle, which `GradientTests` holds against finite
/// differences.
@Suite struct GradientParityTests {
  private typealias Name = ParameterLayout.StateName

  /// The rows of a form: all of them as this device has them and as a GPU does; in the other forms, which differ from these
  /// in width alone, attention of two head sizes, since each of its programs takes a second to build.
  private static func rows(_ form: KernelForm) -> [OperationCase] {
    let rows = form.rows.filter { $0.reasonForNoGradient == nil }
    guard form != .native, form != .groups else { return rows }
    return rows.filter { row in
      switch row.operation {
      case .attention(let attention), .attentionContext(let attention): [7, 37].contains(attention.headSize)
      case .trainingAttention(let training): [7, 37].contains(training.attention.headSize)
      case .attentionProbabilities(let probabilities): [7, 37].contains(probabilities.attention.headSize)
      default: true
      }
    }
  }

  @Test(arguments: KernelForm.distinct) func everyGradientAgreesWithTheOracle(form: KernelForm) async throws {
    let executor = try form.executor()
    for row in Self.rows(form) {
      let prepared = try row.prepareGradient()
      let wanted = try await prepared.backward.run(on: CPUExecutor<Double>())
      let found = try await prepared.backward.run(on: executor)
      #expect(
        try relativeError(#require(found["result"]).doubles, #require(wanted["result"]).doubles) <= row.tolerance,
        "\(row)")
      let gradients = prepared.gradients(in: found)
      for (name, gradient) in prepared.gradients(in: wanted) {
        let error = relativeError(gradients[name] ?? [], gradient)
        #expect(error <= row.gradientTolerance, "\(row): \(name)")
      }
      for (name, tensor) in wanted { #expect(found[name]?.shape == tensor.shape, "\(row): \(name)") }
      #expect(found[Name.weights] == prepared.backward.states[Name.weights], "\(row)")
      #expect(try prepared.gaps(in: #require(found[Name.gradients])).allSatisfy { $0 == 0 }, "\(row)")
    }
  }

  /// What the gradients' state held before stays in the sum; two runs give the same bits.
  @Test(arguments: [KernelForm.native, .groups]) func gradientsOfParametersAreAdded(form: KernelForm) async throws {
    let executor = try form.executor()
    for row in Self.rows(form) {
      var prepared = try row.prepareGradient()
      let alone = try #require(await prepared.backward.run(on: executor)[Name.gradients]).doubles
      try prepared.startWithRandomGradients()
      let before = try #require(prepared.backward.states[Name.gradients])
      let loaded = try await executor.load(prepared.backward.graph, parameters: prepared.backward.parameters)
      let after = try await prepared.backward.run(on: loaded)
      let state = try #require(after[Name.gradients])
      #expect(relativeError(state.doubles, zip(before.doubles, alone).map { $0 + $1 }) <= row.tolerance, "\(row)")
      #expect(prepared.gaps(in: state) == prepared.gaps(in: before), "\(row)")
      let again = try await prepared.backward.run(on: loaded)
      for (name, tensor) in after {
        #expect(again[name]?.floats.map(\.bitPattern) == tensor.floats.map(\.bitPattern), "\(row): \(name)")
      }
    }
  }
}
