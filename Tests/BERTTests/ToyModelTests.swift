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
}
