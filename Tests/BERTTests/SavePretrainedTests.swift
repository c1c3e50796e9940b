// SPDX-License-Identifier: Apache-2.0
import BERT
import Checkpoints
import ComputeGraph
import GoldenCases
import StrictJSON
import Testing

/// `savePretrained` and back: the same bits, Hugging Face's keys, and the files that go with the weights.
@Suite struct SavePretrainedTests {
  /// Which key of a golden's own file transformers 4.49 would not have written: names of old files, weights of other
  /// heads, second names of a tied matrix.
  private static func modern(_ key: String, _ name: String) -> String? {
    if key.hasSuffix("position_ids") || (name.hasSuffix("-twice") && key.hasPrefix("cls.predictions.decoder.")) {
      return nil
    }
    for (old, new) in [("LayerNorm.gamma", "LayerNorm.weight"), ("LayerNorm.beta", "LayerNorm.bias")]
    where key.hasSuffix(old) { return key.dropLast(old.count) + new }
    return key
  }

  private static func weights(_ folder: String) throws -> [String: [Int]] {
    let checkpoint = try Checkpoint(directory: folder)
    return Dictionary(
      uniqueKeysWithValues: checkpoint.tensorNames.map { ($0, checkpoint.tensor(named: $0)?.shape ?? []) })
  }

  @Test(arguments: ForwardGoldenTests.cases) func everyGolden(name: String) async throws {
    let golden = try GoldenCase(name)
    let network = try await golden.load(on: .cpu)
    let folder = try ModelFolder()
    let path = folder.path + "/saved"
    try network.savePretrained(path)
    // Same bits, through config.json alone: the head is the one that was saved.
    let again = try await BertNetwork.fromPretrained(path, on: .cpu)
    #expect(again.head == network.head && again.ignoredTensors.isEmpty)
    let arguments = try golden.arguments
    #expect(try await again.forward(arguments).bits == network.forward(arguments).bits)
    // The same configuration, but for what is meant by it.
    var config = network.config
    config.architectures = [network.head.architecture]
    #expect(again.config == config)
    // The keys that transformers wrote, and no others.
    guard !name.hasSuffix("extra"), !name.hasSuffix("extra-heads"), !network.ignoredTensors.contains(where: isWeight)
    else { return }
    var wanted: [String: [Int]] = [:]
    let isBin = name.contains("saved-bin")
    for (key, shape) in try Self.weights(isBin ? Goldens.path("heads/masked-lm") : golden.folder) {
      guard let key = Self.modern(key, name) else { continue }
      // A bare model has no prefix, whatever it was cut out of.
      wanted[network.head == .none && key.hasPrefix("bert.") ? String(key.dropFirst(5)) : key] = shape
    }
    #expect(try Self.weights(path) == wanted)
  }

  /// A weight that another head, or a file that is older than its model, has.
  private func isWeight(_ name: String) -> Bool {
    !name.hasSuffix("position_ids") && !name.hasPrefix("cls.predictions.decoder.")
  }

  @Test(arguments: [TestEngine.cpu, .opencl]) func changedModels(test: TestEngine) async throws {
    let names = [
      "heads/masked-lm", "heads/masked-lm-untied", "heads/saved-bin-legacy", "heads/pretraining-untied-old-names",
      "heads/masked-lm-relative-pruned", "decoder/lm-untied", "heads/token-classification", "switches/pruned",
      "decoder/cross-ragged",
    ]
    for name in names {
      let golden = try GoldenCase(name)
      let head = name.hasPrefix("heads/masked-lm-relative") ? [0: [1], 1: [0]] : [1: [1]]
      let changed = try await golden.load(on: test.engine).pruningHeads(head).resizingTokenEmbeddings(to: 41, seed: 2)
      let folder = try ModelFolder()
      let path = folder.path + "/a/b"
      try changed.savePretrained(path)
      let again = try await BertNetwork.fromPretrained(path, on: test.engine)
      let arguments = try golden.arguments
      #expect(try await again.forward(arguments).bits == changed.forward(arguments).bits, "\(name)")
      #expect(again.config.vocabSize == 41 && again.config.prunedHeads[1] == changed.config.prunedHeads[1])
      #expect(again.tiesDecoder == changed.tiesDecoder && again.parameterCount == changed.parameterCount)
      // Saved again, it is the same file.
      try again.savePretrained(folder.path + "/c")
      let file = try folder.bytes("a/b/model.safetensors")
      #expect(try folder.bytes("c/model.safetensors") == file, "\(name)")
      #expect(try folder.bytes("c/config.json") == folder.bytes("a/b/config.json"), "\(name)")
    }
  }

