// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// Which outputs of the graph a call reads, and how they become those that Hugging Face's `forward` returns.
struct OutputNames {
  private let network: BertNetwork
  private let layers: Int
  private let heads: [String]
  private let hasLoss: Bool
  private let hiddenStates: Bool
  private let attentions: Bool
  private let hasEncoder: Bool

  init(_ network: BertNetwork, _ variant: GraphVariant, hiddenStates: Bool, attentions: Bool) {
    self.network = network
    layers = network.config.numHiddenLayers
    hasLoss = variant.loss != nil
    hasEncoder = variant.hasEncoder
    self.hiddenStates = hiddenStates
    self.attentions = attentions
    switch network.head {
    case .none: heads = ["last_hidden_state"] + (network.hasPooler ? ["pooler_output"] : [])
    case .pretraining: heads = ["prediction_logits", "seq_relationship_logits"]
    case .maskedLM, .causalLM, .nextSentence, .textClassification, .multipleChoice, .tokenClassification,
      .questionAnswering:
      heads = ["logits"]
    }
  }

  /// Names in the graph, in Hugging Face's order.
  var names: [String] {
    var names = (hasLoss ? ["loss"] : []) + heads
    if hiddenStates { names += (0...layers).map { "hidden_states.\($0)" } }
    if attentions {
      names += (0..<layers).map { "attentions.\($0)" }
      if hasEncoder { names += (0..<layers).map { "cross_attentions.\($0)" } }
    }
    return names
  }

  /// Tensors of the shapes that the caller's input has.
  func assemble(_ results: [String: Tensor], _ call: ForwardCall) throws -> ModelOutput {
    var entries: [(name: String, tensor: Tensor)] = []
    for name in names {
      guard let tensor = results[name] else { throw GraphError.missingOutput(name) }
      entries += try assemble(name, tensor, call)
    }
    return ModelOutput(entries: entries)
  }

  private func assemble(
    _ name: String, _ tensor: Tensor, _ call: ForwardCall
  ) throws -> [(name: String, tensor: Tensor)] {
    let (input, batch) = (call.input, call.batch)
    let (sequences, length) = (input.batchSize, input.sequenceLength)
    if name == "loss" { return [(name, try tensor.reshaped([]))] }
    if name == "pooler_output" { return [(name, try batch.zeroingEmptySequences(tensor))] }
    if name.hasPrefix("attentions.") {
      let total = call.past + length
      return [
        (
          name,
          try batch.paddedAttention(
            tensor, columns: call.keyColumns, batchSize: sequences, sequenceLength: length, keyLength: total)
        )
      ]
    }
    if name.hasPrefix("cross_attentions.") {
      return [
        (
          name,
          try batch.paddedAttention(
            tensor, columns: call.encoderColumns, batchSize: sequences, sequenceLength: length,
            keyLength: call.encoderLength)
        )
      ]
    }
    if name == "seq_relationship_logits" { return [(name, tensor)] }
    if name == "logits", network.head.isPooled {
      guard network.head == .multipleChoice else { return [(name, tensor)] }
      let choices = input.choices ?? 1
      return [(name, try tensor.reshaped([sequences / choices, choices]))]
    }
    let padded = try batch.padded(tensor, batchSize: sequences, sequenceLength: length)
    guard network.head == .questionAnswering, name == "logits" else { return [(name, padded)] }
    return [("start_logits", try padded.column(0)), ("end_logits", try padded.column(1))]
  }
}
