// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import StrictJSON

extension BertConfig {
  /// Reads `config.json` of a checkpoint directory.
  ///
  /// - Throws: `BertError.noCheckpoint` if there is none, `.file` if it cannot be read, `.json` if it is no JSON, `.badConfig` naming file and field otherwise.
  public static func fromPretrained(_ directory: String) throws(BertError) -> BertConfig {
    let path = directory + "/config.json"
    do { return try BertConfig(JSONFields.read(path)) } catch .file(.notFound) { throw .noCheckpoint(path: path) }
  }

  init(_ fields: JSONFields) throws(BertError) {
    self.init()
    if let type = try fields.string("model_type"), type != "bert" {
      throw fields.bad("model_type", "is \"\(type)\"; this engine runs \"bert\"")
    }
    let size = 1...(1 << 26)
    vocabSize = try fields.integer("vocab_size", in: size) ?? vocabSize
    hiddenSize = try fields.integer("hidden_size", in: 1...(1 << 20)) ?? hiddenSize
    numHiddenLayers = try fields.integer("num_hidden_layers", in: 0...4096) ?? numHiddenLayers
    numAttentionHeads = try fields.integer("num_attention_heads", in: 1...(1 << 20)) ?? numAttentionHeads
    intermediateSize = try fields.integer("intermediate_size", in: 1...(1 << 22)) ?? intermediateSize
    maxPositionEmbeddings = try fields.integer("max_position_embeddings", in: size) ?? maxPositionEmbeddings
    typeVocabSize = try fields.integer("type_vocab_size", in: size) ?? typeVocabSize
    guard hiddenSize.isMultiple(of: numAttentionHeads) else {
      throw fields.bad(
        "num_attention_heads", "is \(numAttentionHeads), which does not divide hidden_size \(hiddenSize)")
    }
    if let name = try fields.string("hidden_act") {
      guard let activation = BertConfig.activations[name] else {
        let known = BertConfig.activations.keys.sorted().joined(separator: ", ")
        throw fields.bad("hidden_act", "is \"\(name)\"; known are \(known)")
      }
      hiddenAct = activation
    }
    hiddenDropoutProb = try fields.number("hidden_dropout_prob", in: 0...1) ?? hiddenDropoutProb
    attentionProbsDropoutProb =
      try fields.number("attention_probs_dropout_prob", in: 0...1) ?? attentionProbsDropoutProb
    classifierDropout = try fields.number("classifier_dropout", in: 0...1)
    initializerRange = try fields.number("initializer_range", in: 0...1e6) ?? initializerRange
    layerNormEps = try fields.number("layer_norm_eps", in: 0...1) ?? layerNormEps
    padTokenId = try fields.integer("pad_token_id", in: 0...(vocabSize - 1)) ?? padTokenId
    positionEmbeddingType = try fields.choice("position_embedding_type") ?? positionEmbeddingType
    problemType = try fields.choice("problem_type")
    isDecoder = try fields.bool("is_decoder") ?? isDecoder
    addCrossAttention = try fields.bool("add_cross_attention") ?? addCrossAttention
    guard isDecoder || !addCrossAttention else {
      throw fields.bad("add_cross_attention", "is true, but is_decoder is not: an encoder has no cross attention")
    }
    useCache = try fields.bool("use_cache") ?? useCache
    gradientCheckpointing = try fields.bool("gradient_checkpointing") ?? gradientCheckpointing
    tieWordEmbeddings = try fields.bool("tie_word_embeddings") ?? tieWordEmbeddings
    chunkSizeFeedForward = try fields.integer("chunk_size_feed_forward", in: 0...size.upperBound) ?? 0
    architectures = try fields.strings("architectures") ?? []
    try readLabels(fields)
    try readPrunedHeads(fields)
  }

  /// Config names of the activations, as transformers' `ACT2FN` has them.
  static let activations: [String: Activation] = [
    "gelu": .geluErf, "gelu_python": .geluErf, "gelu_new": .geluTanh, "gelu_pytorch_tanh": .geluTanh,
    "gelu_fast": .geluFast, "quick_gelu": .quickGelu, "relu": .relu, "silu": .silu, "swish": .silu, "tanh": .tanh,
    "mish": .mish, "linear": .identity,
  ]

  private mutating func readLabels(_ fields: JSONFields) throws(BertError) {
    if let table = try fields.object("id2label") {
      var labels: [Int: String] = [:]
      for (key, label) in table {
        guard let number = Int(key), let name = label.stringValue, number >= 0,
          labels.updateValue(name, forKey: number) == nil
        else { throw fields.bad("id2label", "has an entry \"\(key)\" that is not number to name") }
      }
      guard labels.keys.sorted() == Array(0..<labels.count) else {
        throw fields.bad("id2label", "does not number its labels from 0 without a gap")
      }
      id2label = labels
    } else if let count = try fields.integer("num_labels", in: 1...(1 << 20)) {
      id2label = Dictionary(uniqueKeysWithValues: (0..<count).map { ($0, "LABEL_\($0)") })
    }
  }

  private mutating func readPrunedHeads(_ fields: JSONFields) throws(BertError) {
    for (key, heads) in try fields.object("pruned_heads") ?? JSONObject() {
      guard let layer = Int(key), (0..<numHiddenLayers).contains(layer) else {
        throw fields.bad("pruned_heads", "names a layer \"\(key)\" that is not below \(numHiddenLayers)")
      }
      let numbers = (heads.arrayValue ?? []).map { $0.intValue ?? -1 }
      guard heads.arrayValue != nil, Set(numbers).count == numbers.count, numbers.count < numAttentionHeads,
        numbers.allSatisfy((0..<numAttentionHeads).contains)
      else {
        throw fields.bad("pruned_heads", "for layer \(layer) is no list of some of its \(numAttentionHeads) heads")
      }
      prunedHeads[layer] = numbers.sorted()
    }
  }
}
