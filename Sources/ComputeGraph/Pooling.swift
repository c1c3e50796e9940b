// SPDX-License-Identifier: Apache-2.0

/// How the states of a sequence's tokens become one vector. Names and order as in sentence-transformers' `Pooling`.
///
/// Raw values are the numbers that the kernel knows (`Kernels/pooling.cl`).
public enum PoolingMode: Int32, Hashable, Sendable, CaseIterable {
  /// The state of the first token.
  case cls = 0
  /// `sum_t x[t] / max(n, 1e-9)`
  case mean = 1
  /// `max_t x[t]`, per component.
  case max = 2
  /// `sum_t x[t] / sqrt(max(n, 1e-9))`
  case meanSqrtLength = 3
  /// `sum_t t x[t] / sum_t t`, with t from 1.
  case weightedMean = 4
  /// The state of the last token.
  case lastToken = 5
}
