// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// Builds the one forward pass of this project: the model that `BertConfig` describes, as a graph over packed sequences.
///
/// Parameters bear the checkpoint's keys, without the prefix `bert.` that checkpoints of models with a head put in front.
/// Inputs and outputs have the names of Hugging Face's arguments where they mean the same (`ForwardCall` brings them);
/// token-wise ones are packed. Outputs are computed only where a run asks for them, so the graph names all there are:
/// `hidden_states.0` ... `hidden_states.L` and `last_hidden_state` `[T, H]`, `pooler_output` `[B, H]`, and the head's; of a
/// variant with attentions also `attentions.N` `[T, heads, keys]` and `cross_attentions.N`.
/// Source: Hugging Face `modeling_bert.py`, 4.49; arXiv:1810.04805.
struct BertGraph {
  var graph = Graph()
  let config: BertConfig
  let variant: GraphVariant
  let offsets: Graph.Value
  var lastHiddenState: Graph.Value
  /// Keys of each sequence in self attention, and of its encoder in cross attention.
  let keys: AttentionKeys
  var encoderKeys: AttentionKeys?
  /// Tables that every layer shares, where the variant has them.
  let positions: (queries: Graph.Value, keys: Graph.Value)?
  let cacheRows: Graph.Value?
  var encoder: (states: Graph.Value, cacheRows: Graph.Value?)?
  /// Dropouts so far: each has a number of its own.
  private var dropoutSites: Int32 = 0

  /// - Throws: `GraphError` if the configuration's numbers make no graph.
  init(_ config: BertConfig, _ variant: GraphVariant = GraphVariant()) throws {
    self.config = config
    self.variant = variant
    offsets = try graph.input("sequence_offsets", [.symbol(.sequences, plus: 1)], .int32, segmenting: .tokens)
    lastHiddenState = offsets
    keys = try AttentionKeys(&graph, prefix: "", longest: .longestKeys, hasMask: variant.hasQueryMask)
    if config.positionEmbeddingType == .absolute {
      positions = nil
    } else {
      let rows: Dimension = variant.usesCache ? .symbol(.cacheRows, plus: 0) : .tokens
      positions = (
        try graph.input("query_positions", [.tokens], .int32), try graph.input("key_positions", [rows], .int32)
      )
    }
    cacheRows = variant.usesCache ? try graph.input("cache_row_ids", [.tokens], .int32) : nil
    if variant.hasEncoder { try addEncoderInputs() }
    lastHiddenState = try embeddings()
    try graph.output("hidden_states.0", lastHiddenState)
    for layer in 0..<config.numHiddenLayers {
      lastHiddenState = try self.layer(layer, lastHiddenState)
      try graph.output("hidden_states.\(layer + 1)", lastHiddenState)
    }
    try graph.output("last_hidden_state", lastHiddenState)
  }

  private mutating func addEncoderInputs() throws {
    let tokens = Dimension.symbol(.encoderTokens, plus: 0)
    encoderKeys = try AttentionKeys(
      &graph, prefix: "encoder_", longest: .longestEncoder, hasMask: variant.hasEncoderQueryMask)
    encoder = (
      try graph.input("encoder_hidden_states", [tokens, .fixed(config.hiddenSize)], .real),
      variant.usesCache ? try graph.input("encoder_cache_row_ids", [tokens], .int32) : nil
    )
  }

  private mutating func embeddings() throws -> Graph.Value {
    let hidden = config.hiddenSize
    let prefix = "embeddings."
    let hasPositions = config.positionEmbeddingType == .absolute
    let kinds = Embeddings(
      epsilon: config.layerNormEps, hasWordIds: !variant.takesEmbeddings, hasPositions: hasPositions)
    var operands: [Graph.Value] = []
    if variant.takesEmbeddings {
      operands.append(try graph.input("inputs_embeds", [.tokens, .fixed(hidden)], .real))
    } else {
      operands.append(try graph.parameter(prefix + "word_embeddings.weight", [config.vocabSize, hidden]))
    }
    if hasPositions {
      operands.append(
        try graph.parameter(prefix + "position_embeddings.weight", [config.maxPositionEmbeddings, hidden]))
    }
    operands += [
      try graph.parameter(prefix + "token_type_embeddings.weight", [config.typeVocabSize, hidden]),
      try graph.parameter(prefix + "LayerNorm.weight", [hidden]),
      try graph.parameter(prefix + "LayerNorm.bias", [hidden]),
    ]
    if kinds.hasWordIds { operands.append(try graph.input("input_ids", [.tokens], .int32)) }
    if hasPositions { operands.append(try graph.input("position_ids", [.tokens], .int32)) }
    operands.append(try graph.input("token_type_ids", [.tokens], .int32))
    let sum = try graph.apply(.embeddingLayerNorm(kinds), operands, scope: "embeddings")
    return try dropout(sum, config.hiddenDropoutProb, scope: "embeddings")
  }

