// SPDX-License-Identifier: Apache-2.0
import CPUBackend
import ComputeGraph
import TestSupport
import Testing

/// Gradients of whole graphs: values and parameters with several uses, recomputation, what a run leaves behind.
@Suite struct TrainingGraphTests {
  private static let lengths = [5, 1, 9]
  private static let (hidden, heads, vocabulary) = (12, 3, 23)

  /// A graph while it is built: parameters are drawn as they are made.
  private struct Model {
    var graph = Graph()
    var parameters = ParameterTable()
    var generator = SeededGenerator(seed: 6)

    mutating func parameter(_ key: String, _ shape: [Int]) throws -> Graph.Value {
      parameters.tensors[key] = normal(shape.reduce(1, *), &generator, deviation: 0.5)
      return try graph.parameter(key, shape)
    }

    mutating func dense(
      _ x: Graph.Value, _ key: String, _ columns: Int, _ depth: Int, _ activation: Activation = .identity
    ) throws -> Graph.Value {
      let operands = try [x, parameter(key + ".weight", [columns, depth]), parameter(key + ".bias", [columns])]
      return try graph.apply(.linear(activation: activation), operands, scope: key)
    }

    mutating func norm(_ x: Graph.Value, _ residual: Graph.Value, _ key: String, _ width: Int) throws -> Graph.Value {
      let operands = try [x, residual, parameter(key + ".weight", [width]), parameter(key + ".bias", [width])]
      return try graph.apply(.addLayerNorm(epsilon: 1e-12), operands, scope: key)
    }
  }

  /// A small masked language model whose decoder is the embedding of the words.
  private static func languageModel(layers: Int, dropout: Double) throws -> (Model, RunInputs) {
    var model = Model()
    let (tokens, width) = (lengths.reduce(0, +), hidden)
    let offsets = try model.graph.input("offsets", [.symbol(.sequences, plus: 1)], .int32, segmenting: .tokens)
    let starts = try model.graph.input("starts", [.sequences], .int32)
    let ends = try model.graph.input("ends", [.sequences], .int32)
    let seed = try model.graph.input("seed", [2], .int32)
    let ids = try ["word", "position", "type"].map { try model.graph.input("\($0) ids", [.tokens], .int32) }
    let word = try model.parameter("word", [vocabulary, width])
    let tables = try [word, model.parameter("position", [9, width]), model.parameter("type", [2, width])]
    let norm = try [model.parameter("norm.weight", [width]), model.parameter("norm.bias", [width])]
    var x = try model.graph.apply(
      .embeddingLayerNorm(Embeddings(epsilon: 1e-12)), tables + norm + ids, scope: "embeddings")
    var site: Int32 = 0
    func drop(_ value: Graph.Value, _ scope: String) throws -> Graph.Value {
      site += 1
      return try model.graph.apply(.dropout(Dropout(probability: dropout, site: site)), [value, seed], scope: scope)
    }
    for layer in 0..<layers {
      try model.graph.output("hidden_states.\(layer)", x)
      let scope = "encoder.layer.\(layer)."
      let attention = Attention(heads: heads, headSize: width / heads, keyColumn: width, valueColumn: 2 * width)
      let qkv = try model.dense(x, scope + "self", 3 * width, width)
      site += 1
      let context = try model.graph.apply(
        .trainingAttention(TrainingAttention(attention, dropout: Dropout(probability: dropout, site: site))),
        [qkv, qkv, qkv, offsets, starts, ends, seed], scope: scope + "self")
      let projected = try drop(try model.dense(context, scope + "attention", width, width), scope + "attention")
      let inner = try model.norm(projected, x, scope + "attention.norm", width)
      let wide = try model.dense(inner, scope + "intermediate", 4 * width, width, .geluErf)
      let narrow = try drop(try model.dense(wide, scope + "output", width, 4 * width), scope + "output")
      x = try model.norm(narrow, inner, scope + "output.norm", width)
    }
    try model.graph.output("hidden_states.\(layers)", x)
    let decoderBias = try model.parameter("decoder.bias", [vocabulary])
    let logits = try model.graph.apply(.linear(activation: .identity), [x, word, decoderBias], scope: "decoder")
    let labels = try model.graph.input("labels", [.tokens], .int32)
    let each = try model.graph.apply(.crossEntropy, [logits, labels], scope: "loss")
    try model.graph.output("result", model.graph.apply(.mean, [each, labels], scope: "loss"))

    var generator = SeededGenerator(seed: 7)
    func random(_ limit: Int32) -> Tensor {
      .int32((0..<tokens).map { _ in .random(in: 0..<limit, using: &generator) })
    }
    let ranges = lengths.reduce(into: [Int32(0)]) { $0.append(($0.last ?? 0) + Int32($1)) }
    let inputs = RunInputs(
      dimensions: [.tokens: tokens, .sequences: lengths.count, .longest: lengths.max() ?? 0],
      tensors: [
        "offsets": .int32(ranges), "starts": .int32(Array(ranges.dropLast())),
        "ends": .int32(Array(ranges.dropFirst())),
        "seed": .int32([11, -12]), "word ids": random(Int32(vocabulary)), "position ids": random(9),
        "type ids": random(2),
        "labels": .int32((0..<Int32(tokens)).map { $0 % 3 == 0 ? $0 % 23 : ignoredLabel }),
      ])
    return (model, inputs)
  }

