// SPDX-License-Identifier: Apache-2.0
import BERT
import Checkpoints
import GoldenCases
import TestSupport
import Testing

/// Whole small models on an engine of their own, one at a time: what `scripts/oclgrind-gate` runs on the simulator, where
/// the log must stay empty.
@Suite(.serialized) struct ToyModelTests {
  @Test(arguments: ["ragged", "mask-holes", "head-size-1"]) func forward(name: String) async throws {
    let folder = Goldens.path("forward/" + name)
    let model = try await BertModel.fromPretrained(folder, on: Engine.open(.opencl(selector: "opencl")))
    let output = try await model.forward(Goldens.input(folder + "/inputs.safetensors"))
    let wanted = try SafetensorsFile(path: folder + "/outputs.safetensors").readFloat64("last_hidden_state")
    #expect(relativeError(try #require(output.lastHiddenState).doubles, wanted) <= 5e-6)
  }

  @Test(arguments: ["mean-max", "dense-normalize"]) func embed(name: String) async throws {
    let folder = Goldens.path("sentence/" + name)
    let encoder = try await SentenceEncoder.fromPretrained(folder, on: Engine.open(.opencl(selector: "opencl")))
    let found = try await encoder.encode(Goldens.texts(folder + "/sentences.jsonl"))
    let wanted = try SafetensorsFile(path: folder + "/embeddings.safetensors").readFloat64("embeddings")
    #expect(relativeError(found.joined().map(Double.init), wanted) <= 5e-6)
  }

  /// The smallest goldens of each kernel beyond the plain forward pass: weights of attention written out, relative
  /// positions, masks for each query, heads scaled and pruned, chunks, losses over tokens and over positions.
  static let forms = [
    "switches/relative-key-query-embeds-head-size-1", "switches/attentions", "switches/relative-key-query-right",
    "switches/mask-3d-causal", "switches/head-mask", "switches/everything-mask-3d", "switches/chunk-pruned",
    "heads/masked-lm-mask-3d", "heads/masked-lm-labels-hidden", "heads/pretraining-left-labels-hidden",
    "heads/multiple-choice-labels", "heads/question-answering-outside", "heads/multi-label", "heads/regression",
    "heads/token-classification-relative-pruned",
  ]

  @Test(arguments: forms) func everyForm(name: String) async throws { try await check(name) }

  /// Decoders: causal masks, rows stored to caches, and caches read back.
  static let decoders = [
    "decoder/causal-left", "decoder/cross-mask-3d", "decoder/cache-cross-three",
    "decoder/cache-one-cross-relative-key-query", "decoder/cache-pruned", "decoder/lm-cross-labels",
  ]

  @Test(arguments: decoders) func everyDecoder(name: String) async throws { try await check(name) }

  private func check(_ name: String) async throws {
    let golden = try GoldenCase(name)
    let output = try await golden.run(on: Engine.open(.opencl(selector: "opencl")))
    for (tensor, error) in try golden.errors(of: output) { #expect(error <= golden.tolerance, "\(tensor)") }
  }

  /// A step of training: forward, backward with dropout and without, and the optimizer. States are written before, as below.
  @Test(arguments: [
    ("text-classification", 0.25), ("regression", 0), ("multi-label", 0), ("token-classification-pruned", 0.25),
    ("question-answering", 0), ("multiple-choice", 0), ("masked-lm", 0.25), ("masked-lm-relative", 0.25),
    ("pretraining", 0), ("causal-lm-cross", 0.25),
  ]) func train(name: String, dropout: Double) async throws {
    let golden = try TrainingCase(name)
    let run = try #require(golden.runs.first)
    let model = try TrainableModel.fromPretrained(golden.folder, head: golden.head) { config in
      (config.hiddenDropoutProb, config.attentionProbsDropoutProb) = (dropout, dropout)
    }
    let batch = try #require(golden.batches().first)
    var results: [TrainingSession.StepResult] = []
    for engine in [try Engine.open(.opencl(selector: "opencl")), .oracle] {
      let session = try await TrainingSession(
        model, run.arguments.optimizer, recomputation: dropout > 0 ? .layers : .none, on: engine)
      try await session.restore(try await session.snapshot())
      try await session.accumulate(batch, seed: 7)
      results.append(try await session.update(learningRate: 1e-3, step: 1))
    }
    // The oracle draws the same dropout.
    #expect(abs(results[0].loss - results[1].loss) <= 1e-5 * abs(results[1].loss), "\(results)")
    #expect(abs(results[0].gradNorm - results[1].gradNorm) <= 1e-4 * results[1].gradNorm, "\(results)")
  }

  /// Three steps on the device's caches, one token each: what one pass over the three gives.
  ///
  /// The caches are written before. Oclgrind 21.10 forgets what a buffer that `clEnqueueFillBuffer` has filled gets from
  /// kernels, and calls it uninitialized (all but its first element), so fresh caches have no place here.
  @Test(arguments: ["decoder/cache-cross-three", "decoder/cache-pruned"])
  func stepsOnACache(name: String) async throws {
    let golden = try GoldenCase(name)
    let network = try await golden.load(on: Engine.open(.opencl(selector: "opencl")))
    let (arguments, past) = (try golden.arguments, try #require(try golden.arguments.past))
    let (input, length) = (arguments.input, past[0].key.shape[2])
    let cache = try await network.makeCache(batchSize: 3, capacity: length + 3, encoderCapacity: 5)
    try await cache.load(past, for: network.config)
    let wanted = try SafetensorsFile(path: golden.folder + "/outputs.safetensors").readFloat64("last_hidden_state")
    let hidden = network.config.hiddenSize
    func columns<Element>(_ elements: [Element], _ range: Range<Int>, of total: Int) -> [Element] {
      (0..<3).flatMap { elements[($0 * total + range.lowerBound)..<($0 * total + range.upperBound)] }
    }
    for step in 0..<3 {
      var part = try BertInput(
        batchSize: 3, sequenceLength: 1, inputIds: columns(input.inputIds, step..<(step + 1), of: 3),
        tokenTypeIds: input.tokenTypeIds.map { columns($0, step..<(step + 1), of: 3) })
      part.attentionMask = input.attentionMask.map { columns($0, 0..<(length + step + 1), of: length + 3) }
      part.encoderAttentionMask = input.encoderAttentionMask
      let states = try #require(try await network.forward(part, cache: cache).lastHiddenState)
      let ofStep = columns(wanted, (step * hidden)..<((step + 1) * hidden), of: 3 * hidden)
      #expect(relativeError(states.doubles, ofStep) <= golden.tolerance, "step \(step)")
    }
    #expect(cache.length == length + 3)
  }
}
