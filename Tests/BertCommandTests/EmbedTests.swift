// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import StrictJSON
import TestSupport
import Testing
import Tokenizers

@Suite struct EmbedTests {
  static let model = Goldens.path("sentence/cls")

  private func embed(_ input: [UInt8], model: String = model, device: String = "cpu") throws -> ToolProcess.Outcome {
    try ToolProcess.run(["embed", model, "--jsonl", "--device", device], input: input)
  }

  @Test(arguments: Goldens.folders("sentence"), ["cpu", "opencl"])
  func agreesWithSentenceTransformers(name: String, device: String) throws {
    let outcome = try embed(
      Goldens.bytes("sentence/\(name)/sentences.jsonl"), model: Goldens.path("sentence/" + name), device: device)
    #expect(outcome.status == 0)
    let found = try JSON.lines(outcome.output).flatMap { $0["embedding"]?.doubles ?? [] }
    let wanted = try SafetensorsFile(path: Goldens.path("sentence/\(name)/embeddings.safetensors"))
    #expect(relativeError(found, try wanted.readFloat64("embeddings")) <= 5e-6)
  }

  @Test func keepsOrderAndEveryOtherKeyAsItWasWritten() throws {
    var input: [UInt8] = []
    for number in 0..<3000 {
      input += Array(
        #"{"id":\#(number),"text":"the cat \#(number)","score":1.50e+3,"tags":["a",{"b":null}],"é":true}"#.utf8)
      input += [0x0A]
    }
    let outcome = try embed(input)
    #expect(outcome.status == 0)
    #expect(outcome.lines.count == 3000)
    for (number, line) in outcome.lines.enumerated() {
      #expect(line.hasPrefix(#"{"id":\#(number),"score":1.50e+3,"tags":["a",{"b":null}],"é":true,"embedding":["#))
    }
  }

  @Test func aKeyOfTheSameNameIsReplaced() throws {
    let outcome = try embed(Array(#"{"embedding":1,"text":"a cat","x":2}"#.utf8))
    #expect(outcome.text.hasPrefix(#"{"x":2,"embedding":["#))
  }

  @Test func numbersReadBackAsTheSameFloats() throws {
    let texts = ["the cat sat on the mat .", "A big dog ran to the red house !"]
    let one = try embed(line(["text": .string(texts[0])]))
    let both = try embed(texts.flatMap { line(["text": .string($0)]) })
    // The shortest decimals of equal floats are equal; a vector does not depend on what is beside it.
    #expect(one.lines.count == 1)
    #expect(one.lines.first == both.lines.first)
  }

  @Test func anOpenPipeGetsItsAnswer() throws {
    let process = try ToolProcess(["embed", Self.model, "--jsonl", "--device", "cpu"])
    for text in ["the cat", "a dog", "the mat"] {
      try process.write(line(["text": .string(text), "is": .string(text)]))
      #expect(try process.readLine().hasPrefix(#"{"is":"\#(text)","embedding":["#))
    }
    #expect(try process.finish().status == 0)
  }

  @Test func linesEndWithNewlinesAlone() throws {
    let input = "\n{\"text\":\"a\u{2028}b\",\"n\":1}\r\n  \n\r\n{\"text\":\"c\u{85}\u{C}d\",\"n\":2}"
    // U+000C must be escaped in JSON; U+2028 and U+0085 need not be.
    let outcome = try embed(Array(input.replacing("\u{C}", with: "\\f").utf8))
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(try JSON.lines(outcome.output).map { $0["n"] } == [1, 2])
  }

  @Test func nothingInNothingOut() throws {
    for input in ["", "\n", "\r\n\n"] {
      let outcome = try embed(Array(input.utf8))
      #expect(outcome.status == 0)
      #expect(outcome.output.isEmpty)
      #expect(outcome.error.isEmpty)
    }
  }

  @Test(arguments: [
    ("{\"text\":\"b\"", "line 4: ends at byte 11"), ("[]", "line 4: is an array, wanted a JSON object"),
    ("{\"text\":3}", "line 4: \"text\" is a number, wanted a string"),
    ("{\"txt\":\"a\"}", "line 4: \"text\" is missing, wanted a string"),
    ("{\"text\":\"\\ud800\"}", "line 4: half of a surrogate pair"),
    ("{\"text\":\"a\",\"text\":\"b\"}", "line 4: key \"text\" a second time"),
  ])
  func aMalformedLineIsNamedAfterTheAnswersBeforeIt(bad: String, message: String) throws {
    let outcome = try embed(Array("{\"text\":\"a\"}\n\n{\"text\":\"b\"}\n\(bad)\n{\"text\":\"c\"}\n".utf8))
    #expect(outcome.status == 1)
    #expect(outcome.lines.count == 2)
    #expect(outcome.errorLines.count == 1)
    #expect(outcome.error.hasPrefix("bert: \(message)"), "\(outcome.error)")
  }

  @Test func aMalformedLineEndsAnOpenPipe() throws {
    let process = try ToolProcess(["embed", Self.model, "--jsonl", "--device", "cpu"])
    try process.write(Array("{\"text\":\"a\"}\n]\n".utf8))
    #expect(try process.readLine().hasPrefix("{\"embedding\":["))
    let outcome = try process.wait()
    #expect(outcome.status == 1)
    #expect(outcome.error.hasPrefix("bert: line 2: "))
  }

  @Test func aReaderThatGoesAwayIsNoError() throws {
    let process = try ToolProcess(["embed", Self.model, "--jsonl", "--device", "cpu"])
    try process.write(line(["text": "a"]))
    _ = try process.readLine()
    process.closeOutput()
    let outcome = try process.finish(input: (0..<2000).flatMap { _ in line(["text": "b"]) })
    #expect(outcome.status == 0)
    #expect(outcome.error.isEmpty)
  }

  @Test func countsWhatWasCutAndSaysWhatWasAssumed() throws {
    let cut = try embed(Goldens.bytes("sentence/cls/sentences.jsonl"))
    let tokenizer = try BertTokenizer.fromPretrained(Self.model)
    let lengths = try Goldens.texts("sentence/cls/sentences.jsonl").map { try tokenizer.encode($0.lowercased()).count }
    let count = lengths.count { $0 > 12 }
    #expect(count > 0)
    #expect(cut.error == "bert: note: of 13 texts, \(count) had more than 12 tokens and lost the rest\n")
    let bare = try ToolProcess.run(["embed", Goldens.path("sentence/no-modules"), "the cat", "--device", "cpu"])
    #expect(bare.error.contains("has no modules.json"))
    #expect(bare.status == 0)
  }

  @Test func textsOnTheCommandLineGiveReadableOutput() throws {
    let outcome = try ToolProcess.run(["embed", Self.model, "the cat", "a dog", "the cat", "--device", "cpu"])
    #expect(outcome.status == 0)
    #expect(outcome.text.contains("18 numbers: "))
    // The table's first row: the texts 1 and 3 are equal.
    let row = outcome.lines.suffix(3).first?.split(separator: " ").map(String.init) ?? []
    #expect(row.count == 4)
    #expect(row.indices.filter { row[$0] == "1.0000" } == [1, 3])
  }
}
