// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// What a forward call returns: named tensors in Hugging Face's order, by name and by index.
///
/// Token-wise tensors are padded as the input was, zero where it was masked.
public struct ModelOutput: Sendable {
  /// Names and tensors in order: `last_hidden_state`, `pooler_output`, `hidden_states.0` ...
  public let entries: [(name: String, tensor: Tensor)]

  public subscript(name: String) -> Tensor? { entries.first { $0.name == name }?.tensor }
  public subscript(index: Int) -> Tensor? { entries.indices.contains(index) ? entries[index].tensor : nil }

  /// States after the last layer, `[B, S, H]`.
  public var lastHiddenState: Tensor? { self["last_hidden_state"] }
  /// tanh of a dense layer on the first token's state, `[B, H]`; nil where the checkpoint has no pooler.
  public var poolerOutput: Tensor? { self["pooler_output"] }
  /// The embeddings' output and each layer's, layers + 1 of `[B, S, H]`; empty unless asked for.
  public var hiddenStates: [Tensor] { entries.filter { $0.name.hasPrefix("hidden_states.") }.map(\.tensor) }
}
