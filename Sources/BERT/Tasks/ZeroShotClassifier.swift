// SPDX-License-Identifier: Apache-2.0
import Tokenizers

/// Gives texts labels that the model was never trained on: each label becomes a hypothesis, and a model of natural
/// language inference says whether the text entails it.
///
/// A text that is too long is cut, the hypothesis never is. Source: Hugging Face `ZeroShotClassificationPipeline`.
public struct ZeroShotClassifier: TextTask {
  public static let requiredHead = BertHead.textClassification
  public let model: any LogitsModel
  public let tokenizer: BertTokenizer
  /// The logit that means entailment: that of the first label whose name begins with "entail", in any case. Nil: there is
  /// none, and the last logit is taken, as Hugging Face does with a warning.
  public let entailmentId: Int?

  public init(model: any LogitsModel, tokenizer: BertTokenizer) {
    self.model = model
    self.tokenizer = tokenizer
    let labels = model.config.id2label.sorted { $0.key < $1.key }
    entailmentId = labels.first { $0.value.lowercased().hasPrefix("entail") }?.key
  }

  public struct Input: Sendable, Equatable {
    public let sequence: String
    /// At least one.
    public let candidateLabels: [String]

    public init(sequence: String, candidateLabels: [String]) {
      self.sequence = sequence
      self.candidateLabels = candidateLabels
    }
  }

  public struct Options: Sendable, Equatable {
    /// What the label is put into, at `{}`.
    public var hypothesisTemplate: String
    /// Whether several labels may hold at once: each is then weighed against its own contradiction, instead of against
    /// the other labels.
    public var multiLabel: Bool

    public init(hypothesisTemplate: String = "This example is {}.", multiLabel: Bool = false) {
      self.hypothesisTemplate = hypothesisTemplate
      self.multiLabel = multiLabel
    }
  }

  /// Pairs of the text and each label's hypothesis.
  public struct Prepared: PreparedInput {
    public let input: Input
    public let sequences: [TokenSequence]
    public let isTruncated: Bool
  }

  public struct Answer: Sendable, Equatable {
    public let sequence: String
    /// The likeliest first.
    public let labels: [String]
    /// Probabilities of `labels`.
    public let scores: [Double]
  }

  /// - Throws: `TaskError.empty` without a text or a label; `.tooLong` where the hypothesis alone fills the model;
  ///   `.hypothesisTemplate`.
  public func prepare(_ input: Input, _ options: Options = Options()) throws(TaskError) -> Prepared {
    guard !input.candidateLabels.isEmpty else { throw .empty(field: "candidate_labels") }
    guard !input.sequence.isEmpty else { throw .empty(field: "sequence") }
    let template = try HypothesisTemplate(options.hypothesisTemplate)
    var sequences: [TokenSequence] = []
    var anyTruncated = false
    for label in input.candidateLabels {
      let (encoding, isTruncated) = try encodeCutFirst(input.sequence, template.hypothesis(label))
      sequences.append(TokenSequence(encoding))
      anyTruncated = anyTruncated || isTruncated
    }
    return Prepared(input: input, sequences: sequences, isTruncated: anyTruncated)
  }

  /// Cuts the first text only. Where that cannot be enough, nothing is cut, and the model may still take it.
  private func encodeCutFirst(
    _ text: String, _ hypothesis: String
  ) throws(TaskError) -> (encoding: Encoding, isTruncated: Bool) {
    do { return try encode(text, pair: hypothesis, truncation: .onlyFirst) } catch {
      guard case .tokenizer(.truncationImpossible) = error else { throw error }
      return try encode(text, pair: hypothesis, truncation: nil)
    }
  }

  /// All labels, the likeliest first; of equal ones the last, as a reversed sort gives them.
  public func output(
    _ prepared: Prepared, _ logits: [Logits], _ options: Options = Options()
  ) throws(TaskError) -> Answer {
    let columns = model.config.numLabels
    for logits in logits { try logits.check(rows: 1, columns: columns) }
    let labels = prepared.input.candidateLabels
    let entailment = entailmentId ?? columns - 1
    let scores: [Double]
    if options.multiLabel || labels.count == 1 {
      let contradiction = entailment == 0 ? columns - 1 : 0
      scores = logits.map { Scores.softmax([$0.values[contradiction], $0.values[entailment]])[1] }
    } else {
      scores = Scores.softmax(logits.map { $0.values[entailment] })
    }
    let order = scores.indices.sorted { scores[$0] == scores[$1] ? $0 > $1 : scores[$0] > scores[$1] }
    return Answer(
      sequence: prepared.input.sequence, labels: order.map { labels[$0] }, scores: order.map { scores[$0] })
  }
}

extension ZeroShotClassifier {
  /// Labels written in one string, with commas between them and white space around them.
  public static func labels(_ text: String) -> [String] {
    text.unicodeScalars.split(separator: ",").compactMap { part in
      func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace }
      guard let first = part.firstIndex(where: { !isSpace($0) }), let last = part.lastIndex(where: { !isSpace($0) })
      else { return nil }
      return String(String.UnicodeScalarView(part[first...last]))
    }
  }
}

/// A text with one place for a label: `{}` or `{0}`; `{{` and `}}` stand for single braces.
///
/// Source: Python's `str.format`, of which labels need no more.
struct HypothesisTemplate: Sendable, Equatable {
  private var before = ""
  private var after = ""

  /// - Throws: `TaskError.hypothesisTemplate` without a place, with several, or with a brace that closes or opens nothing.
  init(_ template: String) throws(TaskError) {
    var parts = [String.UnicodeScalarView()]
    var rest = Substring(template).unicodeScalars
    while let scalar = rest.popFirst() {
      guard scalar == "{" || scalar == "}" else {
        parts[parts.count - 1].append(scalar)
        continue
      }
      if rest.first == scalar {
        rest.removeFirst()
        parts[parts.count - 1].append(scalar)
        continue
      }
      if scalar == "{", rest.first == "0" { rest.removeFirst() }
      guard scalar == "{", rest.popFirst() == "}" else { throw .hypothesisTemplate(template) }
      parts.append(String.UnicodeScalarView())
    }
    guard parts.count == 2 else { throw .hypothesisTemplate(template) }
    before = String(parts[0])
    after = String(parts[1])
  }

  func hypothesis(_ label: String) -> String { before + label + after }
}
