// SPDX-License-Identifier: Apache-2.0
import Tokenizers

/// Sorts documents by how well they answer a query: a cross encoder, which reads query and document together.
///
/// A pair that is too long loses the end of its longer side, as in sentence-transformers.
/// Source: sentence-transformers `CrossEncoder.rank`.
public struct Reranker: TextTask {
  public static let requiredHead = BertHead.textClassification
  public let model: any LogitsModel
  public let tokenizer: BertTokenizer

  /// - Throws: `TaskError.labelCount` unless the classifier has one label.
  public init(model: any LogitsModel, tokenizer: BertTokenizer) throws(TaskError) {
    guard model.config.numLabels == 1 else { throw .labelCount(found: model.config.numLabels, wanted: 1) }
    self.model = model
    self.tokenizer = tokenizer
  }

  public struct Input: Sendable, Equatable {
    public let query: String
    public let documents: [String]

    public init(query: String, documents: [String]) {
      self.query = query
      self.documents = documents
    }
  }

  /// What makes a score of the logit.
  public enum Activation: String, Sendable, CaseIterable {
    /// Between 0 and 1: what a cross encoder with one label does unless its configuration says otherwise.
    case sigmoid
    /// The logit itself.
    case identity
  }

  public struct Options: Sendable, Equatable {
    /// Documents to return; all where nil.
    public var topK: Int?
    /// See `configuredActivation(_:)` for what the model's directory asks for.
    public var activation: Activation

    public init(topK: Int? = nil, activation: Activation = .sigmoid) {
      self.topK = topK
      self.activation = activation
    }
  }

  public struct Ranked: Sendable, Equatable {
    /// `corpus_id`: the document's place in the input, from 0.
    public let corpusId: Int
    public let score: Double
    /// `text`: the document.
    public let text: String
  }

  /// A query in pairs with its documents.
  public struct Prepared: PreparedInput {
    public let documents: [String]
    public let sequences: [TokenSequence]
    public let isTruncated: Bool
  }

  /// - Throws: `TaskError.tokenizer` if not even the special tokens fit; `.option` for a `topK` below 1.
  public func prepare(_ input: Input, _ options: Options = Options()) throws(TaskError) -> Prepared {
    if let topK = options.topK, topK < 1 { throw .option("top_k", "is \(topK); it must be at least 1") }
    let pairs = try pairs(input.query, input.documents, .longestFirst)
    return Prepared(documents: input.documents, sequences: pairs.sequences, isTruncated: pairs.isTruncated)
  }

  /// Documents, the best first; of equal ones the first.
  public func output(
    _ prepared: Prepared, _ logits: [Logits], _ options: Options = Options()
  ) throws(TaskError) -> [Ranked] {
    for logits in logits { try logits.check(rows: 1, columns: 1) }
    let scores = logits.flatMap(\.values).map { logit in
      switch options.activation {
      case .sigmoid: Scores.sigmoid(logit)
      case .identity: Double(logit)
      }
    }
    return Reranker.ranked(prepared.documents, scores, topK: options.topK)
  }

  static func ranked(_ documents: [String], _ scores: [Double], topK: Int?) -> [Ranked] {
    Scores.top(topK ?? scores.count, of: scores).map {
      Ranked(corpusId: $0, score: scores[$0], text: documents[$0])
    }
  }
}

extension Reranker {
  /// The activation that `config.json` of a directory names: `sentence_transformers.activation_fn`, or the older
  /// `sbert_ce_default_activation_function`; sigmoid where it names none.
  ///
  /// - Throws: `BertError.badConfig` for one that is neither the identity nor the sigmoid; as reading a file does.
  public static func configuredActivation(_ directory: String) throws(BertError) -> Activation {
    let fields = try JSONFields.read(directory + "/config.json")
    let newer = try fields.object("sentence_transformers")?["activation_fn"]?.stringValue
    let older = "sbert_ce_default_activation_function"
    let named = try fields.string(older)
    guard let name = newer ?? named else { return .sigmoid }
    switch name.split(separator: ".").last {
    case "Identity": return .identity
    case "Sigmoid": return .sigmoid
    default:
      let field = newer == nil ? older : "sentence_transformers.activation_fn"
      throw fields.bad(field, "is \"\(name)\"; known are torch.nn's Identity and Sigmoid")
    }
  }
}
