// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// The architecture of a checkpoint: `config.json`, with Hugging Face's names and defaults (`BertConfig`, transformers 4.49).
public struct BertConfig: Sendable, Equatable {
  /// V: rows of the word embedding table.
  public var vocabSize = 30522
  /// H: width of every token's state.
  public var hiddenSize = 768
  public var numHiddenLayers = 12
  /// N: attention heads of a layer; divides `hiddenSize`.
  public var numAttentionHeads = 12
  /// I: width between the two products of the feed-forward block.
  public var intermediateSize = 3072
  public var hiddenAct = Activation.geluErf
  public var hiddenDropoutProb = 0.1
  public var attentionProbsDropoutProb = 0.1
  /// Dropout before a classifier; `hiddenDropoutProb` where nil.
  public var classifierDropout: Double?
  /// P: rows of the position table, the longest sequence in tokens.
  public var maxPositionEmbeddings = 512
  /// Y: rows of the token type table.
  public var typeVocabSize = 2
  /// Standard deviation of newly made weights.
  public var initializerRange = 0.02
  public var layerNormEps = 1e-12
  public var padTokenId = 0
  public var positionEmbeddingType = PositionEmbeddingType.absolute
  public var isDecoder = false
  public var addCrossAttention = false
  public var useCache = true
  /// Tokens of a sequence that pass the feed-forward block at once; 0 for all.
  public var chunkSizeFeedForward = 0
  public var gradientCheckpointing = false
  public var tieWordEmbeddings = true
  /// Heads removed, by layer.
  public var prunedHeads: [Int: [Int]] = [:]
  /// Names of the labels, by number; two nameless ones where the file has none.
  public var id2label: [Int: String] = [0: "LABEL_0", 1: "LABEL_1"]
  public var problemType: ProblemType?
  /// Class names such as `BertModel`, as the file lists them.
  public var architectures: [String] = []

  public init() {}

  /// How positions enter the model. Source: arXiv:1803.02155 and arXiv:2009.13658 for the relative forms.
  public enum PositionEmbeddingType: String, Sendable, CaseIterable {
    case absolute
    case relativeKey = "relative_key"
    case relativeKeyQuery = "relative_key_query"
  }

  /// Which loss a sequence classifier has.
  public enum ProblemType: String, Sendable, CaseIterable {
    case regression
    case singleLabelClassification = "single_label_classification"
    case multiLabelClassification = "multi_label_classification"
  }

  public var numLabels: Int { id2label.count }
  /// D: width of one head.
  public var headSize: Int { hiddenSize / numAttentionHeads }
  /// Heads of a layer's self attention that are left after pruning.
  public func heads(ofLayer layer: Int) -> Int { numAttentionHeads - (prunedHeads[layer]?.count ?? 0) }
}
