// SPDX-License-Identifier: Apache-2.0
import BERT
import Checkpoints
import StrictJSON
import Testing

/// `bert init`: checkpoints with random weights.
@Suite struct InitTests {
  @Test func writesACheckpointThatLoads() async throws {
    let temporary = try TemporaryFolder()
    let source = Goldens.path("forward/ragged")
    let made = temporary.file("made")
    let outcome = try ToolProcess.run(["init", source, made, "--seed", "7"])
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(outcome.error.contains("random parameters written to"))
    #expect(outcome.errorLines.count == 2 && outcome.error.contains("\(made) has no tokenizer, because \(source) has"))
    // The same as the library's, and the same again.
    let model = try await BertNetwork.untrained(.fromPretrained(source), head: .none, seed: 7, on: .cpu)
    try model.savePretrained(temporary.file("library"))
    let again = try ToolProcess.run(["init", source, temporary.file("again"), "--seed", "7"])
    let other = try ToolProcess.run(["init", source, temporary.file("other"), "--seed", "8"])
    #expect(again.status == 0 && other.status == 0)
    func weights(_ name: String) throws -> [UInt8] {
      try BoundedFile.read(path: temporary.file(name + "/model.safetensors"), limit: 1 << 24)
    }
    let bytes = try weights("made")
    #expect(try bytes == weights("again") && bytes == weights("library") && bytes != weights("other"))
    let loaded = try await BertNetwork.fromPretrained(made, on: .cpu)
    #expect(loaded.ignoredTensors.isEmpty && loaded.hasPooler)
  }

  @Test func aHeadAndTheTokenizerComeAlong() async throws {
    let temporary = try TemporaryFolder()
    let outcome = try ToolProcess.run([
      "init", Goldens.path("sentence/cls"), temporary.file("made"), "--task", "text-classification",
    ])
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(outcome.errorLines.count == 1, "\(outcome.error)")
    let names = entries(temporary.file("made"))
    #expect(names.contains("vocab.txt") || names.contains("tokenizer.json"), "\(names)")
    let loaded = try await BertNetwork.fromPretrained(temporary.file("made"), on: .cpu)
    #expect(loaded.head == .textClassification)
  }

  @Test func nothingIsOverwritten() throws {
    let temporary = try TemporaryFolder()
    try temporary.write("mine", to: "file")
    for path in [temporary.file("file"), temporary.path] {
      let outcome = try ToolProcess.run(["init", Goldens.path("forward/ragged"), path])
      #expect(outcome.status == 1 && outcome.errorLines.count == 1)
      #expect(outcome.error.contains("is there already and is not overwritten"))
    }
    #expect(entries(temporary.path) == ["file"])
    let missing = try ToolProcess.run(["init", temporary.path, temporary.file("new")])
    #expect(missing.status == 1 && !entries(temporary.path).contains("new"))
  }
}
