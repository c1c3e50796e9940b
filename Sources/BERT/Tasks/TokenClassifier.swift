// SPDX-License-Identifier: Apache-2.0
import Tokenizers

/// Gives the tokens of a text labels, and joins them to entities.
///
/// Source: Hugging Face `TokenClassificationPipeline`.
public struct TokenClassifier: TextTask {
  public static let requiredHead = BertHead.tokenClassification
  public let model: any LogitsModel
  public let tokenizer: BertTokenizer

  public init(model: any LogitsModel, tokenizer: BertTokenizer) {
    self.model = model
    self.tokenizer = tokenizer
  }

  /// How tokens become entities.
  public enum AggregationStrategy: String, Sendable, CaseIterable {
    /// One entity a token.
    case none
    /// Neighbours with the same label are one entity; `B-` starts a new one.
    case simple
    /// As `simple`, but a word has the label of its first token.
    case first
    /// As `simple`, but a word has the label that is likeliest on average over its tokens.
    case average
    /// As `simple`, but a word has the label of its surest token.
    case max
  }

  public struct Options: Sendable, Equatable {
    public var aggregationStrategy: AggregationStrategy
    /// Entities with these labels are left out.
    public var ignoreLabels: [String]
    /// Tokens that windows share, where a text is longer than the model. Nil: the text is cut where the tokenizer has a
    /// `model_max_length`, and refused where not.
    public var stride: Int?

    public init(
      aggregationStrategy: AggregationStrategy = .none, ignoreLabels: [String] = ["O"], stride: Int? = nil
    ) {
      self.aggregationStrategy = aggregationStrategy
      self.ignoreLabels = ignoreLabels
      self.stride = stride
    }
  }

  public struct Entity: Sendable, Equatable {
    /// `entity`, or `entity_group` without the `B-` or `I-` where tokens were aggregated.
    public let entity: String
    public let score: Double
    /// The token's place in its sequence, [CLS] being 0; nil where tokens were aggregated.
    public let index: Int?
    /// The tokens, joined and normalized: use `start` and `end` for what the text has.
    public let word: String
    /// In Unicode scalars of the text.
    public let start: Int
    public let end: Int
  }

  /// A text in windows, as a rule one.
  public struct Prepared: PreparedInput {
    public let text: String
    public let windows: [Encoding]
    public let isTruncated: Bool

    public var sequences: [TokenSequence] { windows.map(TokenSequence.init) }
  }

  /// - Throws: `TaskError.tooLong`; `.option` for a `stride` that windows cannot have, or without aggregation.
  public func prepare(_ text: String, _ options: Options = Options()) throws(TaskError) -> Prepared {
    guard let stride = options.stride else {
      let cuts = tokenizer.modelMaxLength.map { $0 <= positionLimit } ?? false
      let (encoding, isTruncated) = try encode(text, truncation: cuts ? .longestFirst : nil)
      return Prepared(text: text, windows: [encoding], isTruncated: isTruncated)
    }
    guard options.aggregationStrategy != .none else {
      throw .option("stride", "needs an aggregation strategy other than none, which joins what windows share")
    }
    guard stride >= 0, stride < truncationLimit else {
      throw .option("stride", "is \(stride); it must be below \(truncationLimit), the length of a window")
    }
    var encoding = try self.encode(
      text, nil,
      EncodeOptions(truncation: Truncation(maxLength: truncationLimit, stride: stride), returnOverflowingTokens: true))
    let overflowing = encoding.overflowing
    encoding.overflowing = []
    return Prepared(text: text, windows: [encoding] + overflowing, isTruncated: false)
  }

  /// Entities in the order of the text.
  public func output(
    _ prepared: Prepared, _ logits: [Logits], _ options: Options = Options()
  ) throws(TaskError) -> [Entity] {
    let text = Array(prepared.text.unicodeScalars)
    var entities: [Entity] = []
    for (window, logits) in zip(prepared.windows, logits) {
      try logits.check(rows: window.count, columns: model.config.numLabels)
      let tokens = scoredTokens(text, window, logits)
      entities += aggregate(tokens, options.aggregationStrategy).filter {
        !options.ignoreLabels.contains($0.entity)
      }
    }
    return prepared.windows.count > 1 ? TokenClassifier.withoutOverlaps(entities) : entities
  }

  /// Where windows overlap, an entity comes twice or is cut in one: the longest is kept, of equal ones the surest.
  static func withoutOverlaps(_ entities: [Entity]) -> [Entity] {
    guard var previous = entities.min(by: { $0.start < $1.start }) else { return [] }
    var kept: [Entity] = []
    for entity in entities.sortedStably(by: { $0.start < $1.start }) {
      guard previous.start <= entity.start, entity.start < previous.end else {
        kept.append(previous)
        previous = entity
        continue
      }
      let (length, previousLength) = (entity.end - entity.start, previous.end - previous.start)
      if length > previousLength || (length == previousLength && entity.score > previous.score) { previous = entity }
    }
    return kept + [previous]
  }
}

extension Array {
  /// Sorted, equal elements in their order.
  func sortedStably(by precedes: (Element, Element) -> Bool) -> [Element] {
    enumerated().sorted {
      precedes($0.element, $1.element) || (!precedes($1.element, $0.element) && $0.offset < $1.offset)
    }.map(\.element)
  }
}
