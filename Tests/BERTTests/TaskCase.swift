// SPDX-License-Identifier: Apache-2.0
import BERT
import Logging
import StrictJSON
import Testing
import Tokenizers

/// A line of a golden file: what a pipeline was asked, with which options, and what it answered.
struct TaskCase {
  let input: JSON
  let options: JSON
  let output: JSON

  init(_ line: JSON) {
    input = line["input"] ?? .null
    options = line["options"] ?? .null
    output = line["output"] ?? .null
  }

  static func read(_ path: String) throws -> [JSON] {
    try BoundedFile.read(path: path, limit: 1 << 24).split(separator: UInt8(ascii: "\n")).map {
      try JSON.parse(Array($0))
    }
  }

  /// Runs the case and holds the answer against the pipeline's.
  ///
  /// - Parameter tolerance: between scores.
  func check(_ task: TaskOfCases, tolerance: Double) async throws {
    let found = try await task.answer(input, options)
    let difference = firstDifference(found, task.comparable(output), tolerance: tolerance)
    #expect(difference == nil, "\(input.serialized()) \(options.serialized()): \(found.serialized())")
  }
}

/// A task, with the options of the golden files, which are those of Hugging Face's pipelines, and with answers in the
/// pipelines' shapes.
struct TaskOfCases {
  /// The pipeline's name.
  let name: String
  let model: any LogitsModel
  let tokenizer: BertTokenizer

  static func head(_ name: String) -> BertHead {
    switch name {
    case "fill-mask": .maskedLM
    case "token-classification": .tokenClassification
    case "question-answering": .questionAnswering
    case "next-sentence": .nextSentence
    case "multiple-choice": .multipleChoice
    default: .textClassification
    }
  }

  /// What of a golden answer ours is held against.
  func comparable(_ output: JSON) -> JSON {
    guard name == "multiple-choice" else { return output }
    return .object(["scores": output["scores"] ?? .null])
  }

  func answer(_ input: JSON, _ options: JSON) async throws -> JSON {
    switch name {
    case "fill-mask": try await fillMask(input, options)
    case "text-classification": try await textClassification(input, options)
    case "token-classification": try await tokenClassification(input, options)
    case "question-answering": try await questionAnswering(input, options)
    case "zero-shot-classification": try await zeroShot(input, options)
    case "next-sentence": try await nextSentence(input)
    case "multiple-choice": try await multipleChoice(input)
    case "rerank": try await rerank(input, options)
    default: .null
    }
  }

  private func text(_ input: JSON) -> String { input.stringValue ?? input["text"]?.stringValue ?? "" }

  private func pair(_ input: JSON) -> TextPair { TextPair(text(input), input["text_pair"]?.stringValue) }

  /// `top_k`: nil where the pipeline returns all.
  private func topK(_ options: JSON, _ preset: Int?) -> Int? { options["top_k"].map { $0.intValue } ?? preset }

  /// `truncation`: a strategy, or true for the usual one.
  private func truncation(_ options: JSON?) -> Truncation.Strategy? {
    if options?["truncation"]?.boolValue == true { return .longestFirst }
    return options?["truncation"]?.stringValue.flatMap { .init(rawValue: $0) }
  }

  private func fillMask(_ input: JSON, _ options: JSON) async throws -> JSON {
    let task = try FillMask(model: model, tokenizer: tokenizer)
    let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    var settings = FillMask.Options(topK: topK(options, 5) ?? 5, truncation: truncation(options["tokenizer_kwargs"]))
    if let targets = options["targets"] {
      settings.targets = try task.targetTokens(targets.strings ?? [targets.stringValue ?? ""], logger: quiet)
    }
    return FillMask.json(try await task.predict([text(input)], options: settings)[0])
  }

  private func textClassification(_ input: JSON, _ options: JSON) async throws -> JSON {
    let function = options["function_to_apply"]?.stringValue
    let settings = TextClassifier.Options(
      topK: topK(options, 1), functionToApply: function.flatMap { .init(rawValue: $0) },
      truncation: truncation(options), maxLength: options["max_length"]?.intValue)
    let task = TextClassifier(model: model, tokenizer: tokenizer)
    let labels = try await task.predict([pair(input)], options: settings)[0].map(\.json)
    // Without `top_k` a pair is answered with an object, and a text with a list of one.
    return options["top_k"] == nil && input["text_pair"] != nil ? labels[0] : .array(labels)
  }

