// SPDX-License-Identifier: Apache-2.0
import CPUBackend
import Checkpoints
import ComputeGraph
import TestSupport
import Testing

/// PyTorch's losses in float64, from `Tests/Goldens/operations/losses.safetensors`.
@Suite struct LossGoldenTests {
  private let goldens: SafetensorsFile

  init() throws {
    let folder = #filePath.split(separator: "/").dropLast(2).reduce("") { $0 + "/" + $1 }
    goldens = try SafetensorsFile(path: folder + "/Goldens/operations/losses.safetensors")
  }

  private func reals(_ name: String) throws -> Tensor {
    try Tensor(.float64(goldens.readFloat64(name)), shape: #require(goldens.tensor(named: name)).shape)
  }

  /// Runs a loss and its mean, with labels where there are some, and compares both.
  private func check(
    _ name: String, _ loss: ComputeGraph.Operation, _ operands: [(name: String, tensor: Tensor)], hasLabels: Bool
  ) async throws {
    var graph = Graph()
    let values = try operands.map { operand in
      let isReal = if case .int32 = operand.tensor.storage { false } else { true }
      return try graph.input(operand.name, Shape(fixed: operand.tensor.shape), isReal ? .real : .int32)
    }
    let each = try graph.apply(loss, values)
    let mean = try graph.apply(.mean, hasLabels ? [each, values[1]] : [each])
    try graph.output("each", each)
    try graph.output("mean", mean)
    let inputs = RunInputs(
      dimensions: [:], tensors: Dictionary(uniqueKeysWithValues: operands.map { ($0.name, $0.tensor) }))
    let found = try await CPUExecutor<Double>().load(graph, parameters: ParameterTable())
      .run(inputs, outputs: ["each", "mean"])
    let wanted = try reals(name + ".each")
    #expect(found["each"]?.shape == wanted.shape)
    #expect(try relativeError(#require(found["each"]).doubles, wanted.doubles) <= 1e-12)
    let (foundMean, wantedMean) = try (#require(found["mean"]).doubles, reals(name + ".mean").doubles)
    guard !wantedMean[0].isNaN else {
      #expect(foundMean.count == 1 && foundMean[0].isNaN)
      return
    }
    #expect(relativeError(foundMean, wantedMean) <= 1e-12)
  }

  @Test(arguments: ["narrow", "wide", "steep", "ignored"]) func crossEntropy(golden: String) async throws {
    let name = "cross_entropy." + golden
    let labels = try goldens.readInt64(name + ".labels").map { Int32($0) }
    try await check(
      name, .crossEntropy, [("logits", reals(name + ".logits")), ("labels", .int32(labels))], hasLabels: true)
  }

  /// Each row of the goldens is a column here, so that the classes are the rows of one sequence.
  @Test(arguments: ["narrow", "wide", "steep"]) func crossEntropyOverASequence(golden: String) async throws {
    let name = "cross_entropy." + golden
    let (logits, wanted) = try (reals(name + ".logits"), reals(name + ".each").doubles)
    let labels = try goldens.readInt64(name + ".labels").map { Int32($0) }
    let (rows, classes) = (logits.shape[0], logits.shape[1])
    let transposed = (0..<(rows * classes)).map { logits.doubles[$0 % rows * classes + $0 / rows] }
    for row in 0..<rows {
      var graph = Graph()
      let x = try graph.input("x", [.tokens, .fixed(rows)], .real)
      let offsets = try graph.input("offsets", [.symbol(.sequences, plus: 1)], .int32, segmenting: .tokens)
      let label = try graph.input("label", [.sequences], .int32)
      try graph.output("loss", graph.apply(.segmentCrossEntropy(column: row), [x, offsets, label]))
      let inputs = try RunInputs(
        dimensions: [.tokens: classes, .sequences: 1],
        tensors: [
          "x": Tensor(.float64(transposed), shape: [classes, rows]), "offsets": .int32([0, Int32(classes)]),
          "label": .int32([labels[row]]),
        ])
      let found = try await CPUExecutor<Double>().load(graph, parameters: ParameterTable()).run(
        inputs, outputs: ["loss"])
      #expect(try relativeError(#require(found["loss"]).doubles, [wanted[row]]) <= 1e-12)
    }
  }

  @Test(arguments: [("mse", ComputeGraph.Operation.squaredError), ("bce", .binaryCrossEntropy)])
  func elementwise(name: String, loss: ComputeGraph.Operation) async throws {
    try await check(
      name, loss, [("x", reals(name + ".x")), ("target", reals(name + ".target"))], hasLabels: false)
  }
}
