// SPDX-License-Identifier: Apache-2.0
import Tokenizers

/// A label and how sure the model is of it.
public struct LabelScore: Sendable, Equatable {
  public let label: String
  public let score: Double

  public init(label: String, score: Double) {
    self.label = label
    self.score = score
  }
}

/// A text, or a pair of texts.
public struct TextPair: Sendable, Equatable {
  public let text: String
  /// Nil, or "": none. Hugging Face's tokenizers take an empty second text for none where they are given one pair.
  public let textPair: String?

  public init(_ text: String, _ textPair: String? = nil) {
    self.text = text
    self.textPair = textPair
  }

  var pair: String? { textPair.flatMap { $0.isEmpty ? nil : $0 } }
}

/// One sequence and nothing else.
public struct PreparedSequence: PreparedInput {
  public let sequences: [TokenSequence]
  public let isTruncated: Bool
}

/// Gives texts, or pairs of texts, labels.
///
/// Source: Hugging Face `TextClassificationPipeline`.
public struct TextClassifier: TextTask {
  public static let requiredHead = BertHead.textClassification
  public let model: any LogitsModel
  public let tokenizer: BertTokenizer

  public init(model: any LogitsModel, tokenizer: BertTokenizer) {
    self.model = model
    self.tokenizer = tokenizer
  }

  /// What makes scores of logits.
  public enum Function: String, Sendable, CaseIterable {
    case sigmoid, softmax, none
  }

  public struct Options: Sendable, Equatable {
    /// Labels to return, the best first; all where nil.
    public var topK: Int?
    /// `function_to_apply`. Nil: none for regression, sigmoid for several labels at once or for one label, else softmax.
    public var functionToApply: Function?
    /// What to cut where a text is too long; nil: it is refused.
    public var truncation: Truncation.Strategy?
    /// The tokens to cut to, with `truncation`; as many as tokenizer and model take where nil.
    public var maxLength: Int?

    public init(
      topK: Int? = 1, functionToApply: Function? = nil, truncation: Truncation.Strategy? = nil, maxLength: Int? = nil
    ) {
      self.topK = topK
      self.functionToApply = functionToApply
      self.truncation = truncation
      self.maxLength = maxLength
    }
  }

  /// - Throws: `TaskError.tooLong`; `.option` for a `topK` below 1.
  public func prepare(_ input: TextPair, _ options: Options = Options()) throws(TaskError) -> PreparedSequence {
    if let topK = options.topK, topK < 1 { throw .option("top_k", "is \(topK); it must be at least 1") }
    let (encoding, isTruncated) = try encode(
      input.text, pair: input.pair, truncation: options.truncation, maxLength: options.maxLength)
    return PreparedSequence(sequences: [TokenSequence(encoding)], isTruncated: isTruncated)
  }

  /// Labels, the best first; of equal ones the lower number.
  public func output(
    _ prepared: PreparedSequence, _ logits: [Logits], _ options: Options = Options()
  ) throws(TaskError) -> [LabelScore] {
    guard let logits = logits.first else { return [] }
    try logits.check(rows: 1, columns: model.config.numLabels)
    let scores = TextClassifier.scores(logits.row(0), options.functionToApply ?? defaultFunction)
    return Scores.top(options.topK ?? scores.count, of: scores).map { LabelScore(label: label($0), score: scores[$0]) }
  }

  private var defaultFunction: Function {
    switch model.config.problemType {
    case .regression: .none
    case .multiLabelClassification: .sigmoid
    case .singleLabelClassification, nil: model.config.numLabels == 1 ? .sigmoid : .softmax
    }
  }

  static func scores(_ logits: ArraySlice<Float>, _ function: Function) -> [Double] {
    switch function {
    case .sigmoid: logits.map(Scores.sigmoid)
    case .softmax: Scores.softmax(logits)
    case .none: logits.map(Double.init)
    }
  }
}
