// SPDX-License-Identifier: Apache-2.0
import StrictJSON
import Testing

/// The commands of the tasks against Hugging Face's pipelines: `Tests/Goldens/tasks`, from lines to lines.
@Suite struct TaskCommandTests {
  static let commands = [
    ("fill-mask", "fill-mask"), ("text-classification", "classify"), ("token-classification", "ner"),
    ("question-answering", "qa"), ("zero-shot-classification", "zero-shot"), ("next-sentence", "next-sentence"),
    ("multiple-choice", "multiple-choice"), ("rerank", "rerank"),
  ]

  static func model(_ name: String) -> String { Goldens.path("tasks/models/" + name) }

  private func run(_ arguments: [String], _ input: String) throws -> ToolProcess.Outcome {
    try ToolProcess.run(arguments + ["--jsonl", "--device", "cpu"], input: Array(input.utf8))
  }

  /// All cases of one set of options in one run.
  @Test(arguments: commands)
  func linesAreAnsweredAsByThePipeline(name: String, command: String) throws {
    var groups: [String: [JSON]] = [:]
    for line in try JSON.lines(Goldens.bytes("tasks/\(name).jsonl")) {
      groups[line["options"]?.serialized() ?? "{}", default: []].append(line)
    }
    for (options, cases) in groups.sorted(by: { $0.key < $1.key }) {
      let input = cases.map { ($0["input"]?.serialized() ?? "") + "\n" }.joined()
      let options = try JSON.parse(options)
      var flags = try TaskCommandTests.flags(options)
      // What has no pipeline was cut for the goldens.
      if ["next-sentence", "multiple-choice"].contains(name) { flags += ["--truncation", "longest_first"] }
      if name == "next-sentence" { flags += ["--top-k", "all"] }
      let outcome = try run([command, TaskCommandTests.model(name)] + flags, input)
      #expect(outcome.status == 0, "\(outcome.error)")
      let found = try JSON.lines(outcome.output)
      #expect(found.count == cases.count)
      for (found, line) in zip(found, cases) {
        let wanted = TaskCommandTests.wanted(line["output"] ?? .null, name, options)
        #expect(isClose(found, wanted), "\(line.serialized()): \(found.serialized())")
      }
    }
  }

  /// The options of the command line that stand for the pipeline's.
  private static func flags(_ options: JSON) throws -> [String] {
    var flags: [String] = []
    for (key, value) in options.objectValue ?? JSONObject() {
      switch (key, value) {
      case ("tokenizer_kwargs", _): flags += try self.flags(value)
      case ("truncation", .bool(true)): flags += ["--truncation", "longest_first"]
      case ("top_k", .null): flags += ["--top-k", "all"]
      case ("raw", .bool(true)): flags += ["--activation", "identity"]
      case ("align_to_words", .bool(false)): flags.append("--no-align-to-words")
      case (_, .bool(true)): flags.append("--" + key.replacing("_", with: "-"))
      default:
        let text = value.arrayValue?.compactMap(\.stringValue).joined(separator: ",")
        let option = "--" + key.replacing("_", with: "-")
        flags += [option, text ?? value.stringValue ?? value.serialized()]
      }
    }
    return flags
  }

  /// The pipeline's answer in the shape of a line.
  private static func wanted(_ output: JSON, _ name: String, _ options: JSON) -> JSON {
    switch name {
    case "fill-mask": return .object(["predictions": output])
    case "text-classification" where options["top_k"] == nil: return output[0] ?? output
    case "next-sentence":
      func entry(_ label: String, _ key: String) -> JSON {
        .object(["label": .string(label), "score": output[key] ?? .null])
      }
      let entries = [entry("IsNext", "is_next"), entry("NotNext", "not_next")]
      let follows = (output["is_next"]?.doubleValue ?? 0) > (output["not_next"]?.doubleValue ?? 0)
      return .array(follows ? entries : entries.reversed())
    default: return output
    }
  }