  @Test func shards() async throws {
    let golden = try GoldenCase("heads/pretraining-labels")
    let network = try await golden.load(on: .cpu)
    let folder = try ModelFolder()
    let path = folder.path + "/saved"
    // The largest tensor, 29 x 12 floats, is larger than a shard.
    try network.savePretrained(path, maxShardBytes: 1000)
    let files = Goldens.entries(path)
    let shards = files.filter { $0.hasPrefix("model-") && $0.hasSuffix(".safetensors") }
    #expect(shards.count > 5 && files.contains("model.safetensors.index.json") && !files.contains("model.safetensors"))
    for shard in shards {
      let file = try SafetensorsFile(path: path + "/" + shard)
      #expect(file.totalBytes <= 1000 || file.tensorNames.count == 1)
    }
    let again = try await BertNetwork.fromPretrained(path, on: .cpu)
    let input = try golden.arguments
    let wanted = try await network.forward(input).bits
    #expect(try await again.forward(input).bits == wanted)
    // In one piece over the pieces, from the pieces.
    try again.savePretrained(path)
    #expect(Goldens.entries(path) == ["config.json", "model.safetensors"])
    #expect(try await BertNetwork.fromPretrained(path, on: .cpu).forward(input).bits == wanted)
  }

  @Test func overItself() async throws {
    for name in ["heads/masked-lm", "heads/saved-bin-sharded", "heads/saved-bin-legacy"] {
      let golden = try GoldenCase(name)
      let folder = try ModelFolder(golden: name)
      let network = try await BertNetwork.fromPretrained(folder.path, on: .cpu)
      let pruned = try await network.pruningHeads([0: [0]])
      let arguments = try golden.arguments
      let wanted = try await pruned.forward(arguments).bits
      let embeddings = try network.inputEmbeddings()
      try pruned.savePretrained(folder.path)
      #expect(!Goldens.entries(folder.path).contains { $0.hasPrefix("pytorch_model") }, "the old weights are gone")
      #expect(try await BertNetwork.fromPretrained(folder.path, on: .cpu).forward(arguments).bits == wanted)
      // Files that are no part of a checkpoint stay.
      #expect(Goldens.entries(folder.path).contains("outputs.safetensors"))
      // Both models read on from the files that they were made of.
      #expect(try network.inputEmbeddings() == embeddings && pruned.inputEmbeddings() == embeddings)
      try network.savePretrained(folder.path)
      let back = try await BertNetwork.fromPretrained(folder.path, on: .cpu)
      #expect(back.config.prunedHeads.isEmpty)
      #expect(try await back.forward(arguments).bits == network.forward(arguments).bits)
    }
  }

  @Test func unknownFieldsStay() async throws {
    let folder = try ModelFolder(golden: "heads/text-classification")
    try folder.set(
      "config.json",
      [
        "custom": #"{"nested": [1, 2.5, null, "\u00e4"]}"#, "finetuning_task": "\"mnli\"",
        "hidden_act": "\"gelu_python\"",
        "id2label": #"{"0": "no", "1": "yes", "2": "no"}"#, "num_labels": "3", "classifier_dropout": "0.25",
      ])
    let network = try await BertNetwork.fromPretrained(folder.path, on: .cpu)
    let before = try #require(try JSON.parse(folder.bytes("config.json")).objectValue)
    try network.savePretrained(folder.path + "/saved")
    let after = try #require(try JSON.parse(folder.bytes("saved/config.json")).objectValue)
    for key in ["custom", "finetuning_task", "hidden_act", "transformers_version", "id2label", "classifier_dropout"] {
      #expect(after[key] == before[key] && before[key] != nil, "\(key)")
    }
    #expect(after["architectures"] == .array([.string("BertForSequenceClassification")]))
    #expect(after["label2id"]?["yes"]?.intValue == 1 && after["num_labels"] == nil)
    #expect(try BertConfig.fromPretrained(folder.path + "/saved") == network.config)
  }

