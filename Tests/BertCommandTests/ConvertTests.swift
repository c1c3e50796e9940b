// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import StrictJSON
import Testing

@Suite struct ConvertTests {
  /// What `bert forward` writes for a golden's arguments.
  private func forward(_ model: String, _ golden: String) throws -> [UInt8] {
    let outcome = try ToolProcess.run([
      "forward", model, "--inputs", Goldens.path(golden + "/inputs.safetensors"), "--outputs", "-", "--device", "cpu",
    ])
    #expect(outcome.status == 0, "\(outcome.error)")
    return outcome.output
  }

  private func parameters(_ model: String) throws -> Int? {
    let outcome = try ToolProcess.run(["info", model, "--json", "--device", "cpu"])
    #expect(outcome.status == 0, "\(outcome.error)")
    return try JSON.parse(outcome.output)["parameters"]?["total"]?.intValue
  }

  @Test(arguments: [
    "heads/saved-bin", "heads/saved-bin-legacy", "heads/saved-bin-sharded", "heads/masked-lm-old-names",
    "heads/pretraining-untied-old-names", "decoder/lm-untied", "switches/pruned-relative-key", "forward/saved-sharded",
    "forward/saved-bf16",
  ])
  func theOutputsStay(golden: String) throws {
    let temporary = try TemporaryFolder()
    let new = temporary.file("new")
    let outcome = try ToolProcess.run(["convert", Goldens.path(golden), new])
    #expect(outcome.status == 0 && outcome.output.isEmpty, "\(outcome.error)")
    #expect(outcome.errorLines.last?.hasSuffix(" parameters written to \(new)") ?? false)
    #expect(entries(new) == ["config.json", "model.safetensors"])
    let file = try SafetensorsFile(path: new + "/model.safetensors")
    #expect(file.tensorNames.allSatisfy { file.tensor(named: $0)?.dataType == .float32 })
    #expect(!file.tensorNames.contains { $0.contains("gamma") || $0.contains("beta") || $0.contains("position_ids") })
    #expect(try forward(new, golden) == forward(Goldens.path(golden), golden))
  }

  /// H 12, 2 heads of 6; 29 words; a tied head with a bias.
  @Test func pruningAndResizingShrinkTheModel() throws {
    let temporary = try TemporaryFolder()
    let golden = "heads/masked-lm"
    let before = try #require(try parameters(Goldens.path(golden)))
    // Query, key and value 6 x (12 + 1) each, output 12 x 6; in two layers.
    let perHead = 3 * 6 * 13 + 12 * 6
    var arguments = ["convert", Goldens.path(golden), temporary.file("a"), "--prune-heads", "0:1"]
    #expect(try ToolProcess.run(arguments + ["--prune-heads", "1:0"]).status == 0)
    #expect(try parameters(temporary.file("a")) == before - 2 * perHead)
    let config = try JSON.parse(BoundedFile.read(path: temporary.file("a/config.json"), limit: 1 << 20))
    #expect(config["pruned_heads"] == (try JSON.parse(#"{"0": [1], "1": [0]}"#)))
    // From what is pruned already: the vocabulary grows by 3 rows and biases.
    arguments = ["convert", temporary.file("a"), temporary.file("b"), "--vocab-size", "32", "--seed", "7"]
    let outcome = try ToolProcess.run(arguments)
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(try parameters(temporary.file("b")) == before - 2 * perHead + 3 * (12 + 1))
    let words = "bert.embeddings.word_embeddings.weight"
    func embeddings(_ name: String) throws -> [Float] {
      try SafetensorsFile(path: temporary.file(name + "/model.safetensors")).readFloat32(words)
    }
    #expect(try Array(embeddings("b")[..<(29 * 12)]) == embeddings("a"))
    // The seed decides what the new rows are.
    for (seed, name) in [("7", "c"), ("8", "d")] {
      arguments = ["convert", temporary.file("a"), temporary.file(name), "--vocab-size", "32", "--seed", seed]
      #expect(try ToolProcess.run(arguments).status == 0)
    }
    #expect(try embeddings("c") == embeddings("b") && embeddings("d") != embeddings("b"))
  }

