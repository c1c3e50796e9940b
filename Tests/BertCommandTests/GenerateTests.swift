// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import StrictJSON
import Testing
import Tokenizers

@Suite struct GenerateTests {
  /// The golden masked language model, told that it is a decoder: 304 words, 64 positions, a tokenizer.
  private func decoder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.copy(golden: "tasks/models/fill-mask")
    var config = try #require(JSON.parse(Goldens.bytes("tasks/models/fill-mask/config.json")).objectValue)
    config["is_decoder"] = true
    config["architectures"] = ["BertLMHeadModel"]
    try folder.write(JSON.object(config).serialized(), to: "config.json")
    return folder
  }

  /// Greedy search as it is defined: one whole pass for each token, and the likeliest of the last row.
  private func continuation(of text: String, _ model: TemporaryFolder, tokens count: Int) throws -> String {
    let tokenizer = try BertTokenizer.fromPretrained(model.path)
    let prompt = [try #require(tokenizer.classificationId)] + (try tokenizer.encodeIds(text, addSpecialTokens: false))
    var ids = prompt.map(Int64.init)
    for _ in 0..<count {
      try SafetensorsWriter.write(
        [OutgoingTensor(name: "input_ids", shape: [1, ids.count], ids)], to: model.file("inputs"))
      let outcome = try ToolProcess.run([
        "forward", model.path, "--inputs", model.file("inputs"), "--outputs", model.file("outputs"), "--device", "cpu",
      ])
      try #require(outcome.status == 0, "\(outcome.error)")
      let scores = try SafetensorsFile(path: model.file("outputs")).readFloat32("logits").suffix(304)
      let best = try #require(scores.indices.max { scores[$0] < scores[$1] })
      ids.append(Int64(best - scores.startIndex))
      if ids.last == tokenizer.separatorId.map(Int64.init) { break }
    }
    return tokenizer.decode(ids.map(Int32.init), skipSpecialTokens: true)
  }

  private static let texts = ["the cat", "a dog on the", "i"]

  @Test(arguments: ["cpu", "opencl"]) func continuesTexts(device: String) throws {
    let model = try decoder()
    let wanted = try Self.texts.map { try continuation(of: $0, model, tokens: 4) }
    let options = ["--max-new-tokens", "4", "--device", device]
    for caching in [[], ["--use-cache"], ["--no-use-cache"]] {
      let outcome = try ToolProcess.run(["generate", model.path] + Self.texts + options + caching)
      #expect(outcome.status == 0, "\(outcome.error)")
      #expect(outcome.lines == wanted)
    }
    let lines = Self.texts.flatMap { line(["text": .string($0)]) }
    let outcome = try ToolProcess.run(["generate", model.path, "--jsonl"] + options, input: lines)
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(try JSON.lines(outcome.output) == wanted.map { .object(["generated_text": .string($0)]) })
  }

  @Test func drawsDependOnTheSeed() throws {
    let model = try decoder()
    func run(_ options: [String]) throws -> [String] {
      let outcome = try ToolProcess.run(
        ["generate", model.path] + Self.texts + ["--max-new-tokens", "12", "--device", "cpu"] + options)
      #expect(outcome.status == 0, "\(outcome.error)")
      return outcome.lines
    }
    let sampling = ["--do-sample", "--temperature", "3", "--top-k", "0"]
    let first = try run(sampling + ["--seed", "1"])
    #expect(try run(sampling + ["--seed", "1"]) == first)
    #expect(try run(sampling + ["--seed", "1", "--no-use-cache"]) == first)
    #expect(try run(sampling + ["--seed", "2"]) != first)
    // One candidate is no choice.
    let greedy = try run([])
    #expect(try run(["--do-sample", "--top-k", "1", "--seed", "5"]) == greedy)
    #expect(try run(["--do-sample", "--top-p", "1e-9", "--seed", "5"]) == greedy)
    #expect(first != greedy)
  }

  /// A line's draws depend on its number, not on what else is in its batch.
  @Test func linesAreIndependent() throws {
    let model = try decoder()
    func run(_ texts: [String]) throws -> [JSON] {
      let options = ["--jsonl", "--max-new-tokens", "6", "--do-sample", "--temperature", "3", "--device", "cpu"]
      let outcome = try ToolProcess.run(
        ["generate", model.path] + options, input: texts.flatMap { line(["text": .string($0)]) })
      #expect(outcome.status == 0, "\(outcome.error)")
      return try JSON.lines(outcome.output)
    }
    let texts = (0..<40).map { String(repeating: "the cat ", count: 1 + $0 % 7) }
    let all = try run(texts)
    try #require(all.count == 40)
    #expect(try run(Array(texts[..<20])) == Array(all[..<20]))
    // Other neighbours, the same place.
    var others = texts.map { _ in "a dog" }
    others[17] = texts[17]
    #expect(try run(others)[17] == all[17])
  }

  @Test(arguments: [
    (
      ["a"], ["--max-new-tokens", "64"],
      "prompt 0 has 2 tokens, and the model takes 64: there is room for 63 new tokens"
    ),
    (["a"], ["--device", "opencl:9:0"], "no OpenCL platform 9"),
  ])
  func errorsAreOneLine(texts: [String], options: [String], message: String) throws {
    let model = try decoder()
    let outcome = try ToolProcess.run(
      ["generate", model.path] + texts + ["--device", "cpu"].filter { _ in !options.contains("--device") } + options)
    #expect(outcome.status == 1 && outcome.output.isEmpty && outcome.errorLines.count == 1)
    #expect(outcome.error.hasPrefix("bert: " + message), "\(outcome.error)")
  }

  @Test func linesThatCannotBeContinued() throws {
    let model = try decoder()
    let arguments = ["generate", model.path, "--jsonl", "--max-new-tokens", "60", "--device", "cpu"]
    let long = String(repeating: "the ", count: 20)
    let outcome = try ToolProcess.run(
      arguments, input: line(["text": "the"]) + line(["text": .string(long)]) + line(["text": "a"]))
    #expect(outcome.status == 1)
    #expect(outcome.errorLines.count == 1)
    #expect(
      outcome.error.hasPrefix("bert: line 2: 21 tokens and 60 new ones are more than the model takes"),
      "\(outcome.error)")
    #expect(outcome.lines.count == 1, "what came before is written")
    let wrong = try ToolProcess.run(arguments, input: Array("{\"txt\": 1}\n".utf8))
    #expect(wrong.status == 1 && wrong.errorLines.count == 1 && wrong.output.isEmpty)
    #expect(wrong.error.hasPrefix("bert: line 1: "), "\(wrong.error)")
  }

  @Test func anEncoderDoesNotGoOn() throws {
    let outcome = try ToolProcess.run(["generate", TaskCommandTests.model("fill-mask"), "a", "--device", "cpu"])
    #expect(outcome.status == 1 && outcome.output.isEmpty)
    #expect(outcome.error == "bert: generate needs a decoder (is_decoder); this model is an encoder\n")
    let other = try ToolProcess.run(["generate", TaskCommandTests.model("rerank"), "a", "--device", "cpu"])
    #expect(other.status == 1)
    #expect(other.error.contains("has no weights for the head of BertLMHeadModel"), "\(other.error)")
  }
}
