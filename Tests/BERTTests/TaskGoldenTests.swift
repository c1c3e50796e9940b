// SPDX-License-Identifier: Apache-2.0
import BERT
import Logging
import StrictJSON
import Testing
import Tokenizers

/// Each task against the pipeline of Hugging Face (transformers 4.49, sentence-transformers 3.4.1), both on the same
/// recorded logits: see `scripts/make-task-logits`. A task that made other tokens of a text would find no logits.
@Suite struct TaskGoldenTests {
  private func text(_ input: JSON) -> String { input.stringValue ?? input["text"]?.stringValue ?? "" }

  private func pair(_ input: JSON) -> TextPair { TextPair(text(input), input["text_pair"]?.stringValue) }

  /// `topK` of a case: nil where the pipeline returns all.
  private func topK(_ options: JSON, _ preset: Int?) -> Int? {
    options["top_k"].map { $0.intValue } ?? preset
  }

  @Test func fillMask() async throws {
    let model = try RecordedModel("fill-mask")
    let task = try FillMask(model: model, tokenizer: model.tokenizer)
    let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    try await model.check { input, options in
      var settings = FillMask.Options(topK: topK(options, 5) ?? 5)
      if let targets = options["targets"] {
        settings.targets = try task.targetTokens(targets.strings ?? [targets.stringValue ?? ""], logger: quiet)
      }
      if options["tokenizer_kwargs"]?["truncation"]?.flag == true { settings.truncation = .longestFirst }
      return FillMask.json(try await task.predict([text(input)], options: settings)[0])
    }
  }

  @Test(arguments: ["classify", "classify-one", "classify-regression", "classify-multi"])
  func textClassification(name: String) async throws {
    let model = try RecordedModel(name)
    let task = TextClassifier(model: model, tokenizer: model.tokenizer)
    try await model.check { input, options in
      let settings = TextClassifier.Options(
        topK: topK(options, 1),
        functionToApply: options["function_to_apply"]?.stringValue.flatMap { .init(rawValue: $0) },
        truncation: options["truncation"]?.flag == true ? .longestFirst : nil)
      let labels = try await task.predict([pair(input)], options: settings)[0].map(\.json)
      // Without `top_k` a pair is answered with an object, and a text with a list of one.
      return options["top_k"] == nil && input.objectValue != nil ? labels[0] : .array(labels)
    }
  }

  @Test(arguments: ["ner", "ner-cased"])
  func tokenClassification(name: String) async throws {
    let model = try RecordedModel(name)
    let task = TokenClassifier(model: model, tokenizer: model.tokenizer)
    try await model.check { input, options in
      let settings = TokenClassifier.Options(
        aggregationStrategy: .init(rawValue: options["aggregation_strategy"]?.stringValue ?? "none") ?? .none,
        ignoreLabels: options["ignore_labels"]?.strings ?? ["O"], stride: options["stride"]?.intValue)
      return .array(try await task.predict([text(input)], options: settings)[0].map(\.json))
    }
  }

  @Test func questionAnswering() async throws {
    let model = try RecordedModel("qa")
    let task = QuestionAnswerer(model: model, tokenizer: model.tokenizer)
    try await model.check { input, options in
      let settings = QuestionAnswerer.Options(
        topK: topK(options, 1) ?? 1, docStride: options["doc_stride"]?.intValue,
        maxAnswerLen: options["max_answer_len"]?.intValue ?? 15, maxSeqLen: options["max_seq_len"]?.intValue,
        handleImpossibleAnswer: options["handle_impossible_answer"]?.flag == true,
        alignToWords: options["align_to_words"]?.boolValue ?? true)
      let question = QuestionAnswerer.Input(
        question: input["question"]?.stringValue ?? "", context: input["context"]?.stringValue ?? "")
      return QuestionAnswerer.json(try await task.predict([question], options: settings)[0])
    }
  }

  @Test(arguments: ["zero-shot", "zero-shot-first", "zero-shot-none"])
  func zeroShotClassification(name: String) async throws {
    let model = try RecordedModel(name)
    let task = ZeroShotClassifier(model: model, tokenizer: model.tokenizer)
    try await model.check { input, options in
      let labels = options["candidate_labels"]
      var settings = ZeroShotClassifier.Options(multiLabel: options["multi_label"]?.flag == true)
      if let template = options["hypothesis_template"]?.stringValue { settings.hypothesisTemplate = template }
      let sequence = ZeroShotClassifier.Input(
        sequence: text(input),
        candidateLabels: labels?.strings ?? ZeroShotClassifier.labels(labels?.stringValue ?? ""))
      return try await task.predict([sequence], options: settings)[0].json
    }
  }

  @Test func nextSentence() async throws {
    let model = try RecordedModel("next-sentence")
    let task = NextSentence(model: model, tokenizer: model.tokenizer)
    try await model.check { input, _ in
      let answer = try await task.predict([pair(input)], options: .init())[0]
      #expect(answer[0].score >= answer[1].score)
      return .object(
        JSONObject(
          NextSentence.labels.map { label in
            (label, .number(JSONNumber(answer.first { $0.label == label }?.score ?? .nan)))
          }))
    }
  }

  @Test func multipleChoice() async throws {
    let model = try RecordedModel("multiple-choice")
    let task = MultipleChoice(model: model, tokenizer: model.tokenizer)
    try await model.check { input, _ in
      let question = MultipleChoice.Input(text: text(input), choices: input["choices"]?.strings ?? [])
      let answer = try await task.predict([question], options: .init())[0]
      #expect(answer.score == answer.scores[answer.choice])
      return .object(["choice": answer.json["choice"] ?? .null, "scores": answer.json["scores"] ?? .null])
    }
  }

  @Test(arguments: ["rerank", "rerank-identity"])
  func rerank(name: String) async throws {
    let model = try RecordedModel(name)
    let task = try Reranker(model: model, tokenizer: model.tokenizer)
    let activation = try Reranker.configuredActivation(Goldens.path("logits/" + name))
    #expect(activation == (name == "rerank" ? .sigmoid : .identity))
    try await model.check { input, options in
      let query = Reranker.Input(
        query: input["query"]?.stringValue ?? "", documents: input["documents"]?.strings ?? [])
      let settings = Reranker.Options(topK: topK(options, nil), activation: activation)
      return .array(try await task.predict([query], options: settings)[0].map(\.json))
    }
  }
}
