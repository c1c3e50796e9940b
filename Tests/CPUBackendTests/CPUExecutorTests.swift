// SPDX-License-Identifier: Apache-2.0
import CPUBackend
import ComputeGraph
import TestSupport
import Testing

@Suite struct CPUExecutorTests {
  @Test(arguments: OperationCase.all) func floatAgreesWithDouble(row: OperationCase) async throws {
    let wanted = try await row.run(on: CPUExecutor<Double>())
    let found = try await row.run(on: CPUExecutor<Float>())
    #expect(found.shape == wanted.shape)
    #expect(relativeError(found.doubles, wanted.doubles) <= row.tolerance)
  }

  @Test func aRowThatSeesNothingIsZeros() async throws {
    let row = try #require(
      OperationCase.all.first { $0.operation.name == "masked_softmax" && $0.what == "2 x 12 x 97" })
    let result = try await row.run(on: CPUExecutor<Double>()).doubles
    #expect(result[..<(12 * 97)].allSatisfy { $0 == 0 })
    for sum in stride(from: 12 * 97, to: result.count, by: 97).map({ result[$0..<($0 + 97)].reduce(0, +) }) {
      #expect(abs(sum - 1) < 1e-12)
    }
  }

  @Test func inputsAreChecked() async throws {
    let row = try #require(OperationCase.all.first { $0.operation.name == "attention" })
    let (graph, parameters, inputs) = try row.build()
    let loaded = try await CPUExecutor<Float>().load(graph, parameters: parameters)
    var missing = inputs
    missing.tensors["operand0"] = nil
    await #expect(throws: GraphError.missingInput("operand0")) { try await loaded.run(missing, outputs: ["result"]) }
    var disordered = inputs
    disordered.tensors["operand3"] = .int32([5, 128])
    await #expect(throws: GraphError.self) { try await loaded.run(disordered, outputs: ["result"]) }
    var short = inputs
    short.dimensions[.tokens] = 5
    await #expect(throws: GraphError.self) { try await loaded.run(short, outputs: ["result"]) }
  }
}