  private func tokenClassification(_ input: JSON, _ options: JSON) async throws -> JSON {
    let settings = TokenClassifier.Options(
      aggregationStrategy: .init(rawValue: options["aggregation_strategy"]?.stringValue ?? "none") ?? .none,
      ignoreLabels: options["ignore_labels"]?.strings ?? ["O"], stride: options["stride"]?.intValue)
    let task = TokenClassifier(model: model, tokenizer: tokenizer)
    return .array(try await task.predict([text(input)], options: settings)[0].map(\.json))
  }

  private func questionAnswering(_ input: JSON, _ options: JSON) async throws -> JSON {
    let settings = QuestionAnswerer.Options(
      topK: topK(options, 1) ?? 1, docStride: options["doc_stride"]?.intValue,
      maxAnswerLen: options["max_answer_len"]?.intValue ?? 15, maxSeqLen: options["max_seq_len"]?.intValue,
      handleImpossibleAnswer: options["handle_impossible_answer"]?.boolValue ?? false,
      alignToWords: options["align_to_words"]?.boolValue ?? true)
    let question = QuestionAnswerer.Input(
      question: input["question"]?.stringValue ?? "", context: input["context"]?.stringValue ?? "")
    let task = QuestionAnswerer(model: model, tokenizer: tokenizer)
    return QuestionAnswerer.json(try await task.predict([question], options: settings)[0])
  }

  private func zeroShot(_ input: JSON, _ options: JSON) async throws -> JSON {
    let labels = options["candidate_labels"] ?? input["candidate_labels"]
    var settings = ZeroShotClassifier.Options(multiLabel: options["multi_label"]?.boolValue ?? false)
    if let template = options["hypothesis_template"]?.stringValue { settings.hypothesisTemplate = template }
    let sequence = ZeroShotClassifier.Input(
      sequence: text(input), candidateLabels: labels?.strings ?? ZeroShotClassifier.labels(labels?.stringValue ?? ""))
    let task = ZeroShotClassifier(model: model, tokenizer: tokenizer)
    return try await task.predict([sequence], options: settings)[0].json
  }

  private func nextSentence(_ input: JSON) async throws -> JSON {
    let task = NextSentence(model: model, tokenizer: tokenizer)
    let answer = try await task.predict([pair(input)], options: .init(truncation: .longestFirst))[0]
    #expect(answer[0].score >= answer[1].score)
    func score(_ label: String) -> JSON {
      .number(JSONNumber(answer.first { $0.label == label }?.score ?? .nan))
    }
    return .object(["is_next": score("IsNext"), "not_next": score("NotNext")])
  }

  private func multipleChoice(_ input: JSON) async throws -> JSON {
    let task = MultipleChoice(model: model, tokenizer: tokenizer)
    let question = MultipleChoice.Input(text: text(input), choices: input["choices"]?.strings ?? [])
    let answer = try await task.predict([question], options: .init(truncation: .longestFirst))[0]
    #expect(answer.score == answer.scores.max() && answer.score == answer.scores[answer.choice])
    return .object(["scores": answer.json["scores"] ?? .null])
  }

  private func rerank(_ input: JSON, _ options: JSON) async throws -> JSON {
    let task = try Reranker(model: model, tokenizer: tokenizer)
    let documents = input["documents"]?.strings ?? []
    let query = Reranker.Input(query: input["query"]?.stringValue ?? "", documents: documents)
    let settings = Reranker.Options(
      topK: topK(options, nil), activation: options["raw"]?.boolValue == true ? .identity : .sigmoid)
    return .array(
      try await task.predict([query], options: settings)[0].map { ranked in
        #expect(ranked.text == documents[ranked.corpusId])
        return .object(["corpus_id": ranked.json["corpus_id"] ?? .null, "score": ranked.json["score"] ?? .null])
      })
  }
}
