// SPDX-License-Identifier: Apache-2.0
import StrictJSON
import Testing
import Tokenizers

@Suite struct TokenizeTests {
  static let model = Goldens.path("sentence/cls")

  private func tokenize(_ input: [UInt8], _ options: [String] = []) throws -> ToolProcess.Outcome {
    try ToolProcess.run(["tokenize", Self.model, "--jsonl"] + options, input: input)
  }

  private func check(_ found: JSON, _ wanted: Encoding) {
    #expect(found.objectValue?.keys == ["input_ids", "token_type_ids", "attention_mask", "tokens", "offsets"])
    #expect(found["input_ids"]?.integers == wanted.ids.map { Int($0) })
    #expect(found["token_type_ids"]?.integers == wanted.typeIds.map { Int($0) })
    #expect(found["attention_mask"]?.integers == wanted.attentionMask.map { Int($0) })
    #expect(found["tokens"] == .array(wanted.tokens.map { .string($0) }))
    #expect(
      found["offsets"]?.arrayValue?.map { $0.integers ?? [] }
        == wanted.offsets.map { [$0.lowerBound, $0.upperBound] })
  }

  @Test(
    arguments: [
      ([], nil), (["--max-length", "9"], Truncation(maxLength: 9)),
      (
        ["--max-length", "7", "--truncation", "only_first"],
        Truncation(maxLength: 7, strategy: .onlyFirst)
      ),
    ] as [([String], Truncation?)])
  func writesWhatTheTokenizerSays(options: [String], truncation: Truncation?) throws {
    let tokenizer = try BertTokenizer.fromPretrained(Self.model)
    let texts = try Goldens.texts("sentence/cls/sentences.jsonl") + ["the cat 🙂 \u{301}\u{0} мир [SEP] walked"]
    let outcome = try tokenize(texts.flatMap { line(["text": .string($0), "id": 7]) }, options)
    #expect(outcome.status == 0, "\(outcome.error)")
    let found = try JSON.lines(outcome.output)
    #expect(found.count == texts.count)
    for (value, text) in zip(found, texts) {
      check(value, try tokenizer.encode(text, options: EncodeOptions(truncation: truncation)))
    }
  }

  @Test func encodesPairs() throws {
    let tokenizer = try BertTokenizer.fromPretrained(Self.model)
    let first = "the cat sat on the mat"
    let second = "a big dog ran to the red house"
    for strategy in Truncation.Strategy.allCases {
      let input =
        line(["text": .string(first), "text_pair": .string(second)]) + line(["text": "a", "text_pair": .null])
      let options = ["--max-length", "13", "--truncation", strategy.rawValue]
      let outcome = try tokenize(strategy == .onlySecond ? Array(input.prefix { $0 != 0x0A }) : input, options)
      let truncation = Truncation(maxLength: 13, strategy: strategy)
      check(
        try #require(JSON.lines(outcome.output).first, "\(outcome.error)"),
        try tokenizer.encode(first, pair: second, options: EncodeOptions(truncation: truncation)))
    }
  }

  @Test func nothingIsCutUnlessAskedFor() throws {
    let outcome = try tokenize(line(["text": .string(String(repeating: "cat ", count: 5000))]))
    #expect(try JSON.lines(outcome.output).first?["input_ids"]?.integers?.count == 5002)
  }

  @Test func keepsTheOrderOfManyLines() throws {
    let tokenizer = try BertTokenizer.fromPretrained(Self.model)
    let texts = (0..<20_000).map { String(repeating: "cat ", count: $0 % 7) + "dog" }
    let outcome = try tokenize(texts.flatMap { line(["text": .string($0)]) })
    let counts = try JSON.lines(outcome.output).map { $0["input_ids"]?.integers?.count }
    #expect(counts == (try texts.map { try tokenizer.encode($0).count }))
  }

  @Test(arguments: [
    (#"{"text":"\udc00"}"#, "line 2: half of a surrogate pair in a string at byte 9"),
    (#"{"text":"a","text_pair":[]}"#, #"line 2: "text_pair" is an array, wanted a string"#),
    ("\u{FEFF}{}", "line 2: starts with a byte order mark"),
  ])
  func namesTheLineThatItRefuses(bad: String, message: String) throws {
    let outcome = try tokenize(Array("{\"text\":\"a\"}\n\(bad)\n".utf8))
    #expect(outcome.status == 1)
    #expect(outcome.lines.count == 1)
    #expect(outcome.error.hasPrefix("bert: " + message), "\(outcome.error)")
    #expect(outcome.errorLines.count == 1)
  }

  @Test func namesTheLineThatCannotBeCut() throws {
    let input = line(["text": "a"]) + line(["text": "a b c d e f g h"])
    let outcome = try tokenize(input, ["--max-length", "4", "--truncation", "only_second"])
    #expect(outcome.status == 1)
    #expect(outcome.lines.count == 1)
    #expect(outcome.error.hasPrefix("bert: line 2: truncation only_second needs a second sequence"))
  }

  @Test func refusesALineWithoutEnd() throws {
    let input = line(["text": "a"]) + [UInt8](repeating: 0x20, count: 65 << 20) + [0x0A]
    let outcome = try tokenize(input)
    #expect(outcome.status == 1)
    #expect(outcome.lines.count == 1)
    #expect(outcome.error == "bert: line 2: longer than 67108864 bytes\n")
  }

  @Test func takesTenMegabytesOfOneWord() throws {
    let outcome = try tokenize(line(["text": .string(String(repeating: "a", count: 10 << 20))]))
    #expect(try JSON.lines(outcome.output).first?["offsets"]?[1]?.integers == [0, 10 << 20])
  }

  @Test func readableOutputHasARowPerToken() throws {
    let outcome = try ToolProcess.run(["tokenize", Self.model, "the cat"])
    #expect(outcome.status == 0)
    #expect(outcome.lines.count == 6)
    #expect(outcome.lines.dropFirst(3).first?.split(separator: " ").suffix(3) == ["the", "0..<3", "the"])
  }

  @Test func findsTheTokenizerOfOldDirectories() throws {
    let outcome = try ToolProcess.run(["tokenize", Goldens.path("sentence/old-layout"), "the cat"])
    #expect(outcome.status == 0, "\(outcome.error)")
  }
}
