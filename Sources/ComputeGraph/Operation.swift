// SPDX-License-Identifier: Apache-2.0

/// Everything a graph can compute. Closed, so that each executor's `switch` is exhaustive and none forgets a case.
///
/// Operands are listed in the order in which a node holds them, which is the order of the kernel's arguments.
/// T packed tokens, B sequences, H hidden, N heads, D head size, A = N * D, K depth or keys, C classes, M rows.
public enum Operation: Hashable, Sendable {
  /// Sum of embeddings, normalized; see `Embeddings` for what may be left out.
  ///
  ///     y[t] = layerNorm(word[ids[t]] + type[typeIds[t]] + position[positionIds[t]]) * weight + bias
  ///
  /// Operands: word `[V, H]` (or the words' embeddings themselves `[T, H]`), position `[P, H]`, type `[Y, H]`, weight
  /// `[H]`, bias `[H]`, ids, position ids and type ids `[T]` int32. Result `[T, H]`. An id outside its table is the
  /// caller's error, found before the run.
  case embeddingLayerNorm(Embeddings)

  /// `y = activation(x W^T + b)`.
  ///
  /// Operands: x `[M, K]`, weight `[N, K]` (as checkpoints store it), bias `[N]`, which may be left out. Result `[M, N]`.
  case linear(activation: Activation)

  /// `y = activation(x + b)`: the epilogue of a product that a foreign library computed.
  ///
  /// Operands: x `[M, N]`, bias `[N]`. Result `[M, N]`.
  case biasActivation(Activation)

  /// Two dense layers, a chunk of rows at a time, so that the wide intermediate exists for one chunk only.
  ///
  ///     y = activation(x W1^T + b1) W2^T + b2
  ///
  /// A chunk is `chunk` rows for each sequence of the batch. Operands: x `[T, H]`, W1 `[I, H]`, b1 `[I]`, W2 `[O, I]`, b2
  /// `[O]`. Result `[T, O]`. Source: Hugging Face `apply_chunking_to_forward`.
  case feedForward(activation: Activation, chunk: Int)

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

  /// Attention of each packed sequence's queries over its keys.
  ///
  ///     out[t, h] = sum_s softmax_s(scale q[t, h] . k[s, h]) v[s, h]      s over the keys of t's sequence
  ///
  /// Where `isCausal`, the i-th of n queries sees the first `keys - n + i + 1` keys alone. Operands: query, key and value
  /// matrices (the same value thrice where one product made all three), query offsets `[B + 1]`, key starts `[B]` and key
  /// ends `[B]` int32: sequence b has the keys in rows `starts[b] ..< ends[b]`. Result `[T, A]`. Source:
  /// arXiv:1706.03762, 3.2.
  case attention(Attention)

  /// The weights of attention, written out: what `attention` keeps to itself, and the only form for relative positions
  /// and masks of their own for each query.
  ///
  ///     p[t, h, j] = softmax_j(scale (q[t, h] . k[j, h] + q[t, h] . e + k[j, h] . e)),   e = E[pq[t] - pk[j] + P - 1]
  ///
  /// where `relativePositions` says which of the terms with e there are. Operands: query, key, query offsets `[B + 1]`,
  /// key starts `[B]`, key ends `[B]`; with `hasMask`, visible `[T, keys]` uint8, whose column j is the sequence's j-th
  /// key; with relative positions E `[2 P - 1, D]`, pq `[T]` and pk `[rows of key]` int32, both in `0 ..< P`. Result
  /// `[T, N, keys]`, zero behind a sequence's last key; a row that sees nothing is all zeros. Source: arXiv:1803.02155,
  /// arXiv:2009.13658; Hugging Face `BertSelfAttention`.
  case attentionProbabilities(AttentionProbabilities)

  /// `out[t, h] = sum_j p[t, h, j] v[starts + j, h]`, the other half of `attention`.
  ///
  /// Operands: p `[T, N, keys]`, value, query offsets `[B + 1]`, key starts `[B]`, key ends `[B]`. Result `[T, A]`.
  case attentionContext(Attention)

  /// `y[m, h, i] = x[m, h, i] factors[h]`: a head mask. Operands: x `[M, N * D]` or `[M, N, keys]`, factors `[N]`.
  case scaleHeads(heads: Int)

  /// `y[r] = x[rows[r]]`. Operands: x `[M, N]`, rows `[R]` int32. Result `[R, N]`.
  case gatherRows

  /// `state[rows[m]] = x[m, column ..< column + N]`, in place: the result is the state, afterwards.
  ///
  /// Operands: state `[C, N]`, x `[M, at least column + N]`, rows `[M]` int32, no row twice. Result `[C, N]`.
  case storeRows(column: Int)

  /// One vector a sequence; with several modes, their vectors side by side.
  ///
  /// Operands: x `[T, H]`, offsets `[B + 1]` int32. Result `[B, modes * H]`. A sequence of no tokens gives zeros.
  case pooling([PoolingMode])

  /// `y = x / max(|x|, epsilon)`, per row. Operand: x `[M, N]`. Result `[M, N]`.
  case l2Normalize(epsilon: Double)

  /// `y[m] = log(sum_c exp x[m, c]) - x[m, labels[m]]`; 0 where the label is -100.
  ///
  /// Operands: logits `[M, C]`, labels `[M]` int32, each -100 or in `0 ..< C`. Result `[M]`.
  case crossEntropy

