// SPDX-License-Identifier: Apache-2.0
import BERT
import StrictJSON
import Testing
import Tokenizers

/// What tasks refuse, and that many inputs at once are answered as each alone.
@Suite struct TaskRefusalTests {
  private static let long = String(repeating: "the world cup ", count: 200)

  private func error(_ body: () async throws -> Void) async -> TaskError? { await thrown(body) as? TaskError }

  @Test func aTextWithoutAMaskIsNamed() async throws {
    let model = try RecordedModel("fill-mask")
    let task = try FillMask(model: model, tokenizer: model.tokenizer)
    let refusal = await error { _ = try await task.predict(["[MASK]", "no mask"], options: .init()) }
    #expect(refusal == .input(index: 1, .noMask(token: "[MASK]")))
    #expect("\(try #require(refusal))" == "input 1: the text has no [MASK]; put one where a token is to be found")
    #expect(throws: TaskError.noMask(token: "[MASK]")) {
      // The mask is behind what fits.
      try task.prepare(Self.long + "[MASK]", .init(truncation: .longestFirst))
    }
    #expect(throws: TaskError.noTargets) { try task.targetTokens([""]) }
    #expect(throws: TaskError.option("top_k", "is 0; it must be at least 1")) {
      try task.prepare("[MASK]", .init(topK: 0))
    }
  }

  @Test func aTextLongerThanTheModelNeedsTruncation() throws {
    let model = try RecordedModel("classify")
    let task = TextClassifier(model: model, tokenizer: model.tokenizer)
    #expect(throws: TaskError.tooLong(tokens: 602, limit: 160)) { try task.prepare(TextPair(Self.long)) }
    for (pair, strategy) in [(nil, Truncation.Strategy.longestFirst), ("a b c", .onlyFirst)] {
      let prepared = try task.prepare(TextPair(Self.long, pair), .init(truncation: strategy))
      #expect(prepared.isTruncated)
      #expect(prepared.sequences.map(\.ids.count) == [48])
    }
    let short = try task.prepare(TextPair("a b c"), .init(truncation: .longestFirst))
    #expect(!short.isTruncated)
  }

  @Test func tokensAreCutWhereTheTokenizerSaysSoAndWindowsCutNothing() throws {
    let model = try RecordedModel("ner")
    let task = TokenClassifier(model: model, tokenizer: model.tokenizer)
    let cut = try task.prepare(Self.long)
    #expect(cut.isTruncated)
    #expect(cut.sequences.map(\.ids.count) == [48])
    let windows = try task.prepare(Self.long, .init(aggregationStrategy: .simple, stride: 8))
    #expect(!windows.isTruncated)
    #expect(windows.sequences.count == 16)  // 600 tokens in windows of 46 that share 8
    #expect(throws: TaskError.self) { try task.prepare("a", .init(stride: 8)) }
    #expect(throws: TaskError.self) { try task.prepare("a", .init(aggregationStrategy: .max, stride: 48)) }
    #expect(throws: TaskError.self) { try task.prepare("a", .init(aggregationStrategy: .max, stride: -1)) }
  }

  @Test func aTokenizerWithoutALimitCutsNothing() throws {
    let model = try RecordedModel("ner")
    let words = try BertTokenizer(vocabulary: model.tokenizer.wordPieceTokenizer.vocabulary)
    #expect(words.modelMaxLength == nil)
    #expect(throws: TaskError.tooLong(tokens: 602, limit: 160)) {
      try TokenClassifier(model: model, tokenizer: words).prepare(Self.long)
    }
  }

  @Test func questionsNeedRoomForTheContext() throws {
    let model = try RecordedModel("qa")
    let task = QuestionAnswerer(model: model, tokenizer: model.tokenizer)
    func prepare(_ question: String, _ context: String, _ options: QuestionAnswerer.Options = .init()) throws {
      _ = try task.prepare(.init(question: question, context: context), options)
    }
    #expect(throws: TaskError.empty(field: "question")) { try prepare("", "a") }
    #expect(throws: TaskError.empty(field: "context")) { try prepare("a", "") }
    for options in [
      QuestionAnswerer.Options(topK: 0), .init(maxAnswerLen: 0), .init(docStride: -1),
      .init(docStride: 13, maxSeqLen: 12),
    ] {
      #expect(throws: TaskError.self) { try prepare("a", "b", options) }
    }
    let room = "has 600 tokens, which leave no room for context in windows of 48 (max_seq_len)"
    #expect(throws: TaskError.option("question", room)) {
      try prepare(Self.long, "b")
    }
    #expect(throws: TaskError.tooLong(tokens: 161, limit: 160)) { try prepare("a", Self.long, .init(maxSeqLen: 161)) }
  }

  @Test(arguments: ["", "no place", "{} and {}", "{label}", "{", "}", "{}}", "{{}}", "{1}", "{0"])
  func aTemplateHasOnePlace(template: String) throws {
    let model = try RecordedModel("zero-shot")
    let task = ZeroShotClassifier(model: model, tokenizer: model.tokenizer)
    #expect(throws: TaskError.hypothesisTemplate(template)) {
      try task.prepare(.init(sequence: "a", candidateLabels: ["b"]), .init(hypothesisTemplate: template))
    }
    #expect(throws: TaskError.empty(field: "candidate_labels")) {
      try task.prepare(.init(sequence: "a", candidateLabels: []))
    }
  }

  @Test func labelsInOneStringLoseTheSpaceAroundThem() {
    #expect(ZeroShotClassifier.labels(" a, b c ,\t,d,\u{3000}") == ["a", "b c", "d"])
    #expect(ZeroShotClassifier.labels("") == [])
  }

  @Test func aLongTextIsCutBesideItsHypothesis() throws {
    let model = try RecordedModel("zero-shot")
    let task = ZeroShotClassifier(model: model, tokenizer: model.tokenizer)
    let prepared = try task.prepare(.init(sequence: Self.long, candidateLabels: ["cup", "new york"]))
    #expect(prepared.isTruncated)
    #expect(prepared.sequences.map(\.ids.count) == [48, 48])
    // "this" and "example" come in letters: 4 + 7 + 1 + 600 + 1 beside the text and three special tokens.
    #expect(throws: TaskError.tooLong(tokens: 617, limit: 160)) {
      try task.prepare(.init(sequence: "a", candidateLabels: [Self.long]))
    }
  }

  @Test func rerankingNeedsOneLabel() async throws {
    let model = try RecordedModel("classify")
    #expect(throws: TaskError.labelCount(found: 3, wanted: 1)) {
      try Reranker(model: model, tokenizer: model.tokenizer)
    }
    let one = try RecordedModel("rerank")
    let task = try Reranker(model: one, tokenizer: one.tokenizer)
    #expect(try await task.predict([.init(query: "a", documents: [])], options: .init()) == [[]])
  }

  @Test func anotherHeadIsNamed() async throws {
    let model = try RecordedModel("qa")
    let task = TokenClassifier(model: model, tokenizer: model.tokenizer)
    let prepared = try task.prepare("Who is it?")
    let logits = Logits(rows: 1, columns: 2, values: [0, 1])
    #expect(throws: TaskError.self) { try task.output(prepared, [logits]) }
  }

  @Test func manyAtOnceAreAnsweredAsEachAlone() async throws {
    let model = try RecordedModel("qa")
    let task = QuestionAnswerer(model: model, tokenizer: model.tokenizer)
    let inputs = model.cases.filter { $0["options"]?.objectValue?.isEmpty == true }.compactMap { line in
      line["input"].map {
        QuestionAnswerer.Input(question: $0["question"]?.stringValue ?? "", context: $0["context"]?.stringValue ?? "")
      }
    }
    #expect(inputs.count > 5)
    let together = try await task.predict(inputs, options: .init())
    for (input, answers) in zip(inputs, together) {
      #expect(try await task.predict([input], options: .init()) == [answers])
    }
  }

  @Test func manyMasksComeInGroups() async throws {
    let model = try RecordedModel("fill-mask")
    let task = try FillMask(model: model, tokenizer: model.tokenizer)
    let texts = model.cases.filter { $0["options"]?.objectValue?.isEmpty == true }.compactMap {
      $0["input"]?.stringValue
    }
    let many = (0..<200).flatMap { _ in texts }
    let answers = try await task.predict(many, options: .init())
    #expect(answers.count == many.count)
    #expect(Array(answers.suffix(texts.count)) == Array(answers.prefix(texts.count)))
  }
}

/// The comparison of `TaskGoldenTests` must fail where it should.
@Suite struct TaskComparisonTests {
  @Test(
    arguments: [
      (#"{"a":1}"#, #"{"b":1}"#), (#"{"a":1,"b":1}"#, #"{"b":1,"a":1}"#), ("[1]", "[1,2]"), ("1", "2"),
      ("0.5", "0.500003"),
      ("\"e\u{301}\"", "\"\u{E9}\""), ("null", "0"), (#"[{"a":[0.1]}]"#, #"[{"a":[0.2]}]"#), ("NaN", "0.5"),
    ] as [(String, String)])
  func differencesAreFound(left: String, right: String) throws {
    let limits = JSONLimits(allowsNonFinite: true)
    func parse(_ text: String) throws -> JSON {
      try Array(text.utf8).withUnsafeBytes { try JSON.parse($0, limits: limits) }
    }
    #expect(firstDifference(try parse(left), try parse(right), tolerance: 2e-6) != nil)
    #expect(firstDifference(try parse(left), try parse(left), tolerance: 2e-6) == nil || left == "NaN")
  }
}
