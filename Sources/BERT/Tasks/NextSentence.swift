// SPDX-License-Identifier: Apache-2.0
import Tokenizers

/// Says whether the second text of a pair follows the first.
///
/// Hugging Face has no pipeline for it: the answer has the shape of its text classification, with the two labels that
/// BERT's paper names. Source: arXiv:1810.04805, section 3.1; `BertForNextSentencePrediction`, whose logit 0 means that
/// the second text follows.
public struct NextSentence: TextTask {
  public static let requiredHead = BertHead.nextSentence
  public static let labels = ["IsNext", "NotNext"]
  public let model: any LogitsModel
  public let tokenizer: BertTokenizer

  public init(model: any LogitsModel, tokenizer: BertTokenizer) {
    self.model = model
    self.tokenizer = tokenizer
  }

  public struct Options: Sendable, Equatable {
    /// What to cut where a pair is too long; nil: it is refused.
    public var truncation: Truncation.Strategy?
    /// The tokens to cut to, with `truncation`; as many as tokenizer and model take where nil.
    public var maxLength: Int?

    public init(truncation: Truncation.Strategy? = nil, maxLength: Int? = nil) {
      self.truncation = truncation
      self.maxLength = maxLength
    }
  }

  /// - Throws: `TaskError.tooLong`; `.empty` without a second text, which may be "".
  public func prepare(_ input: TextPair, _ options: Options = Options()) throws(TaskError) -> PreparedSequence {
    guard input.textPair != nil else { throw .empty(field: "text_pair") }
    let (encoding, isTruncated) = try encode(
      input.text, pair: input.pair, truncation: options.truncation, maxLength: options.maxLength)
    return PreparedSequence(sequences: [TokenSequence(encoding)], isTruncated: isTruncated)
  }

  /// Both labels, the likelier first.
  public func output(
    _ prepared: PreparedSequence, _ logits: [Logits], _ options: Options = Options()
  ) throws(TaskError) -> [LabelScore] {
    guard let logits = logits.first else { return [] }
    try logits.check(rows: 1, columns: 2)
    let scores = Scores.softmax(logits.row(0))
    return Scores.top(2, of: scores).map { LabelScore(label: NextSentence.labels[$0], score: scores[$0]) }
  }
}
