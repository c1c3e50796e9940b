// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension BertGraph {
  /// Self attention of one layer; its weights are the output `attentions.<layer>`. Source: Hugging Face
  /// `BertSelfAttention`.
  mutating func selfAttention(_ layer: Int, _ x: Graph.Value) throws -> Graph.Value {
    let prefix = "encoder.layer.\(layer).attention.self"
    let heads = config.heads(ofLayer: layer)
    let width = heads * config.headSize
    // One product for query, key and value: the weights are stacked, and attention finds each by its column.
    let qkv = try dense(
      ["query", "key", "value"].map { "\(prefix).\($0)" }, x, rows: width, columns: config.hiddenSize)
    var (key, value, keyColumn, valueColumn) = (qkv, qkv, width, 2 * width)
    if let rows = cacheRows {
      key = try cached("past_key_values.\(layer).key", .cacheRows, width, qkv, column: width, rows)
      value = try cached("past_key_values.\(layer).value", .cacheRows, width, qkv, column: 2 * width, rows)
      (keyColumn, valueColumn) = (0, 0)
    }
    let attention = Attention(
      heads: heads, headSize: config.headSize, keyColumn: keyColumn, valueColumn: valueColumn,
      isCausal: config.isDecoder && !variant.hasQueryMask)
    return try attend(
      attention, query: qkv, key, value, over: keys, prefix, layer, output: "attentions.\(layer)", isCross: false)
  }

  /// Attention of one decoder layer to the encoder's states, always by absolute positions; its weights are the output
  /// `cross_attentions.<layer>`. Source: Hugging Face `BertLayer.crossattention`.
  mutating func crossAttention(_ layer: Int, _ x: Graph.Value) throws -> Graph.Value {
    let prefix = "encoder.layer.\(layer).crossattention.self"
    guard let encoder, let encoderKeys else { throw GraphError.missingInput("encoder_hidden_states") }
    let (heads, hidden) = (config.numAttentionHeads, config.hiddenSize)
    let query = try dense([prefix + ".query"], x, rows: hidden, columns: hidden)
    let pair = try dense([prefix + ".key", prefix + ".value"], encoder.states, rows: hidden, columns: hidden)
    var (key, value, valueColumn) = (pair, pair, hidden)
    if let rows = encoder.cacheRows {
      // A later step brings no encoder states: nothing is computed or stored, and the caches are read.
      key = try cached("past_key_values.\(layer).cross_key", .encoderCacheRows, hidden, pair, column: 0, rows)
      value = try cached("past_key_values.\(layer).cross_value", .encoderCacheRows, hidden, pair, column: hidden, rows)
      valueColumn = 0
    }
    let attention = Attention(heads: heads, headSize: config.headSize, keyColumn: 0, valueColumn: valueColumn)
    return try attend(
      attention, query: query, key, value, over: encoderKeys, prefix, layer, output: "cross_attentions.\(layer)",
      isCross: true)
  }

  /// A cache after this run's rows, `width` columns of x from `column` on, have been stored.
  private mutating func cached(
    _ name: String, _ rows: Symbol, _ width: Int, _ x: Graph.Value, column: Int, _ ids: Graph.Value
  ) throws -> Graph.Value {
    let state = try graph.state(name, [.symbol(rows, plus: 0), .fixed(width)])
    return try graph.apply(.storeRows(column: column), [state, x, ids], scope: name)
  }

  /// Attention in one kernel where that can do it, else with its weights written out; and written out beside it where they
  /// are an output.
  private mutating func attend(
    _ attention: Attention, query: Graph.Value, _ key: Graph.Value, _ value: Graph.Value, over keys: AttentionKeys,
    _ prefix: String, _ layer: Int, output: String, isCross: Bool
  ) throws -> Graph.Value {
    let ranges = [offsets, keys.starts, keys.ends]
    // Hugging Face hands one head mask to both attentions of a layer.
    let headMask = variant.hasHeadMask ? try self.headMask(layer, heads: attention.heads) : nil
    let needsWeights = keys.mask != nil || (positions != nil && !isCross)
    var weights: Graph.Value?
    if needsWeights || variant.outputsAttentions {
      var written = try attentionWeights(attention, query, key, over: keys, prefix, isCross: isCross)
      if needsWeights { written = try dropout(written, config.attentionProbsDropoutProb, scope: prefix) }
      if let headMask {
        written = try graph.apply(.scaleHeads(heads: attention.heads), [written, headMask], scope: prefix)
      }
      if variant.outputsAttentions { try graph.output(output, written) }
      weights = written
    }
    if needsWeights, let weights {
      return try graph.apply(.attentionContext(attention), [weights, value] + ranges, scope: prefix)
    }
    let context: Graph.Value
    if let dropout = nextDropout(config.attentionProbsDropoutProb) {
      context = try graph.apply(
        .trainingAttention(TrainingAttention(attention, dropout: dropout)),
        [query, key, value] + ranges + [dropoutSeed()], scope: prefix)
    } else {
      context = try graph.apply(.attention(attention), [query, key, value] + ranges, scope: prefix)
    }
    guard let headMask else { return context }
    return try graph.apply(.scaleHeads(heads: attention.heads), [context, headMask], scope: prefix)
  }

  private mutating func attentionWeights(
    _ attention: Attention, _ query: Graph.Value, _ key: Graph.Value, over keys: AttentionKeys, _ prefix: String,
    isCross: Bool
  ) throws -> Graph.Value {
    var operands = [query, key, offsets, keys.starts, keys.ends]
    if let mask = keys.mask { operands.append(mask) }
    var relative: AttentionProbabilities.RelativePositions?
    if !isCross, let positions {
      relative = config.positionEmbeddingType == .relativeKey ? .key : .keyQuery
      let distances = 2 * config.maxPositionEmbeddings - 1
      operands += [
        try graph.parameter(prefix + ".distance_embedding.weight", [distances, config.headSize]), positions.queries,
        positions.keys,
      ]
    }
    let kind = AttentionProbabilities(
      attention, keys: keys.longest, hasMask: keys.mask != nil, relativePositions: relative)
    return try graph.apply(.attentionProbabilities(kind), operands, scope: prefix)
  }

  private mutating func headMask(_ layer: Int, heads: Int) throws -> Graph.Value {
    let name = "head_mask.\(layer)"
    if let known = graph.inputs.first(where: { $0.name == name }) { return known.value }
    return try graph.input(name, [.fixed(heads)], .real)
  }
}
