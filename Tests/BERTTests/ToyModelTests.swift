// SPDX-License-Identifier: Apache-2.0
import BERT
import Checkpoints
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
    "decoder/causal-left", "decoder/cross-mask-3d", "decoder/cache-first-cross", "decoder/cache-cross-three",
    "decoder/cache-one-cross-relative-key-query", "decoder/cache-pruned", "decoder/lm-cross-labels",
  ]

  @Test(arguments: decoders) func everyDecoder(name: String) async throws { try await check(name) }

  private func check(_ name: String) async throws {
    let golden = try GoldenCase(name)
    let output = try await golden.run(on: Engine.open(.opencl(selector: "opencl")))
    let wanted = try SafetensorsFile(path: golden.folder + "/outputs.safetensors")
    #expect(!wanted.tensorNames.isEmpty)
    for tensor in wanted.tensorNames {
      let found = try #require(output[tensor], "\(tensor)")
      #expect(relativeError(found.doubles, try wanted.readFloat64(tensor)) <= golden.tolerance, "\(tensor)")
    }
  }

  /// Two steps behind a prompt, on the device's caches: what one pass over everything gives.
  @Test(arguments: ["decoder/cross-ragged", "decoder/causal-relative-key-query"])
  func stepsOnACache(name: String) async throws {
    let golden = try GoldenCase(name)
    let network = try await golden.load(on: Engine.open(.opencl(selector: "opencl")))
    let input = try golden.arguments.input
    let (batch, length) = (input.batchSize, input.sequenceLength)
    let cache = try await network.makeCache(batchSize: batch, capacity: length, encoderCapacity: 8)
    let wanted = try SafetensorsFile(path: golden.folder + "/outputs.safetensors").readFloat64("last_hidden_state")
    let hidden = network.config.hiddenSize
    func columns<Element>(_ elements: [Element], _ range: Range<Int>, width: Int = 1) -> [Element] {
      (0..<batch).flatMap {
        elements[(($0 * length + range.lowerBound) * width)..<(($0 * length + range.upperBound) * width)]
      }
    }
    for range in [0..<(length - 2), (length - 2)..<(length - 1), (length - 1)..<length] {
      var part = try BertInput(
        batchSize: batch, sequenceLength: range.count, inputIds: columns(input.inputIds, range),
        tokenTypeIds: input.tokenTypeIds.map { columns($0, range) })
      part.attentionMask = input.attentionMask.map { columns($0, 0..<range.upperBound) }
      part.encoderHiddenStates = input.encoderHiddenStates
      part.encoderAttentionMask = input.encoderAttentionMask
      let states = try #require(try await network.forward(part, cache: cache).lastHiddenState)
      #expect(relativeError(states.doubles, columns(wanted, range, width: hidden)) <= golden.tolerance, "\(range)")
    }
    #expect(cache.length == length)
  }
}
