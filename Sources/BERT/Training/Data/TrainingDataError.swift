// SPDX-License-Identifier: Apache-2.0
import StrictJSON
import Tokenizers

/// What is wrong with a training or evaluation file, or with the model that is to learn from it. Known before the first step.
public enum TrainingDataError: Error, Equatable, Sendable {
  case file(FileError)
  /// A line that is no JSON object, lacks a field, or has one that cannot be.
  case line(file: String, LineError)
  /// A line that is no JSON object at all, as those of a plain text file are.
  case plainText(file: String, LineError, task: BertHead)
  /// No line with anything on it.
  case empty(file: String)
  /// A classifier would learn to say the one label that it has seen.
  case oneLabel(file: String, field: String, label: String, rows: Int)
  /// Another number of labels than was asked for (`--num-labels`).
  case labelCount(file: String, found: Int, wanted: Int)
  case tokenizer(file: String, line: Int, TokenizerError)
  /// A task that cannot be trained: a model without a head.
  case head(BertHead)
  case noMaskToken
  case maxLength(Int, limit: Int)
  case vocabulary(tokenizer: Int, embeddings: Int)
  /// An index, or a place to go on from, that the set does not have.
  case place(String)
  /// Logits that are missing or of another shape than the examples want.
  case logits(name: String, found: [Int], wanted: [Int])
}

extension TrainingDataError {
  /// A field whose value cannot be, and why, as the rest of a sentence.
  static func field(file: String, line: Int, field: String, _ problem: String) -> TrainingDataError {
    .line(file: file, .value(line: line, field: field, problem))
  }
}

extension TrainingDataError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .file(let error): "\(error)"
    case .line(let file, let error): "\(file): \(error)"
    case .plainText(let file, let error, let task):
      "\(file): \(error); each line must be a JSON object like \(task.exampleRow)"
    case .empty(let file): "\(file): has no example; it must have a JSON object on each line"
    case .oneLabel(let file, let field, let label, let rows):
      "\(file): all \(rows) rows have the \(field) \(label), so there is nothing to tell apart; add rows with others"
    case .labelCount(let file, let found, let wanted):
      "\(file): has \(found) different labels, where \(wanted) are wanted (--num-labels)"
    case .tokenizer(let file, let line, let error): "\(file): line \(line): \(error)"
    case .head(let head):
      "\(head.architecture) has no head to be trained; say what to learn with --task: "
        + BertHead.allCases.filter { $0 != .none }.map(\.rawValue).joined(separator: ", ")
    case .noMaskToken: "the tokenizer has no mask token, which a masked language model is trained with"
    case .maxLength(let length, let limit):
      "--max-length is \(length); it must be in 4...\(limit), as many as tokenizer and model take"
    case .vocabulary(let tokenizer, let embeddings):
      "the tokenizer makes ids up to \(tokenizer - 1), but the word embeddings have \(embeddings) rows"
    case .place(let what): what
    case .logits(let name, let found, let wanted):
      "the model gave \(name) \(found.isEmpty ? "no value" : "\(found)"), where the examples need "
        + (wanted.isEmpty ? "one number" : "\(wanted)")
    }
  }
}

extension BertHead {
  /// What a row of the task's file looks like.
  fileprivate var exampleRow: String {
    switch self {
    case .none: "{}"
    case .textClassification: #"{"text": "...", "label": "..."}"#
    case .tokenClassification: #"{"tokens": ["..."], "ner_tags": ["..."]}"#
    case .questionAnswering:
      #"{"question": "...", "context": "...", "answers": {"text": ["..."], "answer_start": [0]}}"#
    case .multipleChoice: #"{"text": "...", "choices": ["...", "..."], "label": 0}"#
    case .maskedLM, .causalLM: #"{"text": "..."}"#
    case .pretraining, .nextSentence: #"{"text": "...", "text_pair": "...", "next_sentence_label": 0}"#
    }
  }
}
