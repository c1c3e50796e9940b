// SPDX-License-Identifier: Apache-2.0

/// An elementwise function, with the formula that transformers' `activations.py` gives it.
///
/// Raw values are the numbers that the kernels know (`ACTIVATION` in `Kernels/common.cl`).
public enum Activation: Int32, Hashable, Sendable, CaseIterable {
  /// `x`
  case identity = 0
  /// `x / 2 * (1 + erf(x / sqrt(2)))`; config name `gelu`.
  case geluErf = 1
  /// `x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))`; config names `gelu_new`, `gelu_pytorch_tanh`.
  case geluTanh = 2
  /// `x / 2 * (1 + tanh(0.7978845608 x (1 + 0.044715 x^2)))`; config name `gelu_fast`.
  case geluFast = 3
  /// `x / (1 + exp(-1.702 x))`; config name `quick_gelu`.
  case quickGelu = 4
  /// `max(x, 0)`
  case relu = 5
  /// `x / (1 + exp(-x))`; config names `silu`, `swish`.
  case silu = 6
  /// `tanh(x)`
  case tanh = 7
  /// `x tanh(log(1 + exp(x)))`
  case mish = 8
}
