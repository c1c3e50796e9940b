// SPDX-License-Identifier: Apache-2.0

/// A part of an optimizer's step, on states alone: nothing travels but the rates of the step.
///
/// All parameters lie in one state, one behind the other (`ParameterLayout`), and so do their gradients and moments.
public enum OptimizerOperation: Hashable, Sendable {
  /// `state += x`. Operands: a state and x, of one shape. Result: the state afterwards.
  case accumulate

  /// `state = 0`. Operand: a state. Result: the state afterwards.
  case clear

  /// `y = sum_i x[i]^2`. Operand: x `[P]`. Result `[1]`.
  case squaredNorm

  /// One step of AdamW with the gradient's norm clipped; see `AdamW`.
  ///
  /// Operands: weights, gradients, first moments, second moments `[P]`, all states; squared norm `[1]`; rates `[4]`. Results:
  /// the four states afterwards, gradients 0. Where the squared norm is not finite nothing changes, gradients included.
  case adamW(AdamW)
}

/// Adam with decoupled weight decay, element by element:
///
///     g = gradient min(1, maxGradNorm / (norm + 1e-6)),   norm = sqrt(squaredNorm)
///     w = w - learningRate decay w                          in the first `decayed` elements
///     m = beta1 m + (1 - beta1) g,   v = beta2 v + (1 - beta2) g^2
///     w = w - learningRate firstCorrection m / (sqrt(v) secondCorrection + epsilon)
///
/// `rates` are learningRate, firstCorrection `1 / (1 - beta1^t)`, secondCorrection `1 / sqrt(1 - beta2^t)` and
/// `learningRate * decay`, made by the host in double precision for its step t.
/// Source: arXiv:1711.05101; PyTorch `AdamW`, `clip_grad_norm_`.
public struct AdamW: Hashable, Sendable {
  public let beta1: Double
  public let beta2: Double
  public let epsilon: Double
  /// Elements at the front that are decayed.
  public let decayed: Int
  /// Nil leaves the gradient as it is.
  public let maxGradNorm: Double?

  public init(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, decayed: Int, maxGradNorm: Double?) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.decayed = decayed
    self.maxGradNorm = maxGradNorm
  }
}