  @Test(arguments: [
    ("fill-mask", "fill-mask", #"{"text":"no"}"#, "the text has no [MASK]"),
    ("fill-mask", "fill-mask", #"{"texts":"[MASK]"}"#, "\"text\" is missing, wanted a string"),
    ("classify", "text-classification", #"{"text":"a","text_pair":1}"#, "\"text_pair\" is a number, wanted a string"),
    ("ner", "token-classification", #"{"text":["a"]}"#, "\"text\" is an array, wanted a string"),
    ("qa", "question-answering", #"{"question":"a"}"#, "\"context\" is missing, wanted a string"),
    ("qa", "question-answering", #"{"question":"","context":"a"}"#, "\"question\" is empty"),
    ("next-sentence", "next-sentence", #"{"text":"a"}"#, "\"text_pair\" is missing, wanted a string"),
    ("multiple-choice", "multiple-choice", #"{"text":"a","choices":[]}"#, "\"choices\" is empty"),
    ("multiple-choice", "multiple-choice", #"{"text":"a","choices":["b",2]}"#, "\"choices[1]\" is a number"),
    ("rerank", "rerank", #"{"query":"a","documents":"b"}"#, "\"documents\" is a string, wanted a list of strings"),
    ("zero-shot", "zero-shot-classification", #"{"text":"a"}"#, "\"candidate_labels\" is empty"),
  ])
  func aRefusedLineIsNamedAfterTheAnswersBeforeIt(
    command: String, name: String, bad: String, message: String
  ) throws {
    let line = try #require(JSON.lines(Goldens.bytes("tasks/\(name).jsonl")).first?["input"]?.serialized())
    let outcome = try run([command, TaskCommandTests.model(name)], "\(line)\n\n\(bad)\n\(line)\n")
    #expect(outcome.status == 1)
    #expect(outcome.lines.count == 1)
    // One line, behind a note on what was cut in the lines before it.
    #expect(outcome.errorLines.count { !$0.hasPrefix("bert: note: ") } == 1)
    #expect(outcome.errorLines.last?.hasPrefix("bert: line 3: " + message) == true, "\(outcome.error)")
  }

  @Test func aTextLongerThanTheModelIsNamedUnlessItMayBeCut() throws {
    let line = #"{"text":"\#(String(repeating: "a cat ", count: 100))"}"# + "\n"
    let model = TaskCommandTests.model("text-classification")
    let refused = try run(["classify", model], line)
    #expect(refused.status == 1)
    #expect(
      refused.error == "bert: line 1: the text has 202 tokens, the model takes 64; shorten it or ask for truncation\n")
    let cut = try run(["classify", model, "--truncation", "longest_first"], line)
    #expect(cut.status == 0)
    #expect(cut.error == "bert: note: of 1 text, 1 had more than 64 tokens and lost the rest\n")
    #expect(try run(["classify", model, "--max-length", "8"], line).status == 0)
  }

  @Test func anOpenPipeGetsItsAnswersInOrder() throws {
    let process = try ToolProcess(["ner", TaskCommandTests.model("token-classification"), "--jsonl", "--device", "cpu"])
    for text in ["anna", "berlin", "the house"] {
      try process.write(line(["text": .string(text)]))
      #expect(try process.readLine().hasPrefix("["))
    }
    #expect(try process.finish().status == 0)
    let many = (0..<600).map { #"{"query":"\#($0)","documents":["\#($0) a","b"]}"# + "\n" }.joined()
    let outcome = try run(["rerank", TaskCommandTests.model("rerank")], many)
    let texts = try JSON.lines(outcome.output).map { answer in
      answer.arrayValue?.compactMap { $0["text"]?.stringValue }.sorted()
    }
    #expect(texts == (0..<600).map { ["\($0) a", "b"] })
  }

  @Test(arguments: [
    (["fill-mask", model("fill-mask"), "a [MASK]", "--top-k", "1"], "a [MASK]\n"),
    (["classify", model("text-classification"), "a cat", "--top-k", "all"], "  negative\n"),
    (["ner", model("token-classification"), "anna", "--ignore-labels", ""], "  anna  0..<4\n"),
    (["qa", model("question-answering"), "--question", "who", "--context", "anna"], "  anna  0..<4\n"),
    (["next-sentence", model("next-sentence"), "a", "b"], "IsNext\n"),
    (["multiple-choice", model("multiple-choice"), "a", "anna", "berlin"], "berlin\n"),
    (["rerank", model("rerank"), "a", "anna", "berlin"], "2  berlin\n"),
    (["zero-shot", model("zero-shot-classification"), "a", "--candidate-labels", "anna, b"], "  anna\n"),
  ])
  func textsOfTheCommandLineGetReadableAnswers(arguments: [String], part: String) throws {
    let outcome = try ToolProcess.run(arguments + ["--device", "cpu"])
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(outcome.error.isEmpty)
    #expect(outcome.text.contains(part), "\(outcome.text)")
  }
}

/// The same but for numbers, which are as close as single precision has them, and for keys that only ours has.
private func isClose(_ found: JSON, _ wanted: JSON) -> Bool {
  switch (found, wanted) {
  case (.array(let left), .array(let right)): left.count == right.count && zip(left, right).allSatisfy(isClose)
  case (.object(let left), .object(let right)):
    right.allSatisfy { key, value in
      // The logits of multiple choice; the text of a reranked document is only ours.
      key == "logits" || left[key].map { isClose($0, value) } ?? false
    }
  case (.number(let left), .number(let right)):
    left.int != nil && right.int != nil
      ? left == right : abs(left.double - right.double) <= 2e-5 * max(1, abs(right.double))
  default: found == wanted
  }
}
