// SPDX-License-Identifier: Apache-2.0
import BERT
import Checkpoints
import ComputeGraph
import GoldenCases
import TestSupport
import Testing

/// Word embeddings read, replaced, and made more or fewer.
@Suite struct EmbeddingEditTests {
  private static let key = "embeddings.word_embeddings.weight"
  /// 29 words, hidden 12: tied, untied, with both of pre-training's outputs, causal.
  static let languageModels = [
    "heads/masked-lm", "heads/masked-lm-untied", "heads/pretraining", "heads/pretraining-untied-old-names",
    "decoder/lm",
  ]

  private func logits(_ output: ModelOutput) throws -> Tensor {
    try #require(output.logits ?? output["prediction_logits"])
  }

  /// Scores of the first `count` words.
  private func scores(_ logits: Tensor, of count: Int) -> [Double] {
    let width = logits.shape[2]
    return logits.doubles.enumerated().filter { $0.offset % width < count }.map(\.element)
  }

  private func expectSame(_ found: [Double], _ wanted: [Double], _ test: TestEngine, _ what: Comment) {
    switch test {
    case .opencl: #expect(found == wanted, what)
    case .oracle: #expect(relativeError(found, wanted) <= 1e-12, what)
    // The library's product picks another order of sums for another number of columns.
    case .cpu: #expect(relativeError(found, wanted) <= 1e-6, what)
    }
  }

  @Test(arguments: languageModels, TestEngine.allCases)
  func wordsThatStayScoreAsBefore(name: String, test: TestEngine) async throws {
    let golden = try GoldenCase(name)
    let network = try await golden.load(on: test.engine)
    var input = try golden.arguments.input
    (input.labels, input.nextSentenceLabel) = (nil, nil)
    let before = try logits(try await network.forward(input))
    for count in [30, 41, 64, 1000] {
      let grown = try await network.resizingTokenEmbeddings(to: count, seed: 3)
      #expect(grown.config.vocabSize == count)
      let after = try logits(try await grown.forward(input))
      #expect(after.shape == [before.shape[0], before.shape[1], count])
      expectSame(scores(after, of: 29), before.doubles, test, "\(count)")
    }
    let words = input.inputIds.map { $0 % 20 }
    let small = try BertInput(batchSize: 3, sequenceLength: input.sequenceLength, inputIds: words)
    let wanted = scores(try logits(try await network.forward(small)), of: 20)
    let shrunk = try await network.resizingTokenEmbeddings(to: 20)
    expectSame(try logits(try await shrunk.forward(small)).doubles, wanted, test, "20")
    let gone = BertError.badArgument("input_ids", "has 20 in sequence 0 (token 1); it must be below 20")
    await #expect(throws: gone) { try await shrunk.forward(BertInput([[19, 20]])) }
    // There and back.
    let back = try await network.resizingTokenEmbeddings(to: 50).resizingTokenEmbeddings(to: 29)
    #expect(try await back.forward(input).bits == network.forward(input).bits)
  }

  @Test(arguments: languageModels, TestEngine.allCases)
  func newWordsCanBeUsed(name: String, test: TestEngine) async throws {
    let golden = try GoldenCase(name)
    let network = try await golden.load(on: test.engine)
    let grown = try await network.resizingTokenEmbeddings(to: 35, seed: 1)
    var input = try BertInput([[3, 34, 5], [30, 29, 33]])
    let old = BertError.badArgument("input_ids", "has 34 in sequence 0 (token 1); it must be below 29")
    await #expect(throws: old) { try await network.forward(input) }
    let output = try await grown.forward(input)
    let scores = try logits(output).floats
    #expect(scores.allSatisfy { $0.isFinite } && Set(scores).count > scores.count / 2)
    input.labels = .classes([34, -100, 29, 30, 31, 32])
    if network.head == .pretraining { input.nextSentenceLabel = [0, 1] }
    let loss = try #require(try await grown.forward(input).loss)
    #expect(loss.isFinite && loss > 0)
  }

