// SPDX-License-Identifier: Apache-2.0

/// Everything a graph can compute. Closed, so that each executor's `switch` is exhaustive and none forgets a case.
///
/// Operands are listed in the order in which a node holds them, which is the order of the kernel's arguments.
/// T packed tokens, B sequences, H hidden, A = heads * head size, K depth, N columns.
public enum Operation: Hashable, Sendable {
  /// Sum of three embeddings, normalized.
  ///
  ///     y[t] = layerNorm(word[ids[t]] + type[typeIds[t]] + position[positionIds[t]]) * weight + bias
  ///
  /// Operands: word `[V, H]`, position `[P, H]`, type `[Y, H]`, weight `[H]`, bias `[H]`, ids, position ids and type ids
  /// `[T]` int32. Result `[T, H]`. An id outside its table is the caller's error, found before the run.
  case embeddingLayerNorm(epsilon: Double)

  /// `y = activation(x W^T + b)`.
  ///
  /// Operands: x `[M, K]`, weight `[N, K]` (as checkpoints store it), bias `[N]`, which may be left out. Result `[M, N]`.
  case linear(activation: Activation)

  /// `y = activation(x + b)`: the epilogue of a product that a foreign library computed.
  ///
  /// Operands: x `[M, N]`, bias `[N]`. Result `[M, N]`.
  case biasActivation(Activation)

  /// `y = (h - mean(h)) / sqrt(var(h) + epsilon) * weight + bias` with `h = x + residual`, biased variance, per row.
  ///
  /// Operands: x `[M, H]`, residual `[M, H]`, weight `[H]`, bias `[H]`. Result `[M, H]`. Source: arXiv:1607.06450.
  case addLayerNorm(epsilon: Double)

  /// `addLayerNorm` without a residual. Operands: x `[M, H]`, weight `[H]`, bias `[H]`. Result `[M, H]`.
  case layerNorm(epsilon: Double)

  /// Softmax over the keys of each row of scores; a hidden key gets exactly 0, a row that sees nothing is all zeros.
  ///
  ///     p[r, k] = visible[r / rowsPerBatch, k] exp(scale x[r, k] - m) / sum_k ...      m = largest visible
  ///
  /// Operands: scores `[R, keys]`, visible `[batch, keys]` uint8, with R a multiple of batch. Result `[R, keys]`.
  case maskedSoftmax(scale: Double)

  /// Attention within each packed sequence.
  ///
  ///     out[t, h] = sum_s softmax_s(scale q[t, h] . k[s, h]) v[s, h]      s over the keys of t's sequence
  ///
  /// Operands: query, key and value matrices (the same value thrice where one product made all three), query offsets and
  /// key offsets `[B + 1]` int32. Result `[T, A]`. Source: arXiv:1706.03762, 3.2.
  case attention(Attention)

  /// One vector a sequence; with several modes, their vectors side by side.
  ///
  /// Operands: x `[T, H]`, offsets `[B + 1]` int32. Result `[B, modes * H]`. A sequence of no tokens gives zeros.
  case pooling([PoolingMode])

  /// `y = x / max(|x|, epsilon)`, per row. Operand: x `[M, N]`. Result `[M, N]`.
  case l2Normalize(epsilon: Double)
}

/// Where attention finds its heads in the operands: head h of the query starts at column `queryColumn + h * headSize`.
public struct Attention: Hashable, Sendable {
  public let heads: Int
  public let headSize: Int
  /// Factor of the scores before the softmax; 1/sqrt(head size) in BERT.
  public let scale: Double
  public let queryColumn: Int
  public let keyColumn: Int
  public let valueColumn: Int

  public init(
    heads: Int, headSize: Int, scale: Double? = nil, queryColumn: Int = 0, keyColumn: Int = 0, valueColumn: Int = 0
  ) {
    self.heads = heads
    self.headSize = headSize
    self.scale = scale ?? 1 / Double(headSize).squareRoot()
    self.queryColumn = queryColumn
    self.keyColumn = keyColumn
    self.valueColumn = valueColumn
  }

  /// Columns of the result.
  public var width: Int { heads * headSize }
}

extension Operation {
  /// An operation without its attributes. The raw value is its kernel's name and its rows' in the table of cases.
  public enum Kind: String, CaseIterable, Sendable {
    case embeddingLayerNorm = "embedding_layer_norm"
    case linear
    case biasActivation = "bias_activation"
    case addLayerNorm = "add_layer_norm"
    case layerNorm = "layer_norm"
    case maskedSoftmax = "masked_softmax"
    case attention
    case pooling
    case l2Normalize = "l2_normalize"
  }

  public var kind: Kind {
    switch self {
    case .embeddingLayerNorm: .embeddingLayerNorm
    case .linear: .linear
    case .biasActivation: .biasActivation
    case .addLayerNorm: .addLayerNorm
    case .layerNorm: .layerNorm
    case .maskedSoftmax: .maskedSoftmax
    case .attention: .attention
    case .pooling: .pooling
    case .l2Normalize: .l2Normalize
    }
  }

  /// The operation's name, for errors and kernels.
  public var name: String { kind.rawValue }
}
