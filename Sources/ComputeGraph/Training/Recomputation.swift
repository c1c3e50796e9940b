// SPDX-License-Identifier: Apache-2.0

/// What the backward pass finds in memory, and what it computes once more instead.
///
/// The numbers are the same bits in all three: a recomputed value comes from the same kernels, and dropout draws by counter.
public enum Recomputation: String, Hashable, Sendable, CaseIterable {
  /// All that it needs is kept.
  case none
  /// Activations and dropped-out values are computed again: elementwise steps, a hundredth of the time.
  case activations
  /// Only the input of each layer is kept; its forward pass runs again. Hugging Face's `gradient_checkpointing`.
  case layers

  /// Whether a step's results are computed again.
  ///
  /// - Parameter isLayerOutput: whether the results are what the next layer begins with.
  func recomputes(_ operation: Operation, scope: String, isLayerOutput: Bool) -> Bool {
    switch self {
    case .none: return false
    case .activations:
      switch operation {
      case .biasActivation, .dropout: return true
      default: return false
      }
    case .layers: return !isLayerOutput && scope.hasPrefix("encoder.layer.")
    }
  }
}
