// SPDX-License-Identifier: Apache-2.0
// masked_softmax: softmax over the keys of each attention row; hidden keys get weight 0.
//
//   probs[r,k] = exp(scale * x[r,k] - m) / sum_k exp(scale * x[r,k] - m)      m = largest visible scale * x[r,k]
//
// Shapes     scores x, probs [rows, keys] float, row-major; visible [batch, keys] uchar, 1 visible, batch = row /
//            rows_per_batch
// Launch     one work-group per row: global = rows * WG_SIZE, local = WG_SIZE
// Numerics   fp32 sums in a fixed order; a hidden key's probability is exactly 0 whatever its score, NaN included; a row
//            with no visible key is all zeros, never NaN
// Aliasing   probs may be scores
// Reference  Sources/CPUBackend/MaskedSoftmax.swift

// scale * x where the key is visible, -infinity where it is hidden or past the row's end.
INLINE VEC visible_scores(__global const REAL *x, __global const uchar *visible, int left, float scale) {
  float hidden = -INFINITY;
  if (left >= VECTOR_WIDTH) return CHOOSE((VEC)hidden, LOAD(x) * (VEC)scale, TO_IVEC(LOAD_BYTES(visible)) != (IVEC)0);
  VEC v;
  float *lanes = (float *)&v;
  for (int i = 0; i < VECTOR_WIDTH; ++i) lanes[i] = i < left && visible[i] ? load_one(x + i) * scale : hidden;
  return v;
}

__kernel void masked_softmax(
    __global const REAL *scores, __global const uchar *visible, __global REAL *probs, int rows, int keys,
    int rows_per_batch, float scale) {
  SCRATCH(scratch);
  int row = get_group_id(0);
  scores += (size_t)row * keys;
  probs += (size_t)row * keys;
  visible += (size_t)(row / rows_per_batch) * keys;
  VEC largest = (VEC)-INFINITY;
  FOR_ROW(k, keys) {
    VEC score = visible_scores(scores + k, visible + k, keys - k, scale);
    largest = LARGER(score, largest);
  }
  float m = reduce_max(max_lanes(largest), scratch);
  if (m == -INFINITY) m = 0.0f;  // nothing to see: every weight is exp(-inf) = 0
  VEC sums = (VEC)0.0f;
  FOR_ROW(k, keys) {
    VEC weight = exp_f(visible_scores(scores + k, visible + k, keys - k, scale) - (VEC)m);
    if (KEEPS_FLOATS) store_row(weight, probs + k, keys - k);
    sums += weight;
  }
  float sum = reduce_sum(sum_lanes(sums), scratch);
  VEC factor = (VEC)(sum == 0.0f ? 0.0f : 1.0f / sum);
  FOR_ROW(k, keys) {
    // Not what was rounded when it was stored.
    VEC weight = KEEPS_FLOATS ? load_row(probs + k, keys - k)
                              : exp_f(visible_scores(scores + k, visible + k, keys - k, scale) - (VEC)m);
    store_row(weight * factor, probs + k, keys - k);
  }
}
