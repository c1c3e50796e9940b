// SPDX-License-Identifier: Apache-2.0
import BERT
import Checkpoints
import StrictJSON
import Testing

/// The README's library calls, compiled and run as they stand there.
@Suite struct ReadmeTests {
  @Test func theFiveLinesRun() async throws {
    let directory = MiniLM.directory
    // README: sentence
    let encoder = try await SentenceEncoder.fromPretrained(directory)
    let vectors = try await encoder.encode(["A cat sits on the mat.", "A feline is resting on a rug."])
    let similarity = zip(vectors[0], vectors[1]).map(*).reduce(0, +)
    print("similarity \(similarity)")
    // README: end
    #expect(abs(similarity - 0.586) < 0.001)  // transformers 4.49 gives 0.58603
    try expectReadmeHas("sentence")
  }

  @Test func aPrecisionIsChosen() async throws {
    let directory = MiniLM.directory
    // README: precision
    let engine = try Engine.open(precision: .float16)
    let compact = try await SentenceEncoder.fromPretrained(directory, on: engine)
    // README: end
    #expect(engine.precision == (engine.device == nil ? .float32 : .float16))
    let vectors = try await compact.encode(["A cat sits on the mat.", "A feline is resting on a rug."])
    #expect(abs(zip(vectors[0], vectors[1]).map(*).reduce(0, +) - 0.586) < 0.003)
    try expectReadmeHas("precision")
  }

  @Test func theBareModelRuns() async throws {
    let directory = MiniLM.directory
    // README: model
    let model = try await BertModel.fromPretrained(directory)
    let output = try await model.forward(BertInput([[101, 7592, 102], [101, 102]]), outputHiddenStates: true)
    // README: end
    #expect(output.lastHiddenState?.shape == [2, 3, 384])
    #expect(output.hiddenStates.count == 7)
    try expectReadmeHas("model")
  }

  @Test func aTaskRuns() async throws {
    let directory = Goldens.path("tasks/models/fill-mask")
    // README: task
    let task = try await FillMask.fromPretrained(directory)
    let answers = try await task.predict(["The capital of France is [MASK]."], options: .init())
    // README: end
    #expect(answers[0].count == 1)
    try expectReadmeHas("task")
  }

  @Test func aDecoderRuns() async throws {
    let directory = Goldens.path("generation/plain")
    // README: decoder
    let decoder = try await BertLMHeadModel.fromPretrained(directory)
    let cache = try await decoder.makeCache(batchSize: 1)
    let first = try await decoder.forward(BertInput([[5, 7]]), cache: cache)
    let second = try await decoder.forward(BertInput([[9]]), cache: cache)
    let continued = try await decoder.generate([[5, 7]])
    // README: end
    #expect(second.logits?.shape == [1, 1, decoder.config.vocabSize] && cache.length == 3)
    #expect(first.logits?.shape == [1, 2, decoder.config.vocabSize])
    #expect(continued.tokens[0].count == 20)
    try expectReadmeHas("decoder")
  }

  @Test func aTrainingRuns() async throws {
    let model = Goldens.path("training/text-classification")
    let file = model + "/train.jsonl"
    let folder = try ModelFolder()
    let output = folder.path + "/out"
    var arguments = TrainingArguments()
    arguments.maxSteps = 2
    // README: training
    let data = try TrainingData(directory: model, head: .textClassification, trainFile: file, arguments)
    let session = try await TrainingSession(data.model, arguments.optimizer, on: Engine.open())
    let trainer = try Trainer(session, data.training, arguments, outputDirectory: output)
    try await trainer.run()
    // README: end
    #expect(try BertConfig.fromPretrained(output).numLabels == 3)
    try expectReadmeHas("training")
  }

  /// Demands the lines of this file that are marked, but for the checkpoint's name, in the README.
  private func expectReadmeHas(_ mark: String) throws {
    let source = try text(#filePath).split(separator: "\n").map { $0.drop { $0 == " " } }
    let start = try #require(source.firstIndex { $0 == "// README: \(mark)" })
    let readme = try text(Goldens.root + "/../../README.md").split(separator: "\n").map { line in
      String(line).withCheckpointNameRemoved
    }
    for line in source[(start + 1)...].prefix(while: { $0 != "// README: end" }) {
      #expect(readme.contains(String(line)), "the README lacks: \(line)")
    }
  }

  private func text(_ path: String) throws -> String {
    String(decoding: try BoundedFile.read(path: path, limit: 1 << 20), as: UTF8.self)
  }
}

extension String {
  fileprivate var withCheckpointNameRemoved: String {
    ["\"path/to/bert-base-uncased\"", "\"path/to/my-decoder\""].reduce(self) { text, name in
      guard let range = text.firstRange(of: name) else { return text }
      return text[..<range.lowerBound] + "directory" + text[range.upperBound...]
    }
  }
}