  private func check(_ prepared: PreparedGradient) async throws {
    let executor = CPUExecutor<Double>()
    let loaded = try await executor.load(prepared.forward.graph, parameters: ParameterTable())
    let gradients = try await prepared.runGradient(on: executor)
    #expect(gradients.count == prepared.layout.places.count + prepared.asked.count)
    for (name, gradient) in gradients {
      let discrepancy = try await prepared.discrepancy(of: name, gradient, on: loaded)
      #expect(discrepancy <= 1e-6, "\(name)")
    }
  }

  @Test func aValueReadTwiceGetsTheSumOfBoth() async throws {
    var model = Model()
    let x = try model.graph.input("x", [7, 5], .real)
    let inner = try model.dense(x, "first", 5, 5, .tanh)
    let outer = try model.norm(try model.dense(inner, "second", 5, 5), inner, "norm", 5)
    // And x as well, by three steps, once beside itself.
    let sum = try model.graph.apply(.weightedSum([0.5, 2, 1]), [outer, x, x])
    try model.graph.output("result", sum)
    let inputs = RunInputs(
      dimensions: [:], tensors: ["x": try Tensor(.float32(normal(35, &model.generator)), shape: [7, 5])])
    try await check(PreparedGradient(model.graph, model.parameters, inputs, withRespectTo: ["x"]))
  }

  @Test(arguments: [0, 0.3]) func aTiedParameterGetsTheSumOfBoth(dropout: Double) async throws {
    let (model, inputs) = try Self.languageModel(layers: 1, dropout: dropout)
    try await check(PreparedGradient(model.graph, model.parameters, inputs, withRespectTo: []))
  }

  /// The embedding of an ignored id gets what the decoder gives it and nothing of the embedding's.
  @Test func anIgnoredIdGetsNoEmbeddingGradient() async throws {
    let (model, inputs) = try Self.languageModel(layers: 1, dropout: 0)
    let ignored = try #require(inputs.tensors["word ids"]).doubles[3]
    let all = try PreparedGradient(model.graph, model.parameters, inputs, withRespectTo: [])
    let some = try PreparedGradient(
      model.graph, model.parameters, inputs, withRespectTo: [], ignoredIds: ["word ids": Int32(ignored)])
    let (left, right) = try await (
      all.runGradient(on: CPUExecutor<Double>()), some.runGradient(on: CPUExecutor<Double>())
    )
    for (name, gradient) in left where name != "word" { #expect(right[name] == gradient) }
    let (whole, part) = try (#require(left["word"]), #require(right["word"]))
    for row in 0..<Self.vocabulary {
      let range = (row * Self.hidden)..<((row + 1) * Self.hidden)
      #expect((whole[range] == part[range]) == (row != Int(ignored)))
    }
  }

  @Test(arguments: [0, 0.3]) func recomputationGivesTheSameBitsInLessMemory(dropout: Double) async throws {
    let (model, inputs) = try Self.languageModel(layers: 4, dropout: dropout)
    var peaks: [Recomputation: Int] = [:]
    var found: [Recomputation: [String: Tensor]] = [:]
    for recomputation in Recomputation.allCases {
      let prepared = try PreparedGradient(
        model.graph, model.parameters, inputs, withRespectTo: [], recomputation: recomputation)
      let plan = try Plan(prepared.backward.graph, inputs.dimensions, outputs: prepared.backward.outputs)
      peaks[recomputation] = plan.arenaByteCount
      found[recomputation] = try await prepared.backward.run(on: CPUExecutor<Float>())
    }
    #expect(found[.activations] == found[.none] && found[.layers] == found[.none])
    let none = try #require(peaks[.none])
    let activations = try #require(peaks[.activations])
    let layers = try #require(peaks[.layers])
    #expect(layers < activations && activations < none, "\(layers), \(activations), \(none) bytes")
  }

  /// Gradients are added whatever outputs a run is asked for, and once a run.
  @Test func effectsAlwaysRun() async throws {
    let (model, inputs) = try Self.languageModel(layers: 1, dropout: 0)
    let prepared = try PreparedGradient(model.graph, model.parameters, inputs, withRespectTo: [])
    typealias Name = ParameterLayout.StateName
    let graph = try prepared.backward.graph.summing("result", times: 0.25)
    let loaded = try await CPUExecutor<Double>().load(graph, parameters: ParameterTable())
    let state = try await loaded.makeState(inputs.dimensions)
    try await state.write(try #require(prepared.backward.states[Name.weights]), to: Name.weights)
    var sums: [[Double]] = []
    for outputs in [[], ["result"], []] {
      _ = try await loaded.run(prepared.backward.inputs, outputs: outputs, state: state)
      sums.append(try await state.read(Name.gradients).doubles)
    }
    #expect(sums[0].contains { $0 != 0 })
    #expect(relativeError(sums[1], sums[0].map { 2 * $0 }) <= 1e-14)
    #expect(relativeError(sums[2], sums[0].map { 3 * $0 }) <= 1e-14)
    let loss = try #require(await prepared.forward.run(on: CPUExecutor<Double>())["result"]).doubles[0]
    #expect(try await abs(state.read(Name.loss).doubles[0] - 0.75 * loss) <= 1e-12)
  }
}
