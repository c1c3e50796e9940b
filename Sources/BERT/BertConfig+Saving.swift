// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import StrictJSON

extension BertConfig {
  /// This configuration as `config.json`.
  ///
  /// - Parameter other: the fields of the file that it came from, of which those stay that this engine does not read.
  func json(over other: JSONObject = JSONObject()) -> JSONObject {
    var fields = other
    // A count beside the names could contradict them.
    fields["num_labels"] = nil
    fields["model_type"] = .string("bert")
    fields["architectures"] = .array(architectures.map(JSON.string))
    fields["torch_dtype"] = .string("float32")
    for (name, size) in [
      ("vocab_size", vocabSize), ("hidden_size", hiddenSize), ("num_hidden_layers", numHiddenLayers),
      ("num_attention_heads", numAttentionHeads), ("intermediate_size", intermediateSize),
      ("max_position_embeddings", maxPositionEmbeddings), ("type_vocab_size", typeVocabSize),
      ("pad_token_id", padTokenId), ("chunk_size_feed_forward", chunkSizeFeedForward),
    ] {
      fields[name] = .number(JSONNumber(size))
    }
    for (name, number) in [
      ("hidden_dropout_prob", hiddenDropoutProb), ("attention_probs_dropout_prob", attentionProbsDropoutProb),
      ("initializer_range", initializerRange), ("layer_norm_eps", layerNormEps),
    ] {
      fields[name] = .number(JSONNumber(number))
    }
    for (name, flag) in [
      ("is_decoder", isDecoder), ("add_cross_attention", addCrossAttention), ("use_cache", useCache),
      ("gradient_checkpointing", gradientCheckpointing), ("tie_word_embeddings", tieWordEmbeddings),
    ] {
      fields[name] = .bool(flag)
    }
    fields["hidden_act"] = .string(activationName(other["hidden_act"]?.stringValue))
    fields["position_embedding_type"] = .string(positionEmbeddingType.rawValue)
    fields["classifier_dropout"] = classifierDropout.map { .number(JSONNumber($0)) } ?? .null
    fields["problem_type"] = problemType.map { .string($0.rawValue) } ?? .null
    let pruned = prunedHeads.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }
    fields["pruned_heads"] = .object(
      JSONObject(pruned.map { ("\($0.key)", .array($0.value.map { .number(JSONNumber($0)) })) }))
    let labels = id2label.sorted { $0.key < $1.key }
    fields["id2label"] = .object(JSONObject(labels.map { ("\($0.key)", .string($0.value)) }))
    // Two labels of one name share an entry there, as in Python's dictionary: the last one has it.
    var label2id = JSONObject()
    for (number, label) in labels { label2id[label] = .number(JSONNumber(number)) }
    fields["label2id"] = .object(label2id)
    return fields
  }

  /// The name that the file had for the activation, or the first that means it.
  private func activationName(_ original: String?) -> String {
    if let original, BertConfig.activations[original] == hiddenAct { return original }
    let names = BertConfig.activations.filter { $0.value == hiddenAct }.keys
    return names.min { ($0.count, $0) < ($1.count, $1) } ?? "gelu"
  }
}
