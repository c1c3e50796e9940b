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
  /// Operands: x `[M, N]`, bias `[N]`, which may be left out. Result `[M, N]`.
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

  // MARK: In training

  /// `embeddingLayerNorm` without the normalization, which is an operation of its own where its input must be kept.
  ///
  ///     y[t] = word[ids[t]] + type[typeIds[t]] + position[positionIds[t]]
  ///
  /// Operands: those of `embeddingLayerNorm` without weight and bias; see `Embeddings.sumOperands`. Result `[T, H]`.
  case embeddingSum(Embeddings)

  /// Inverted dropout: `y = keep x / (1 - probability)`; see `Dropout` for the draw. Its own backward operation.
  ///
  /// Operands: x of any shape, seed `[2]` int32. Result: x's shape. Source: PyTorch `nn.Dropout`.
  case dropout(Dropout)

  /// `attention` that also writes down what its backward pass needs, and may drop some of its weights.
  ///
  ///     out[t, h] = sum_s keep[t, h, s] p[t, h, s] v[s, h]
  ///     logSumExp[t, h] = log(sum_s exp(scale q[t, h] . k[s, h]))      s over the keys that t sees
  ///
  /// Operands: those of `attention`, and with dropout the seed `[2]` int32. Results `[T, A]` and `[T, N]`; where a query
  /// sees nothing, zeros and minus infinity.
  case trainingAttention(TrainingAttention)

  /// The backward pass of an operation.
  case gradient(GradientOperation)

  /// A part of an optimizer's step.
  case optimizer(OptimizerOperation)
}

/// The label that losses pass over. Source: PyTorch's `ignore_index`.
public let ignoredLabel: Int32 = -100
