// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// Builds the one forward pass of this project: the encoder that `BertConfig` describes, as a graph over packed sequences.
///
/// Inputs: `input_ids`, `position_ids`, `token_type_ids` `[T]` and `sequence_offsets` `[B + 1]`, all int32. Parameters bear
/// the checkpoint's keys, without the prefix `bert.` that some checkpoints put in front. Outputs: `hidden_states.0` ...
/// `hidden_states.L` and `last_hidden_state` `[T, H]`, and `pooler_output` `[B, H]` on request.
/// Source: Hugging Face `BertModel`; arXiv:1810.04805.
struct BertGraph {
  private(set) var graph = Graph()
  let config: BertConfig
  let offsets: Graph.Value
  private(set) var lastHiddenState: Graph.Value

  /// - Throws: `BertError.unsupported` for a switch of the configuration that this graph cannot honour yet.
  init(_ config: BertConfig, pooler: Bool) throws {
    try BertGraph.checkSupported(config)
    self.config = config
    offsets = try graph.input("sequence_offsets", [.symbol(.sequences, plus: 1)], .int32, segmenting: .tokens)
    lastHiddenState = offsets
    lastHiddenState = try embeddings()
    try graph.output("hidden_states.0", lastHiddenState)
    for layer in 0..<config.numHiddenLayers {
      lastHiddenState = try self.layer("encoder.layer.\(layer)", lastHiddenState)
      try graph.output("hidden_states.\(layer + 1)", lastHiddenState)
    }
    try graph.output("last_hidden_state", lastHiddenState)
    if pooler { try graph.output("pooler_output", self.pooler()) }
  }

  /// Refuses what would otherwise be computed wrongly without a word.
  private static func checkSupported(_ config: BertConfig) throws {
    if config.positionEmbeddingType != .absolute {
      throw BertError.unsupported(field: "position_embedding_type", config.positionEmbeddingType.rawValue)
    }
    if config.isDecoder { throw BertError.unsupported(field: "is_decoder", "true") }
    if config.prunedHeads.contains(where: { !$0.value.isEmpty }) {
      throw BertError.unsupported(field: "pruned_heads", "not empty")
    }
  }

  private mutating func embeddings() throws -> Graph.Value {
    let hidden = config.hiddenSize
    let prefix = "embeddings."
    let operands = [
      try graph.parameter(prefix + "word_embeddings.weight", [config.vocabSize, hidden]),
      try graph.parameter(prefix + "position_embeddings.weight", [config.maxPositionEmbeddings, hidden]),
      try graph.parameter(prefix + "token_type_embeddings.weight", [config.typeVocabSize, hidden]),
      try graph.parameter(prefix + "LayerNorm.weight", [hidden]),
      try graph.parameter(prefix + "LayerNorm.bias", [hidden]),
      try graph.input("input_ids", [.tokens], .int32),
      try graph.input("position_ids", [.tokens], .int32),
      try graph.input("token_type_ids", [.tokens], .int32),
    ]
    return try graph.apply(.embeddingLayerNorm(epsilon: config.layerNormEps), operands, scope: "embeddings")
  }

  /// One encoder layer; `prefix` is `encoder.layer.<number>`.
  private mutating func layer(_ prefix: String, _ x: Graph.Value) throws -> Graph.Value {
    let attended = try addLayerNorm(prefix + ".attention.output", try selfAttention(prefix + ".attention.self", x), x)
    let intermediate = try dense(
      [prefix + ".intermediate.dense"], attended, rows: config.intermediateSize, columns: config.hiddenSize,
      config.hiddenAct)
    return try addLayerNorm(prefix + ".output", intermediate, attended)
  }

  private mutating func selfAttention(_ prefix: String, _ x: Graph.Value) throws -> Graph.Value {
    let hidden = config.hiddenSize
    // One product for query, key and value: the weights are stacked, and attention finds each by its column.
    let names = ["query", "key", "value"].map { "\(prefix).\($0)" }
    let qkv = try dense(names, x, rows: hidden, columns: hidden, .identity)
    let attention = Attention(
      heads: config.numAttentionHeads, headSize: config.headSize, keyColumn: hidden, valueColumn: 2 * hidden)
    return try graph.apply(.attention(attention), [qkv, qkv, qkv, offsets, offsets], scope: prefix)
  }

  /// Dense layer and residual LayerNorm: Hugging Face's `BertSelfOutput` and `BertOutput`.
  private mutating func addLayerNorm(
    _ prefix: String, _ x: Graph.Value, _ residual: Graph.Value
  ) throws -> Graph.Value {
    guard case .fixed(let width)? = graph.type(of: x).shape.last else {
      throw GraphError.badAttribute(operation: "linear", "\(prefix) has an input of no fixed width")
    }
    let projected = try dense([prefix + ".dense"], x, rows: config.hiddenSize, columns: width, .identity)
    let weight = try graph.parameter(prefix + ".LayerNorm.weight", [config.hiddenSize])
    let bias = try graph.parameter(prefix + ".LayerNorm.bias", [config.hiddenSize])
    return try graph.apply(
      .addLayerNorm(epsilon: config.layerNormEps), [projected, residual, weight, bias], scope: prefix + ".LayerNorm")
  }

  /// `activation(x W^T + b)`, with the layers named stacked into one product.
  private mutating func dense(
    _ names: [String], _ x: Graph.Value, rows: Int, columns: Int, _ activation: Activation
  ) throws -> Graph.Value {
    let weight = try graph.parameter(names.map { Graph.Parameter.Part($0 + ".weight", [rows, columns]) })
    let bias = try graph.parameter(names.map { Graph.Parameter.Part($0 + ".bias", [rows]) })
    return try graph.apply(.linear(activation: activation), [x, weight, bias], scope: names.joined(separator: "+"))
  }

  /// Dense and tanh on each sequence's first token.
  private mutating func pooler() throws -> Graph.Value {
    let first = try graph.apply(.pooling([.cls]), [lastHiddenState, offsets], scope: "pooler")
    return try dense(["pooler.dense"], first, rows: config.hiddenSize, columns: config.hiddenSize, .tanh)
  }

  /// Appends a sentence-vector head: pooling, dense layers and normalization, as output `sentence_embedding`.
  mutating func appendSentenceEmbedding(_ head: SentenceHead) throws {
    var vector = try graph.apply(.pooling(head.pooling), [lastHiddenState, offsets], scope: "pooling")
    for module in head.modules {
      switch module {
      case .dense(let layer):
        var operands = [
          vector, try graph.parameter(layer.folder + "/linear.weight", [layer.outFeatures, layer.inFeatures]),
        ]
        if layer.hasBias {
          operands.append(try graph.parameter(layer.folder + "/linear.bias", [layer.outFeatures]))
        }
        vector = try graph.apply(.linear(activation: layer.activation), operands, scope: layer.folder)
      case .normalize:
        vector = try graph.apply(.l2Normalize(epsilon: 1e-12), [vector], scope: "normalize")
      }
    }
    try graph.output("sentence_embedding", vector)
  }
}
