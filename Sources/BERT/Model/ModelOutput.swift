// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// What a forward call returns: named tensors in Hugging Face's order, by name and by index.
///
/// Token-wise tensors are padded as the input was, zero where it was masked.
public struct ModelOutput: Sendable {
  /// Names and tensors in order: `last_hidden_state`, `pooler_output`, `hidden_states.0` ...
  public let entries: [(name: String, tensor: Tensor)]

  public init(entries: [(name: String, tensor: Tensor)]) { self.entries = entries }

  public subscript(name: String) -> Tensor? { entries.first { $0.name == name }?.tensor }
  public subscript(index: Int) -> Tensor? { entries.indices.contains(index) ? entries[index].tensor : nil }

  /// States after the last layer, `[B, S, H]`.
  public var lastHiddenState: Tensor? { self["last_hidden_state"] }
  /// tanh of a dense layer on the first token's state, `[B, H]`; nil where the checkpoint has no pooler.
  public var poolerOutput: Tensor? { self["pooler_output"] }
  /// The head's scores; nil for a bare model, and for heads whose scores have other names.
  public var logits: Tensor? { self["logits"] }
  /// One number; nil without labels.
  public var loss: Double? { self["loss"]?.doubles.first }
  /// The weights of self attention of each layer, `[B, heads, S, S]`; empty unless asked for.
  public var attentions: [Tensor] { entries.filter { $0.name.hasPrefix("attentions.") }.map(\.tensor) }
  /// The weights of cross attention of each layer, `[B, heads, S, E]`; empty unless asked for.
  public var crossAttentions: [Tensor] { entries.filter { $0.name.hasPrefix("cross_attentions.") }.map(\.tensor) }
  /// The embeddings' output and each layer's, layers + 1 of `[B, S, H]`; empty unless asked for.
  public var hiddenStates: [Tensor] { entries.filter { $0.name.hasPrefix("hidden_states.") }.map(\.tensor) }
}
