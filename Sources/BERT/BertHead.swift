// SPDX-License-Identifier: Apache-2.0

/// What stands on top of the encoder. Raw values are the names of `--task`.
public enum BertHead: String, Hashable, Sendable, CaseIterable {
  /// Hidden states and the pooler's output. Hugging Face's `BertModel`.
  case none = "feature-extraction"
  /// Masked language model and next-sentence classifier. `BertForPreTraining`.
  case pretraining
  /// `BertForMaskedLM`.
  case maskedLM = "masked-lm"
  /// `BertLMHeadModel`: labels are shifted by one.
  case causalLM = "causal-lm"
  /// `BertForNextSentencePrediction`.
  case nextSentence = "next-sentence"
  /// `BertForSequenceClassification`.
  case textClassification = "text-classification"
  /// `BertForMultipleChoice`.
  case multipleChoice = "multiple-choice"
  /// `BertForTokenClassification`.
  case tokenClassification = "token-classification"
  /// `BertForQuestionAnswering`.
  case questionAnswering = "question-answering"

  /// The name of Hugging Face's class, as `architectures` in config.json has it.
  public var architecture: String {
    switch self {
    case .none: "BertModel"
    case .pretraining: "BertForPreTraining"
    case .maskedLM: "BertForMaskedLM"
    case .causalLM: "BertLMHeadModel"
    case .nextSentence: "BertForNextSentencePrediction"
    case .textClassification: "BertForSequenceClassification"
    case .multipleChoice: "BertForMultipleChoice"
    case .tokenClassification: "BertForTokenClassification"
    case .questionAnswering: "BertForQuestionAnswering"
    }
  }

  /// The head that an architecture has; nil for one that Hugging Face's BERT does not know.
  public init?(architecture: String) {
    guard let head = BertHead.allCases.first(where: { $0.architecture == architecture }) else { return nil }
    self = head
  }

  /// Whether it works on the pooler's output, one row a sequence.
  var isPooled: Bool {
    switch self {
    case .none, .pretraining, .nextSentence, .textClassification, .multipleChoice: true
    case .maskedLM, .causalLM, .tokenClassification, .questionAnswering: false
    }
  }

  /// Whether it scores the vocabulary.
  var isLanguageModel: Bool { self == .pretraining || self == .maskedLM || self == .causalLM }
}
