// SPDX-License-Identifier: Apache-2.0
import BERT
import Checkpoints
import Testing
import Tokenizers

/// Weights and vocabulary that do not fit what config.json says.
@Suite struct CheckpointRefusalTests {
  private let query = "encoder.layer.1.attention.self.query.weight"

  /// What loading as a model and as an encoder throws, on the device path and on the CPU.
  private func expectRefusal(_ wanted: BertError, _ folder: ModelFolder) async throws {
    for engine in [TestEngine.cpu, .oracle, .opencl] {
      await #expect(throws: wanted, "\(engine)") { try await BertModel.fromPretrained(folder.path, on: engine.engine) }
      await #expect(throws: wanted, "\(engine)") {
        try await SentenceEncoder.fromPretrained(folder.path, on: engine.engine)
      }
    }
  }

  @Test func missingTensors() async throws {
    let folder = try ModelFolder(golden: "sentence/cls")
    var tensors = try folder.tensors()
    tensors[query] = nil
    tensors["embeddings.LayerNorm.bias"] = nil
    try folder.writeTensors(tensors)
    let wanted = BertError.missingTensors(path: folder.path, ["embeddings.LayerNorm.bias", query])
    try await expectRefusal(wanted, folder)
    #expect(
      "\(wanted)" == "\(folder.path) lacks 2 tensors that the model needs: embeddings.LayerNorm.bias, \(query)")
  }

  @Test func moreLayersThanTheCheckpointHas() async throws {
    let folder = try ModelFolder(golden: "sentence/cls")
    try folder.set("config.json", ["num_hidden_layers": "4096"])
    let error = await thrown { _ = try await BertModel.fromPretrained(folder.path, on: .cpu) }
    guard case .missingTensors(folder.path, let names)? = error as? BertError else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(names.count == 4094 * 16 && "\(BertError.missingTensors(path: "", names))".count < 1000)
  }

  @Test func extraTensorsAreListedAndDoNoHarm() async throws {
    let folder = try ModelFolder(golden: "sentence/cls")
    let texts = try Goldens.texts(folder.path + "/sentences.jsonl")
    let before = try await SentenceEncoder.fromPretrained(folder.path, on: .cpu)
    var tensors = try folder.tensors()
    tensors["cls.predictions.bias"] = ([3], [.nan, .infinity, 1])  // never read
    tensors["embeddings.position_ids"] = ([1, 20], [Float](repeating: 0, count: 20))
    try folder.writeTensors(tensors)
    let after = try await SentenceEncoder.fromPretrained(folder.path, on: .cpu)
    #expect(after.ignoredTensors.sorted() == ["cls.predictions.bias", "embeddings.position_ids"])
    #expect(before.ignoredTensors.isEmpty)
    let (found, wanted) = (try await after.encode(texts), try await before.encode(texts))
    #expect(bits(found) == bits(wanted))
  }

  @Test(arguments: [[18], [18, 17], [18, 18, 1], [9, 36], [324]]) func wrongShape(shape: [Int]) async throws {
    let folder = try ModelFolder(golden: "sentence/cls")
    var tensors = try folder.tensors()
    tensors[query] = (shape, [Float](repeating: 0, count: shape.reduce(1, *)))
    try folder.writeTensors(tensors)
    let file = folder.path + "/model.safetensors"
    let wanted = BertError.tensorShape(path: file, tensor: query, found: shape, wanted: [18, 18])
    try await expectRefusal(wanted, folder)
    #expect("\(wanted)" == "\(file): tensor \(query) has shape \(shape), but config.json wants [18, 18]")
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity, Float(bitPattern: 0x7F80_0001)], [0, 100, 323])
  func aWeightThatIsNoNumber(value: Float, at element: Int) async throws {
    let folder = try ModelFolder(golden: "sentence/cls")
    var tensors = try folder.tensors()
    tensors[query]?.elements[element] = value
    try folder.writeTensors(tensors)
    let file = folder.path + "/model.safetensors"
    let wanted = BertError.notFinite(path: file, tensor: query, element: element)
    try await expectRefusal(wanted, folder)
    #expect("\(wanted)" == "\(file): element \(element) of tensor \(query) is not a finite number")
  }

  @Test func vocabularyUnlikeTheEmbeddings() async throws {
    let folder = try ModelFolder(golden: "sentence/cls")
    // config.json against the weights
    try folder.set("config.json", ["vocab_size": "93"])
    try await expectRefusal(
      .tensorShape(
        path: folder.path + "/model.safetensors", tensor: "embeddings.word_embeddings.weight", found: [92, 18],
        wanted: [93, 18]), folder)
    // the tokenizer against config.json: only who tokenizes can notice
    try folder.set("config.json", ["vocab_size": "92"])
    let count = try BertTokenizer.fromPretrained(folder.path).vocabularySize
    let extra = (0...(92 - count)).map { "extra\($0)\n" }.joined()
    let vocabulary = String(decoding: try folder.bytes("vocab.txt"), as: UTF8.self)
    try folder.write("vocab.txt", (vocabulary.hasSuffix("\n") ? vocabulary : vocabulary + "\n") + extra)
    let wanted = BertError.vocabularyMismatch(tokenizer: 93, embeddings: 92)
    await #expect(throws: wanted) { try await SentenceEncoder.fromPretrained(folder.path, on: .cpu) }
    #expect("\(wanted)" == "the tokenizer makes ids up to 92, but the word embeddings have 92 rows")
  }

  @Test func missingFiles() async throws {
    let weights = try ModelFolder(golden: "sentence/cls")
    try weights.remove("model.safetensors")
    await #expect(throws: CheckpointError.noWeights(directory: weights.path)) {
      try await SentenceEncoder.fromPretrained(weights.path, on: .cpu)
    }
    try weights.write("tf_model.h5", "")
    await #expect(
      throws: CheckpointError.unsupportedWeights(directory: weights.path, found: ["tf_model.h5"])
    ) { try await BertModel.fromPretrained(weights.path, on: .cpu) }
    let tokenizer = try ModelFolder(golden: "sentence/cls")
    try tokenizer.remove("vocab.txt")
    await #expect(throws: TokenizerError.noTokenizer(directory: tokenizer.path)) {
      try await SentenceEncoder.fromPretrained(tokenizer.path, on: .cpu)
    }
    try tokenizer.write("vocab.txt", "")
    await #expect(throws: TokenizerError.emptyVocabulary(file: tokenizer.path + "/vocab.txt")) {
      try await SentenceEncoder.fromPretrained(tokenizer.path, on: .cpu)
    }
  }

  @Test func directoryAsFile() async throws {
    let folder = try ModelFolder(golden: "sentence/cls")
    try folder.replaceByDirectory("model.safetensors")
    let wanted = CheckpointError.file(.notRegular(path: folder.path + "/model.safetensors", kind: "a directory"))
    await #expect(throws: wanted) { try await BertModel.fromPretrained(folder.path, on: .cpu) }
  }
}
