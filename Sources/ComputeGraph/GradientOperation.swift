// SPDX-License-Identifier: Apache-2.0

/// The backward pass of an operation: from dy, the gradient of the loss with respect to its result, to those of its operands.
///
/// Gradients of parameters are added to a state in place (the first operand, unless said otherwise), so that one state sums
/// over all uses of a parameter and all batches of a step, in the order of the nodes. Letters as in `Operation`.
public enum GradientOperation: Hashable, Sendable {
  /// `dx = dy activation'(x + b)`.
  ///
  /// Operands: dy `[M, N]`, x `[M, N]`, b `[N]`, which may be left out. Result `[M, N]`.
  case activation(Activation)

  /// `dx = dy W + addend`: what a dense layer's input gets.
  ///
  /// Operands: dy `[M, N]`, weight `[N, K]`, addend `[M, K]`, which may be left out: the gradient that x has already.
  /// Result `[M, K]`.
  case linearInput

  /// `dW += dy^T x`. Operands: dW `[N, K]`, a state; dy `[M, N]`, x `[M, K]`. Result: dW afterwards.
  case linearWeight

  /// `db[n] += sum_m dy[m, n]`. Operands: db `[N]`, a state; dy `[M, N]`. Result: db afterwards.
  case bias

  /// With `h = x + residual` and `xhat = (h - mean(h)) / sqrt(var(h) + epsilon)`, recomputed:
  ///
  ///     g = dy weight
  ///     dh = (g - mean(g) - xhat mean(g xhat)) / sqrt(var(h) + epsilon)
  ///     dweight += sum_m dy xhat,   dbias += sum_m dy
  ///
  /// Operands: dy `[M, H]`, x `[M, H]`, residual `[M, H]` where `hasResidual`, weight `[H]`, dweight `[H]` and dbias `[H]`,
  /// both states. Results: dh `[M, H]`, which x and residual both get; dweight and dbias afterwards.
  case layerNorm(epsilon: Double, hasResidual: Bool)

  /// `dx[r, k] = scale p[r, k] (dy[r, k] - sum_j dy[r, j] p[r, j])`.
  ///
  /// Operands: dy `[R, keys]`, p `[R, keys]`, the softmax's result. Result `[R, keys]`.
  case maskedSoftmax(scale: Double)

  /// Backward of `trainingAttention`, its weights recomputed from the log-sum-exp:
  ///
  ///     p = exp(scale q . k - logSumExp),   dp = keep dout . v,   delta[t, h] = dout[t, h] . out[t, h]
  ///     ds = p (dp - delta),   dq = scale sum_s ds k,   dk = scale sum_t ds q,   dv = sum_t keep p dout
  ///
  /// Operands: dout `[T, A]`, out `[T, A]`, logSumExp `[T, N]`, then all of `trainingAttention`. Results: one for each
  /// distinct matrix among query, key and value, of that matrix's type, with each gradient in the columns that its operand
  /// has there, and zeros in all other columns and rows. Within one matrix those columns do not overlap, and no key belongs
  /// to two sequences; see `attentionProbabilities` for those that do.
  case attention(TrainingAttention, Sharing)

  /// Backward of `attentionProbabilities`.
  ///
  ///     ds = p (dp - sum_j p dp),   dq = scale sum_j ds (k + e),   dk = scale sum_t ds (q + e),   de = scale ds (q + k)
  ///
  /// with the terms in e, of dk's and of de's k only where `relativePositions` has them. Operands: dp `[T, N, keys]`, p
  /// `[T, N, keys]`, query, key, query offsets `[B + 1]`, key starts `[B]`, key ends `[B]`; with relative positions E, the
  /// query positions, the key positions, and dE `[2 P - 1, D]`, a state. Results: one for each distinct matrix among query
  /// and key, as in `attention`; with relative positions dE afterwards.
  case attentionProbabilities(AttentionProbabilities, Sharing)

  /// Backward of `attentionContext`: `dp[t, h, j] = dout[t, h] . v[starts + j, h]`, `dv[s, h] = sum_t p[t, h, s] dout[t, h]`.
  ///
  /// Operands: dout `[T, A]`, then all of `attentionContext`. Results: dp `[T, N, keys]`, zero behind a sequence's last key;
  /// dv of the value's type, zeros in other columns and rows.
  case attentionContext(Attention)

  /// `dx[rows[r]] = sum_{starts[r] <= i < starts[r + 1]} dy[order[i]]`, zeros in rows that nothing was gathered from.
  ///
  /// Operands: dy `[R, N]`, and the `Graph.RowGroups` of the ids: rows `[R]`, starts `[R + 1]`, order `[R]` int32. Result
  /// `[rows, N]`.
  case gatherRows(rows: Dimension)

  /// `dtable[rows[r]] += sum_{starts[r] <= i < starts[r + 1]} dy[order[i]]`: an embedding's gradient, each row of the table
  /// summed by one work-group in the order of the tokens.
  ///
  /// Operands: dtable `[V, H]`, a state; dy `[T, H]`, rows `[T]`, starts `[T + 1]`, order `[T]` int32. Result: dtable
  /// afterwards.
  case embedding

  /// Backward of `pooling`; of equal largest components the first token's gets the gradient, as in PyTorch's `max`.
  ///
  /// Operands: dy `[B, modes * H]`, x `[T, H]`, offsets `[B + 1]`. Result `[T, H]`.
  case pooling([PoolingMode])

  /// With `n = max(|x|, epsilon)`: `dx = (dy - y (dy . y)) / n`, and `dy / epsilon` where `|x| < epsilon`.
  ///
  /// Operands: dy `[M, N]`, x `[M, N]`. Result `[M, N]`.
  case l2Normalize(epsilon: Double)

  /// `dx[m, c] = dy[m] (softmax(x[m])[c] - [c = labels[m]])`; zeros where the label is -100.
  ///
  /// Operands: dy `[M]`, logits `[M, C]`, labels `[M]`. Result `[M, C]`.
  case crossEntropy

  /// The same over the rows of each sequence in one column, zeros in the others.
  ///
  /// Operands: dy `[B]`, logits `[T, C]`, offsets `[B + 1]`, labels `[B]`. Result `[T, C]`.
  case segmentCrossEntropy(column: Int)

  /// `dx = 2 dy (x - target)`. Operands: dy, x and target `[M, C]`. Result `[M, C]`.
  case squaredError

  /// `dx = dy (1 / (1 + exp(-x)) - target)`. Operands: dy, x and target `[M, C]`. Result `[M, C]`.
  case binaryCrossEntropy

  /// `dx = dy / count`, zeros where the label is -100; NaN everywhere where all are, as the mean was.
  ///
  /// Operands: dy `[1]`, x `[M]` or `[M, C]`, of which only the shape counts, and labels `[M]` or nothing. Result: x's shape.
  case mean

  /// Which result holds the gradient of each of an attention's matrices: operands that are one value share one.
  public struct Sharing: Hashable, Sendable {
    public let query: Int
    public let key: Int
    /// Not used by `attentionProbabilities`.
    public let value: Int

    public init(query: Int, key: Int, value: Int) {
      self.query = query
      self.key = key
      self.value = value
    }

    /// For values that a graph holds.
    init(_ query: Graph.Value, _ key: Graph.Value, _ value: Graph.Value? = nil) {
      let first = [query, key] + (value.map { [$0] } ?? [])
      var distinct: [Graph.Value] = []
      let places = first.map { value in
        if let known = distinct.firstIndex(of: value) { return known }
        distinct.append(value)
        return distinct.count - 1
      }
      self.init(query: places[0], key: places[1], value: places[places.count - 1])
    }
  }
}
