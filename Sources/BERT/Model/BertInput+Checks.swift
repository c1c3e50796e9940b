// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension BertInput {
  /// Every argument against the configuration and what a cache holds; ids and labels are checked where they are used.
  ///
  /// - Parameter past: P.
  /// - Throws: `BertError.badArgument` naming the argument, `.sequenceTooLong`.
  func check(_ config: BertConfig, past: Int) throws(BertError) {
    let (total, overflow) = past.addingReportingOverflow(sequenceLength)
    guard past >= 0, !overflow else { throw .badArgument("past_key_values", "has \(past) tokens") }
    let hasPositionLimit = positionIds == nil || config.positionEmbeddingType != .absolute
    if hasPositionLimit, batchSize > 0, total > config.maxPositionEmbeddings {
      throw .sequenceTooLong(index: 0, tokens: total, limit: config.maxPositionEmbeddings)
    }
    if let embeds = inputsEmbeds, embeds.shape[2] != config.hiddenSize {
      throw .badArgument("inputs_embeds", "has a width of \(embeds.shape[2]), the model \(config.hiddenSize)")
    }
    guard attentionMask == nil || queryMask == nil else {
      throw .badArgument("attention_mask", "is given twice, for each sequence and for each token")
    }
    if let attentionMask, past > 0, attentionMask.count == batchSize * sequenceLength {
      throw .badArgument(
        "attention_mask",
        "covers \(sequenceLength) tokens; with a cache it must cover the \(past) that it holds as well")
    }
    try check("attention_mask", attentionMask, [batchSize, total])
    try check("attention_mask", queryMask, [batchSize, sequenceLength, total])
    try check("token_type_ids", tokenTypeIds, [batchSize, sequenceLength])
    try check("position_ids", positionIds, [batchSize, sequenceLength])
    try checkMask("attention_mask", attentionMask)
    try checkMask("attention_mask", queryMask)
    try checkHeadMask(config)
    try checkEncoder(config)
  }

  private func checkHeadMask(_ config: BertConfig) throws(BertError) {
    guard let headMask else { return }
    try BertInput.checkReal("head_mask", headMask)
    let shape = headMask.shape
    guard shape.count == 1 || (shape.count == 2 && shape[0] == config.numHiddenLayers), let width = shape.last else {
      throw .badArgument("head_mask", "has the shape \(shape), wanted [heads] or [\(config.numHiddenLayers), heads]")
    }
    for layer in 0..<config.numHiddenLayers {
      let heads = config.heads(ofLayer: layer)
      guard width == heads || width == config.numAttentionHeads else {
        throw .badArgument("head_mask", "has \(width) heads, layer \(layer) has \(heads)")
      }
    }
    // Cross attention keeps all of its heads, and gets the same mask.
    guard !config.addCrossAttention || width == config.numAttentionHeads,
      !config.addCrossAttention || config.prunedHeads.allSatisfy({ $0.value.isEmpty })
    else {
      throw .badArgument("head_mask", "does not fit self attention with pruned heads and cross attention at once")
    }
  }

  private func checkEncoder(_ config: BertConfig) throws(BertError) {
    guard config.isDecoder && config.addCrossAttention else {
      for (name, isGiven) in [
        ("encoder_hidden_states", encoderHiddenStates != nil),
        ("encoder_attention_mask", encoderAttentionMask != nil || encoderQueryMask != nil),
      ] where isGiven {
        throw .badArgument(name, "is given, but the model has no cross attention (is_decoder, add_cross_attention)")
      }
      return
    }
    guard let states = encoderHiddenStates else { return }  // a cache may hold what came of them
    guard states.shape.count == 3, states.shape[0] == batchSize, states.shape[2] == config.hiddenSize else {
      throw .badArgument(
        "encoder_hidden_states", "has the shape \(states.shape), wanted [\(batchSize), tokens, \(config.hiddenSize)]")
    }
    try BertInput.checkReal("encoder_hidden_states", states)
    try checkEncoderMasks(length: states.shape[1])
  }

  /// - Parameter length: E.
  func checkEncoderMasks(length: Int) throws(BertError) {
    guard encoderAttentionMask == nil || encoderQueryMask == nil else {
      throw .badArgument("encoder_attention_mask", "is given twice, for each sequence and for each token")
    }
    let states = "encoder_hidden_states"
    try check("encoder_attention_mask", encoderAttentionMask, [batchSize, length], of: states)
    try check("encoder_attention_mask", encoderQueryMask, [batchSize, sequenceLength, length], of: states)
    try checkMask("encoder_attention_mask", encoderAttentionMask)
    try checkMask("encoder_attention_mask", encoderQueryMask)
  }
}