  /// Cross entropy over the rows of each sequence, in one column of the logits.
  ///
  ///     y[b] = log(sum_t exp x[t, column]) - x[offsets[b] + labels[b], column]      t over the rows of sequence b
  ///
  /// Operands: logits `[T, C]`, offsets `[B + 1]`, labels `[B]` int32, each -100 (which gives 0) or a row of its sequence,
  /// counted from the sequence's first. Result `[B]`.
  case segmentCrossEntropy(column: Int)

  /// `y = (x - target)^2`, elementwise. Operands: x `[M, C]`, target `[M, C]`. Result `[M, C]`.
  case squaredError

  /// `y = max(x, 0) - x target + log(1 + exp(-|x|))`, elementwise: binary cross entropy with logits.
  ///
  /// Operands: x `[M, C]`, target `[M, C]`. Result `[M, C]`.
  case binaryCrossEntropy

  /// The mean of all elements; with labels, of those whose label is not -100, and NaN where there is none.
  ///
  /// Operands: x `[M]` or `[M, C]`, and labels `[M]` int32 or nothing. Result `[1]`.
  case mean

  /// `y = sum_i weights[i] x_i`. Operands: as many tensors of one shape as there are weights. Result: that shape.
  case weightedSum([Double])
}

/// Which embeddings `embeddingLayerNorm` adds. What is left out leaves its table and its ids out of the operands.
public struct Embeddings: Hashable, Sendable {
  public let epsilon: Double
  /// Whether words are looked up; else the first operand is `[T, H]`, a row a token, and there are no ids.
  public let hasWordIds: Bool
  /// Whether absolute positions are added.
  public let hasPositions: Bool

  public init(epsilon: Double, hasWordIds: Bool = true, hasPositions: Bool = true) {
    self.epsilon = epsilon
    self.hasWordIds = hasWordIds
    self.hasPositions = hasPositions
  }

  /// Where each operand is; nil for those that are left out.
  public struct Operands: Sendable {
    public let word = 0
    public let position: Int?
    public let type: Int
    public let weight: Int
    public let bias: Int
    public let wordIds: Int?
    public let positionIds: Int?
    public let typeIds: Int
    public let count: Int
  }

  public var operands: Operands {
    let type = hasPositions ? 2 : 1
    let ids = type + 3
    let positionIds = ids + (hasWordIds ? 1 : 0)
    let typeIds = positionIds + (hasPositions ? 1 : 0)
    return Operands(
      position: hasPositions ? 1 : nil, type: type, weight: type + 1, bias: type + 2, wordIds: hasWordIds ? ids : nil,
      positionIds: hasPositions ? positionIds : nil, typeIds: typeIds, count: typeIds + 1)
  }
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
  /// Whether a query sees no key behind its own place, counted from the sequence's end.
  public let isCausal: Bool

  public init(
    heads: Int, headSize: Int, scale: Double? = nil, queryColumn: Int = 0, keyColumn: Int = 0, valueColumn: Int = 0,
    isCausal: Bool = false
  ) {
    self.heads = heads
    self.headSize = headSize
    self.scale = scale ?? 1 / Double(headSize).squareRoot()
    self.queryColumn = queryColumn
    self.keyColumn = keyColumn
    self.valueColumn = valueColumn
    self.isCausal = isCausal
  }

  /// Columns of the result.
  public var width: Int { heads * headSize }
}

/// Attention weights that are written out.
public struct AttentionProbabilities: Hashable, Sendable {
  /// Which terms with an embedding of the distance there are, beside q . k.
  public enum RelativePositions: Hashable, Sendable {
    /// q . e
    case key
    /// q . e + k . e
    case keyQuery
  }

  /// Heads and columns; the value's column is not used.
  public let attention: Attention
  /// Keys of the longest sequence: the last extent of the result.
  public let keys: Symbol
  /// Whether there is a mask of its own for each query.
  public let hasMask: Bool
  public let relativePositions: RelativePositions?

  public init(
    _ attention: Attention, keys: Symbol, hasMask: Bool = false, relativePositions: RelativePositions? = nil
  ) {
    self.attention = attention
    self.keys = keys
    self.hasMask = hasMask
    self.relativePositions = relativePositions
  }

  /// Index of the operand E, behind which the two position tables follow.
  public var distanceOperand: Int { hasMask ? 6 : 5 }
}

/// The label that losses pass over. Source: PyTorch's `ignore_index`.
public let ignoredLabel: Int32 = -100

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
    case feedForward = "feed_forward"
    case attentionProbabilities = "attention_probabilities"
    case attentionContext = "attention_context"
    case scaleHeads = "scale_heads"
    case gatherRows = "gather_rows"
    case storeRows = "store_rows"
    case crossEntropy = "cross_entropy"
    case segmentCrossEntropy = "segment_cross_entropy"
    case squaredError = "squared_error"
    case binaryCrossEntropy = "binary_cross_entropy"
    case mean
    case weightedSum = "weighted_sum"
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
    case .feedForward: .feedForward
    case .attentionProbabilities: .attentionProbabilities
    case .attentionContext: .attentionContext
    case .scaleHeads: .scaleHeads
    case .gatherRows: .gatherRows
    case .storeRows: .storeRows
    case .crossEntropy: .crossEntropy
    case .segmentCrossEntropy: .segmentCrossEntropy
    case .squaredError: .squaredError
    case .binaryCrossEntropy: .binaryCrossEntropy
    case .mean: .mean
    case .weightedSum: .weightedSum
    }
  }

  /// The operation's name, for errors and kernels.
  public var name: String { kind.rawValue }
}
