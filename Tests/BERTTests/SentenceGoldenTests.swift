// SPDX-License-Identifier: Apache-2.0
import BERT
import Checkpoints
import StrictJSON
import TestSupport
import Testing

@Suite struct SentenceGoldenTests {
  @Test func thereAreCases() { #expect(Goldens.folders("sentence").count >= 6) }

  @Test(arguments: Goldens.folders("sentence"), TestEngine.allCases)
  func agreesWithSentenceTransformers(name: String, on test: TestEngine) async throws {
    let folder = Goldens.path("sentence/" + name)
    let encoder = try await SentenceEncoder.fromPretrained(folder, on: test.engine)
    let wanted = try SafetensorsFile(path: folder + "/embeddings.safetensors")
    let vectors = try wanted.readFloat64("embeddings")
    let found = try await encoder.encode(Goldens.texts(folder + "/sentences.jsonl"))
    #expect(found.allSatisfy { $0.count == encoder.dimension })
    #expect(relativeError(found.joined().map(Double.init), vectors) <= 5e-6)
  }
}