  /// Normal with the configuration's deviation, 0.02; biases of new words are 0.
  @Test func newRowsAreDrawn() async throws {
    let network = try await GoldenCase("heads/masked-lm-untied").load(on: .cpu)
    let count = 29 + 4000
    let grown = try await network.resizingTokenEmbeddings(to: count, seed: 5)
    let embeddings = try grown.inputEmbeddings()
    #expect(embeddings.shape == [count, 12])
    #expect(Array(embeddings.floats[..<(29 * 12)]) == (try network.inputEmbeddings()).floats)
    let new = embeddings.doubles[(29 * 12)...]
    let mean = new.reduce(0, +) / Double(new.count)
    let variance = new.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(new.count)
    // Five standard errors of 48,000 draws.
    #expect(abs(mean) < 5 * 0.02 / 48_000.0.squareRoot())
    #expect(abs(variance.squareRoot() - 0.02) < 5 * 0.02 / 96_000.0.squareRoot())
    #expect(Double(new.count { abs($0) > 0.04 }) / 48_000 > 0.04 && Set(new).count > 47_000)
    let folder = try ModelFolder()
    try grown.savePretrained(folder.path + "/saved")
    let saved = try Checkpoint(directory: folder.path + "/saved")
    #expect(try saved.readFloat32("cls.predictions.bias")[29...].allSatisfy { $0 == 0 })
    // The output matrix of an untied model gets rows of its own.
    let decoder = try saved.readFloat64("cls.predictions.decoder.weight")[(29 * 12)...]
    #expect(decoder.count == new.count && Array(decoder) != Array(new))
    // The seed decides.
    #expect(try await network.resizingTokenEmbeddings(to: count, seed: 5).inputEmbeddings() == embeddings)
    #expect(try await network.resizingTokenEmbeddings(to: count, seed: 6).inputEmbeddings() != embeddings)
  }

  @Test(arguments: [TestEngine.cpu, .opencl]) func countsThatCannotBe(test: TestEngine) async throws {
    let folder = try ModelFolder(golden: "heads/masked-lm")
    try folder.set("config.json", ["pad_token_id": "25"])
    let network = try await BertNetwork.fromPretrained(folder.path, on: test.engine)
    for count in [25, 24, 1, 0, -1, .min, (1 << 26) + 1, .max] {
      let what = "is \(count); it must be above the padding token's id, 25"
      await #expect(throws: BertError.badArgument("new_num_tokens", what)) {
        try await network.resizingTokenEmbeddings(to: count)
      }
    }
    #expect(try await network.resizingTokenEmbeddings(to: 26).config.vocabSize == 26)
  }

  @Test func theEmbeddingsAreTheFiles() async throws {
    for name in ["heads/masked-lm", "heads/saved-bin", "switches/attentions", "switches/pruned", "decoder/lm-untied"] {
      let network = try await GoldenCase(name).load(on: .cpu)
      let checkpoint = try Checkpoint(directory: Goldens.path(name))
      let key = checkpoint.tensorNames.first { $0.hasSuffix(Self.key) }
      let wanted = try checkpoint.readFloat32(try #require(key))
      let found = try network.inputEmbeddings()
      #expect(found.floats == wanted && found.shape == [29, network.config.hiddenSize])
      #expect(try await network.pruningHeads([0: [network.config.isDecoder ? 1 : 0]]).inputEmbeddings() == found)
    }
  }

  /// As if they had been in the file.
  @Test(arguments: languageModels.filter { !$0.hasSuffix("old-names") } + ["switches/attentions"], TestEngine.allCases)
  func replacedEmbeddings(name: String, test: TestEngine) async throws {
    let golden = try GoldenCase(name)
    let network = try await golden.load(on: test.engine)
    let input = try golden.arguments.input
    let hidden = network.config.hiddenSize
    var generator = SeededGenerator(seed: 4)
    let elements = normal(29 * hidden, &generator, deviation: 0.3)
    let replaced = try await network.settingInputEmbeddings(Tensor(.float32(elements), shape: [29, hidden]))
    let folder = try ModelFolder(golden: name)
    var tensors = try folder.tensors()
    let key = try #require(tensors.keys.first { $0.hasSuffix(Self.key) })
    tensors[key] = ([29, hidden], elements)
    try folder.writeTensors(tensors)
    let wanted = try await BertNetwork.fromPretrained(folder.path, head: network.head, on: test.engine)
    let found = try await replaced.forward(input).bits
    #expect(try await wanted.forward(input).bits == found)
    #expect(try await network.forward(input).bits != found)
    #expect(try replaced.inputEmbeddings().floats == elements)
    // The same ones again change nothing.
    let same = try await network.settingInputEmbeddings(network.inputEmbeddings())
    #expect(try await same.forward(input).bits == network.forward(input).bits)
  }

  @Test func embeddingsThatDoNotFit() async throws {
    let model = try await BertForMaskedLM.fromPretrained(Goldens.path("heads/masked-lm"), on: .cpu)
    for shape in [[29, 13], [28, 12], [348], [], [1, 29, 12]] {
      let what = "has the shape \(shape), wanted [29, 12]"
      await #expect(throws: BertError.badArgument("embeddings", what)) {
        try await model.settingInputEmbeddings(zeros(shape))
      }
    }
    for (value, text) in [(Float.nan, "nan"), (.infinity, "inf")] {
      var elements = [Float](repeating: 0, count: 348)
      elements[347] = value
      let wrong = try Tensor(.float32(elements), shape: [29, 12])
      await #expect(throws: BertError.badArgument("embeddings", "has \(text) at index 347")) {
        try await model.settingInputEmbeddings(wrong)
      }
    }
  }
}