  private mutating func layer(_ number: Int, _ x: Graph.Value) throws -> Graph.Value {
    let prefix = "encoder.layer.\(number)"
    var attended = try addLayerNorm(prefix + ".attention.output", try selfAttention(number, x), x)
    if variant.hasEncoder {
      let context = try crossAttention(number, attended)
      attended = try addLayerNorm(prefix + ".crossattention.output", context, attended)
    }
    return try feedForward(prefix, attended)
  }

  /// Intermediate and output block, in chunks where the configuration says so.
  private mutating func feedForward(_ prefix: String, _ x: Graph.Value) throws -> Graph.Value {
    let (hidden, wide) = (config.hiddenSize, config.intermediateSize)
    let projected: Graph.Value
    if config.chunkSizeFeedForward > 0 {
      let operands =
        try [x] + weights([prefix + ".intermediate.dense"], rows: wide, columns: hidden)
        + weights([prefix + ".output.dense"], rows: hidden, columns: wide)
      projected = try graph.apply(
        .feedForward(activation: config.hiddenAct, chunk: config.chunkSizeFeedForward), operands,
        scope: prefix + ".output.dense")
    } else {
      let intermediate = try dense(
        [prefix + ".intermediate.dense"], x, rows: wide, columns: hidden, config.hiddenAct)
      projected = try dense([prefix + ".output.dense"], intermediate, rows: hidden, columns: wide)
    }
    return try addLayerNorm(prefix + ".output", afterDense: projected, x)
  }

  /// Dense layer and residual LayerNorm: Hugging Face's `BertSelfOutput`.
  private mutating func addLayerNorm(
    _ prefix: String, _ x: Graph.Value, _ residual: Graph.Value
  ) throws -> Graph.Value {
    guard case .fixed(let width)? = graph.type(of: x).shape.last else {
      throw GraphError.badAttribute(operation: "linear", "\(prefix) has an input of no fixed width")
    }
    let projected = try dense([prefix + ".dense"], x, rows: config.hiddenSize, columns: width)
    return try addLayerNorm(prefix, afterDense: projected, residual)
  }

  private mutating func addLayerNorm(
    _ prefix: String, afterDense x: Graph.Value, _ residual: Graph.Value
  ) throws -> Graph.Value {
    let weight = try graph.parameter(prefix + ".LayerNorm.weight", [config.hiddenSize])
    let bias = try graph.parameter(prefix + ".LayerNorm.bias", [config.hiddenSize])
    let dropped = try dropout(x, config.hiddenDropoutProb, scope: prefix)
    return try graph.apply(
      .addLayerNorm(epsilon: config.layerNormEps), [dropped, residual, weight, bias], scope: prefix + ".LayerNorm")
  }

  /// Dropout of a probability where the variant drops at all.
  mutating func dropout(_ x: Graph.Value, _ probability: Double, scope: String) throws -> Graph.Value {
    guard let dropout = nextDropout(probability) else { return x }
    return try graph.apply(.dropout(dropout), [x, dropoutSeed()], scope: scope)
  }

  /// The next dropout of the model; nil where nothing is dropped.
  mutating func nextDropout(_ probability: Double) -> Dropout? {
    guard variant.drops, probability > 0 else { return nil }
    defer { dropoutSites += 1 }
    return Dropout(probability: probability, site: dropoutSites)
  }

  /// The two words that a run brings; no two runs of a training bring the same.
  mutating func dropoutSeed() throws -> Graph.Value {
    let name = "dropout_seed"
    if let known = graph.inputs.first(where: { $0.name == name }) { return known.value }
    return try graph.input(name, [2], .int32)
  }

  /// `activation(x W^T + b)`, with the layers named stacked into one product.
  mutating func dense(
    _ names: [String], _ x: Graph.Value, rows: Int, columns: Int, _ activation: Activation = .identity
  ) throws -> Graph.Value {
    let operands = try [x] + weights(names, rows: rows, columns: columns)
    return try graph.apply(.linear(activation: activation), operands, scope: names.joined(separator: "+"))
  }

  /// Weight and bias of dense layers, stacked.
  mutating func weights(_ names: [String], rows: Int, columns: Int) throws -> [Graph.Value] {
    [
      try graph.parameter(names.map { Graph.Parameter.Part($0 + ".weight", [rows, columns]) }),
      try graph.parameter(names.map { Graph.Parameter.Part($0 + ".bias", [rows]) }),
    ]
  }
}

/// Where each sequence's keys lie, and which of them each query sees.
struct AttentionKeys {
  let starts: Graph.Value
  let ends: Graph.Value
  /// `[T, keys]`: a mask of its own for each query.
  let mask: Graph.Value?
  let longest: Symbol

  init(_ graph: inout Graph, prefix: String, longest: Symbol, hasMask: Bool) throws {
    self.longest = longest
    starts = try graph.input(prefix + "key_starts", [.sequences], .int32)
    ends = try graph.input(prefix + "key_ends", [.sequences], .int32)
    mask =
      hasMask ? try graph.input(prefix + "query_mask", [.tokens, .symbol(longest, plus: 0)], .uint8) : nil
  }
}
