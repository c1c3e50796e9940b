// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// Which of the forms of one model's forward pass a call needs. Forms differ in what comes in and how attention is masked;
/// they share every weight.
struct GraphVariant: Hashable, Sendable {
  /// Word embeddings come in as `inputs_embeds` instead of ids.
  var takesEmbeddings = false
  /// Each query has a mask of its own for self attention.
  var hasQueryMask = false
  /// `head_mask` scales the heads of self attention.
  var hasHeadMask = false
  /// Keys and values are stored to the caches and read from them.
  var usesCache = false
  /// Decoder layers attend to encoder states.
  var hasEncoder = false
  /// Each query has a mask of its own for cross attention.
  var hasEncoderQueryMask = false
  /// The weights of attention are an output.
  var outputsAttentions = false
  /// A token-wise head runs on the rows that `selected_rows` names alone.
  var selectsRows = false
  /// Which losses there are labels for.
  var loss: Loss?
  /// Whether what the configuration says of dropout is done. Source: Hugging Face's `model.train()`.
  var drops = false

  /// The losses of Hugging Face's heads. Source: `BertFor...`'s `forward`.
  enum Loss: Hashable, Sendable {
    /// Mean cross entropy of a token-wise head.
    case tokens
    /// Masked language model and next sentence, added.
    case pretraining
    /// Mean cross entropy of a pooled head.
    case sequences
    case regression
    case multiLabel
    /// Mean cross entropy over the choices of each example.
    case choices
    /// Mean of the cross entropies over the tokens for start and end.
    case span
  }
}
