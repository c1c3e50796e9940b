// SPDX-License-Identifier: Apache-2.0
import Tokenizers

/// Several sequences for one answer.
public struct PreparedSequences: PreparedInput {
  public let sequences: [TokenSequence]
  public let isTruncated: Bool
}

/// Chooses one of several continuations of a text.
///
/// Hugging Face has no pipeline for it. Each choice is the second text of a pair with the prompt, as in its examples for
/// SWAG, and the scores are the softmax over the choices' logits, which is what `BertForMultipleChoice` is trained with.
public struct MultipleChoice: TextTask {
  public static let requiredHead = BertHead.multipleChoice
  public let model: any LogitsModel
  public let tokenizer: BertTokenizer

  public init(model: any LogitsModel, tokenizer: BertTokenizer) {
    self.model = model
    self.tokenizer = tokenizer
  }

  public struct Input: Sendable, Equatable {
    public let text: String
    /// At least one.
    public let choices: [String]

    public init(text: String, choices: [String]) {
      self.text = text
      self.choices = choices
    }
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

  public struct Choice: Sendable, Equatable {
    /// The place of the best choice, from 0; of equal ones the first.
    public let choice: Int
    /// Its probability among the choices.
    public let score: Double
    /// Probabilities of all choices, in the order of the input.
    public let scores: [Double]
  }

  /// - Throws: `TaskError.tooLong`; `.empty` without choices.
  public func prepare(_ input: Input, _ options: Options = Options()) throws(TaskError) -> PreparedSequences {
    guard !input.choices.isEmpty else { throw .empty(field: "choices") }
    return try pairs(input.text, input.choices, options.truncation, options.maxLength)
  }

  public func output(
    _ prepared: PreparedSequences, _ logits: [Logits], _ options: Options = Options()
  ) throws(TaskError) -> Choice {
    for logits in logits { try logits.check(rows: 1, columns: 1) }
    let scores = Scores.softmax(logits.flatMap(\.values))
    let best = Scores.argmax(scores)
    return Choice(choice: best, score: scores.isEmpty ? 0 : scores[best], scores: scores)
  }
}

extension TextTask {
  /// One text in pairs with others.
  ///
  /// - Throws: `TaskError.tooLong`, `.tokenizer`.
  func pairs(
    _ first: String, _ others: [String], _ truncation: Truncation.Strategy?, _ maxLength: Int? = nil
  ) throws(TaskError) -> PreparedSequences {
    var sequences: [TokenSequence] = []
    var anyTruncated = false
    for other in others {
      let (encoding, isTruncated) = try encode(
        first, pair: other, truncation: truncation, maxLength: maxLength)
      sequences.append(TokenSequence(encoding))
      anyTruncated = anyTruncated || isTruncated
    }
    return PreparedSequences(sequences: sequences, isTruncated: anyTruncated)
  }
}