  @Test func anotherHeadLeavesTensorsOut() throws {
    let temporary = try TemporaryFolder()
    let arguments = ["convert", Goldens.path("heads/pretraining"), temporary.file("new"), "--task"]
    let outcome = try ToolProcess.run(arguments + ["masked-lm"])
    #expect(outcome.status == 0)
    #expect(outcome.errorLines.count == 2)
    let note = try #require(outcome.errorLines.first)
    #expect(note.hasPrefix("bert: note: left out: "))
    for name in ["bert.pooler.dense.weight", "cls.seq_relationship.bias"] { #expect(note.contains(name), "\(name)") }
    let wanted = try SafetensorsFile(path: Goldens.path("heads/masked-lm/model.safetensors")).tensorNames
    #expect(try Set(SafetensorsFile(path: temporary.file("new/model.safetensors")).tensorNames) == Set(wanted))
    // Over itself, as the bare encoder.
    let bare = ["convert", temporary.file("new"), temporary.file("new"), "--task", "feature-extraction"]
    #expect(try ToolProcess.run(bare).status == 0)
    let names = try SafetensorsFile(path: temporary.file("new/model.safetensors")).tensorNames
    #expect(!names.isEmpty && names.allSatisfy { $0.hasPrefix("embeddings.") || $0.hasPrefix("encoder.") })
  }

  @Test func tokenizerFilesGoAlong() throws {
    let temporary = try TemporaryFolder()
    let model = TaskCommandTests.model("fill-mask")
    #expect(try ToolProcess.run(["convert", model, temporary.file("new")]).status == 0)
    let question = ["the [MASK] cat", "--device", "cpu"]
    let wanted = try ToolProcess.run(["fill-mask", model] + question)
    let found = try ToolProcess.run(["fill-mask", temporary.file("new")] + question)
    #expect(found.status == 0 && found.output == wanted.output && !found.output.isEmpty)
  }

  private static let model = Goldens.path("heads/masked-lm")

  @Test(arguments: [
    ([model, "--task", "question-answering"], "\(model) has no weights for the head of BertForQuestionAnswering"),
    ([model, "--prune-heads", "2:0"], "heads_to_prune names layer 2 of 2"),
    ([model, "--prune-heads", "0:2"], "heads_to_prune names head 2 of layer 0, which has 2"),
    ([model, "--prune-heads", "0:0,1"], "heads_to_prune leaves layer 0 without a head"),
    ([model, "--prune-heads", "1:0", "--prune-heads", "1:1"], "heads_to_prune leaves layer 1 without a head"),
    ([model, "--vocab-size", "0"], "new_num_tokens is 0; it must be above the padding token's id, 0"),
    (["/nonexistent"], "/nonexistent/config.json: no such file"),
  ])
  func errorsAreOneLineAndLeaveWhatWasThere(arguments: [String], message: String) throws {
    let temporary = try TemporaryFolder()
    let old = temporary.file("old")
    #expect(try ToolProcess.run(["convert", Self.model, old]).status == 0)
    let before = try BoundedFile.read(path: old + "/model.safetensors", limit: 1 << 20)
    for target in [old, temporary.file("new")] {
      let outcome = try ToolProcess.run(["convert", arguments[0], target] + arguments.dropFirst())
      #expect(outcome.status == 1)
      #expect(outcome.output.isEmpty && outcome.errorLines.count == 1)
      #expect(outcome.error.hasPrefix("bert: " + message), "\(outcome.error)")
    }
    #expect(entries(temporary.path) == ["old"])
    #expect(try BoundedFile.read(path: old + "/model.safetensors", limit: 1 << 20) == before)
  }

  @Test func aTargetThatIsNoDirectory() throws {
    let temporary = try TemporaryFolder()
    try temporary.write("before", to: "file")
    let outcome = try ToolProcess.run(["convert", Self.model, temporary.file("file")])
    #expect(outcome.status == 1 && outcome.errorLines.count == 1)
    #expect(outcome.error.hasPrefix("bert: \(temporary.path)/file"), "\(outcome.error)")
    #expect(try BoundedFile.read(path: temporary.file("file"), limit: 100) == Array("before".utf8))
  }
}
