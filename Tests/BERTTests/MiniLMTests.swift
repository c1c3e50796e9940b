// SPDX-License-Identifier: Apache-2.0
import BERT
import Checkpoints
import Glibc
import TestSupport
import Testing

/// The real checkpoint: all-MiniLM-L6-v2, where `scripts/test` puts it. Absent, these tests fail.
enum MiniLM {
  /// Where the scripts put models.
  static let models: String = {
    let home = getenv("HOME").map { String(cString: $0) } ?? ""
    // An empty variable counts as none, as for the scripts.
    let named = getenv("XDG_CACHE_HOME").map { String(cString: $0) } ?? ""
    let cache = named.isEmpty ? home + "/.cache" : named
    return getenv("SWIFT_BERT_MODELS").map { String(cString: $0) } ?? cache + "/swift-bert/models"
  }()
  static let directory = models + "/all-MiniLM-L6-v2"
}

@Suite(.serialized) struct MiniLMTests {
  @Test(arguments: [TestEngine.cpu, .opencl])
  func fiveHundredSentencesAgreeWithHuggingFace(test: TestEngine) async throws {
    let texts = try Goldens.texts(Goldens.path("minilm/sentences.jsonl"))
    let golden = try SafetensorsFile(path: Goldens.path("minilm/embeddings.safetensors")).readFloat32("embeddings")
    let encoder = try await SentenceEncoder.fromPretrained(MiniLM.directory, on: test.engine)
    let vectors = try await encoder.encode(texts)
    try #require(vectors.count == 500 && golden.count == 500 * 384)
    for (index, vector) in vectors.enumerated() {
      let wanted = golden[(index * 384)..<((index + 1) * 384)].map(Double.init)
      let found = vector.map(Double.init)
      #expect(largestDifference(found, wanted) <= 1e-5, "sentence \(index)")
      #expect(cosineSimilarity(found, wanted) >= 0.999999, "sentence \(index)")
    }
  }

  @Test(arguments: [TestEngine.cpu, .opencl])
  func anySubsetInAnyOrderGivesTheSameBits(test: TestEngine) async throws {
    let texts = Array(try Goldens.texts(Goldens.path("minilm/sentences.jsonl"))[..<120])
    let encoder = try await SentenceEncoder.fromPretrained(MiniLM.directory, on: test.engine)
    let small = try await SentenceEncoder.fromPretrained(MiniLM.directory, on: test.engine, tokenBudget: 300)
    let all = try await encoder.encode(texts)
    #expect(try await small.encode(texts) == all)
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<4 {
      let chosen = texts.indices.filter { _ in Bool.random(using: &generator) }.shuffled(using: &generator)
      #expect(try await encoder.encode(chosen.map { texts[$0] }) == chosen.map { all[$0] })
    }
    for index in [0, 17, 63, 119] { #expect(try await encoder.encode([texts[index]]) == [all[index]]) }
  }
}
