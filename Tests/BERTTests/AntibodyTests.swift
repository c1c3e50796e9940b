// SPDX-License-Identifier: Apache-2.0
import BERT
import Checkpoints
import StrictJSON
import Testing

/// A real model of antibodies, AntiBERTy as its Python package has it: `pytorch_model.bin` and all, where `scripts/test`
/// puts it. Absent, these tests fail. Source: arXiv:2112.07782.
@Suite(.serialized) struct AntibodyTests {
  private static let directory = MiniLM.models + "/antiberty"

  private func golden() throws -> JSON { try Goldens.json(Goldens.path("antiberty/fill-mask.json")) }

  @Test(arguments: [TestEngine.cpu, .opencl])
  func hiddenResiduesAreFoundAsByHuggingFace(test: TestEngine) async throws {
    let golden = try golden()
    let task = try await FillMask.fromPretrained(Self.directory, on: test.engine)
    let cases = try #require(golden["cases"]?.arrayValue)
    #expect(cases.count == 12)
    let texts = cases.compactMap { $0["text"]?.stringValue }
    let answers = try await task.predict(texts, options: FillMask.Options(topK: 5))
    try #require(answers.count == cases.count)
    for (answer, wanted) in zip(answers, cases) {
      let name = wanted["name"]?.stringValue ?? ""
      let top = try #require(wanted["top"]?.arrayValue)
      try #require(answer.count == 1 && answer[0].count == 5 && top.count == 5, "\(name)")
      for (found, wanted) in zip(answer[0], top) {
        #expect(found.token == wanted["token"]?.intValue, "\(name)")
        #expect(found.tokenString == wanted["token_str"]?.stringValue, "\(name)")
        #expect(abs(found.score - (try #require(wanted["score"]?.doubleValue))) <= 1e-4, "\(name)")
      }
    }
  }

  @Test func whatIsNotUsedIsListed() async throws {
    // config.json names the package's own class, so the head has to be named.
    let wanted = BertError.unknownArchitecture(path: Self.directory + "/config.json", "AntiBERTy")
    await #expect(throws: wanted) { try await BertNetwork.fromPretrained(Self.directory, on: .cpu) }
    let model = try await BertForMaskedLM.fromPretrained(Self.directory, on: .cpu)
    let ignored = try #require(try golden()["ignored_tensors"]?.strings)
    #expect(ignored.count == 8)
    // The position numbers that old checkpoints carry are no weight; the tied matrix has a second name.
    let names = ["bert.embeddings.position_ids", "cls.predictions.decoder.bias", "cls.predictions.decoder.weight"]
    #expect(Set(model.ignoredTensors) == Set(ignored + names))
    #expect(model.network.tiesDecoder)
  }

  /// Counts and shapes from the architecture: 8 layers of 16 tensors, 5 of embeddings, pooler, heads.
  @Test func theFileHoldsWhatTheArchitectureHas() throws {
    let checkpoint = try Checkpoint(directory: Self.directory)
    #expect(checkpoint.files.map { $0.split(separator: "/").last } == ["pytorch_model.bin"])
    #expect(checkpoint.tensorNames.count == 8 * 16 + 5 + 1 + 2 + 7 + 6)
    func shape(_ name: String) -> [Int]? { checkpoint.tensor(named: name)?.shape }
    #expect(shape("bert.embeddings.word_embeddings.weight") == [25, 512])
    #expect(shape("bert.embeddings.position_embeddings.weight") == [512, 512])
    #expect(shape("bert.embeddings.token_type_embeddings.weight") == [2, 512])
    #expect(shape("cls.predictions.decoder.weight") == [25, 512])
    for layer in 0..<8 {
      let prefix = "bert.encoder.layer.\(layer)."
      #expect(shape(prefix + "attention.self.query.weight") == [512, 512])
      #expect(shape(prefix + "intermediate.dense.weight") == [2048, 512])
      #expect(shape(prefix + "output.dense.weight") == [512, 2048])
      #expect(shape(prefix + "output.LayerNorm.bias") == [512])
    }
    // Torch saved the tied matrix twice, on one storage.
    let decoder = try checkpoint.readFloat32("cls.predictions.decoder.weight")
    #expect(try checkpoint.readFloat32("bert.embeddings.word_embeddings.weight") == decoder)
    #expect(decoder.allSatisfy { $0.isFinite } && Set(decoder).count > 10_000)
  }
}