  /// A head saved by its own name, from a checkpoint that config.json says is another.
  @Test func theHeadThatWasLoaded() async throws {
    let golden = try GoldenCase("heads/pretraining")
    let folder = try ModelFolder()
    let path = folder.path + "/saved"
    let input = try golden.arguments.input
    let masked = try await BertForMaskedLM.fromPretrained(golden.folder, on: .cpu)
    #expect(masked.ignoredTensors.sorted().contains("cls.seq_relationship.weight"))
    try masked.savePretrained(path)
    #expect(try BertConfig.fromPretrained(path).architectures == ["BertForMaskedLM"])
    #expect(Set(try Self.weights(path).keys) == Set(try Self.weights(Goldens.path("heads/masked-lm")).keys))
    #expect(try await BertNetwork.fromPretrained(path, on: .cpu).forward(input).bits == masked.forward(input).bits)
    let bare = try await BertModel.fromPretrained(golden.folder, on: .cpu)
    try bare.savePretrained(path)
    #expect(try Self.weights(path).keys.allSatisfy { !$0.hasPrefix("bert.") && !$0.hasPrefix("cls.") })
    #expect(try Self.weights(path)["pooler.dense.weight"] == [12, 12])
  }

  @Test func tokenizerFilesAreCopied() async throws {
    let source = try ModelFolder(golden: "tasks/models/fill-mask")
    let names = ["special_tokens_map.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt"]
    try source.write("README.md", "not the tokenizer's")
    let network = try await BertNetwork.fromPretrained(source.path, on: .cpu)
    let folder = try ModelFolder()
    try network.savePretrained(folder.path + "/saved")
    #expect(Goldens.entries(folder.path + "/saved") == (["config.json", "model.safetensors"] + names).sorted())
    for name in names { #expect(try folder.bytes("saved/" + name) == source.bytes(name), "\(name)") }
    let text = "the [MASK] cat"
    let found = try await FillMask.fromPretrained(folder.path + "/saved", on: .cpu).predict([text], options: .init())
    let wanted = try await FillMask.fromPretrained(source.path, on: .cpu).predict([text], options: .init())
    #expect(found == wanted)
  }

  /// Pooling and what follows it belong to the directory too.
  @Test(arguments: ["sentence/dense-normalize", "sentence/mean-max", "sentence/cls"])
  func sentenceEncodersStayOnes(name: String) async throws {
    let source = Goldens.path(name)
    let folder = try ModelFolder()
    let path = folder.path + "/saved"
    try await BertModel.fromPretrained(source, on: .cpu).savePretrained(path)
    let texts = try Goldens.texts(source + "/sentences.jsonl")
    let found = try await SentenceEncoder.fromPretrained(path, on: .cpu).encode(texts)
    let wanted = try await SentenceEncoder.fromPretrained(source, on: .cpu).encode(texts)
    #expect(bits(found) == bits(wanted))
    #expect(!Goldens.entries(path).contains("sentences.jsonl"))
  }

  @Test func whereNothingCanBeWritten() async throws {
    let network = try await GoldenCase("heads/masked-lm").load(on: .cpu)
    let folder = try ModelFolder()
    try folder.write("file", "before")
    #expect(throws: CheckpointError.self) { try network.savePretrained(folder.path + "/file") }
    #expect(throws: CheckpointError.self) { try network.savePretrained(folder.path + "/file/below") }
    #expect(try folder.bytes("file") == Array("before".utf8) && Goldens.entries(folder.path) == ["file"])
  }
}
