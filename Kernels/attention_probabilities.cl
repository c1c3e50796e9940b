// SPDX-License-Identifier: Apache-2.0
// attention_probabilities: the weights of attention, written out; with masks of their own for each query, and with
// embeddings of the distance between query and key.
//
//   p[t,h,j] = softmax_j(scale * s),   s = query[t,h] . key[j,h]                                      RELATIVE 0
//                                      s = query . (key + e)                                          RELATIVE 1
//                                      s = query . key + (query + key) . e                            RELATIVE 2
//   e = distances[query_positions[t] - key_positions[j] + positions - 1], over the keys j that t sees
//
// Shapes     query, key: matrices of the given strides (floats per row), head h in the columns column + h * HEAD_SIZE...;
//            query_offsets [sequences + 1], key_starts, key_ends [sequences] int: sequence b has the query rows
//            query_offsets[b]..<query_offsets[b + 1] and the key rows key_starts[b]..<key_ends[b]; visible [T, keys] uchar,
//            1 visible, column j the sequence's j-th key; distances [2 * positions - 1, HEAD_SIZE] float; query_positions
//            [T], key_positions [rows of key] int, both in 0..<positions; out [T, heads, keys] float
// Defines    HEAD_SIZE; HAS_MASK (without it visible is not read), RELATIVE (with 0 distances and the positions are not
//            read), CAUSAL: query i of n sees the keys j <= i + m - n of m. What is not read may be any buffer
// Launch     3-D: dim 0 = ceil(longest query sequence / TILE_QUERIES) * WG_SIZE, dim 1 = heads, dim 2 = sequences;
//            local = (WG_SIZE, 1, 1). Blocks past the end of a shorter sequence do nothing
// Numerics   fp32 sums in a fixed order; a hidden key's weight is exactly 0 whatever its score, NaN included; a row that
//            sees nothing is all zeros, and so is what lies behind the sequence's last key
// Measured   (CPU form, 8 x 128, 12 heads of 64, 2 cores, against attention) 1.6 times its time, causal 0.9, RELATIVE 1
//            2.4, RELATIVE 2 2.55; attention_context 0.5. Dense layers of such a batch take 60 times as long
// Aliasing   none
// Reference  Sources/CPUBackend/AttentionProbabilities.swift

#ifndef HEAD_SIZE
#define HEAD_SIZE 64
#endif
#ifndef HAS_MASK
#define HAS_MASK 0
#endif
#ifndef RELATIVE
#define RELATIVE 0
#endif
#ifndef CAUSAL
#define CAUSAL 0
#endif
#ifndef TILE_QUERIES
#define TILE_QUERIES (WG_SIZE == 1 ? 16 : 1)  // queries per work-group, one after the other: they share the head's keys
#endif

// scale * s for the keys j...j + VECTOR_WIDTH - 1 of one query, -infinity for those from `left` on. `key` is the row of
// key j; `distances` the row for a key at position 0; what is behind the last key is not read.
INLINE VEC scores(
    int left, __global const REAL *query, __global const REAL *key, int key_stride, __global const REAL *distances,
    __global const int *key_positions, float scale) {
  VEC sums[VECTOR_WIDTH];
#pragma unroll
  for (int r = 0; r < VECTOR_WIDTH; ++r) {
    int j = min(r, left - 1);
    __global const REAL *k = key + (size_t)j * key_stride;
#if RELATIVE
    __global const REAL *e = distances - (long)key_positions[j] * HEAD_SIZE;
#endif
    sums[r] = (VEC)0.0f;
#pragma unroll
    for (int d = 0; d < HEAD_SIZE; d += VECTOR_WIDTH) {
      VEC x = load_row(query + d, HEAD_SIZE - d);
      VEC y = load_row(k + d, HEAD_SIZE - d);
#if RELATIVE == 1
      y += load_row(e + d, HEAD_SIZE - d);
#elif RELATIVE == 2
      sums[r] = fma(x + y, load_row(e + d, HEAD_SIZE - d), sums[r]);
#endif
      sums[r] = fma(x, y, sums[r]);
    }
  }
  VEC products = sum_rows(sums) * (VEC)scale;
  if (left >= VECTOR_WIDTH) return products;
  float *lanes = (float *)&products;
  for (int i = 0; i < VECTOR_WIDTH; ++i)
    if (i >= left) lanes[i] = -INFINITY;
  return products;
}

#if HAS_MASK
// The scores, with -infinity where the key is hidden.
INLINE VEC hide(VEC scores, __global const uchar *visible, int left) {
  if (left >= VECTOR_WIDTH) return CHOOSE((VEC)-INFINITY, scores, TO_IVEC(LOAD_BYTES(visible)) != (IVEC)0);
  float *lanes = (float *)&scores;
  for (int i = 0; i < VECTOR_WIDTH; ++i)
    if (i < left && !visible[i]) lanes[i] = -INFINITY;
  return scores;
}
#endif

__kernel void attention_probabilities(
    __global const REAL *query, __global const REAL *key, __global const int *query_offsets,
    __global const int *key_starts, __global const int *key_ends, __global const uchar *visible,
    __global const REAL *distances, __global const int *query_positions, __global const int *key_positions,
    __global REAL *out, int heads, int keys, int query_stride, int key_stride, int query_column, int key_column,
    int positions, float scale) {
  SCRATCH(scratch);
  int head = get_group_id(1);
  int sequence = get_group_id(2);
  int first = query_offsets[sequence] + (int)get_group_id(0) * TILE_QUERIES;
  int end = query_offsets[sequence + 1];
  int first_key = key_starts[sequence];
  int count = key_ends[sequence] - first_key;
  key += (size_t)first_key * key_stride + key_column + head * HEAD_SIZE;
  query += query_column + head * HEAD_SIZE;
  key_positions += first_key;
  for (int t = first; t < min(first + TILE_QUERIES, end); ++t) {
    __global REAL *row = out + ((size_t)t * heads + head) * keys;
    __global const REAL *q = query + (size_t)t * query_stride;
    int seen = CAUSAL ? max(count - (end - t) + 1, 0) : count;
    __global const REAL *e = distances;
#if RELATIVE
    e += (size_t)(query_positions[t] + positions - 1) * HEAD_SIZE;
#endif
    VEC largest = (VEC)-INFINITY;
    VEC sums = (VEC)0.0f;
#if HAS_MASK
#define SCORES(j) \
  hide( \
      scores(seen - (j), q, key + (size_t)(j) * key_stride, key_stride, e, key_positions + (j), scale), \
      visible + (size_t)t * keys + (j), seen - (j))
#else
#define SCORES(j) scores(seen - (j), q, key + (size_t)(j) * key_stride, key_stride, e, key_positions + (j), scale)
#endif
#if KEEPS_FLOATS
    FOR_ROW(j, seen) {
      VEC s = SCORES(j);
      store_row(s, row + j, seen - j);
      largest = LARGER(s, largest);
    }
    float m = reduce_max(max_lanes(largest), scratch);
    if (m == -INFINITY) m = 0.0f;  // nothing to see: every weight is exp(-inf) = 0
    FOR_ROW(j, seen) {
      VEC weight = exp_f(load_row_or(row + j, seen - j, -INFINITY) - (VEC)m);
      store_row(weight, row + j, seen - j);
      sums += weight;
    }
    float sum = reduce_sum(sum_lanes(sums), scratch);
    VEC factor = (VEC)(sum == 0.0f ? 0.0f : 1.0f / sum);
    FOR_ROW(j, keys) {
      // Nothing was written behind the last key that is seen, and nothing is read from there.
      VEC weight = (VEC)0.0f;
      if (j < seen) weight = load_row(row + j, seen - j) * factor;
      store_row(weight, row + j, keys - j);
    }
#else
    // Rounded scores are no scores: each is computed once for the sum, which is corrected as the maximum grows, and again
    // for its weight.
    FOR_ROW(j, seen) {
      VEC s = SCORES(j);
      VEC grown = LARGER(s, largest);
      VEC base = CHOOSE(grown, (VEC)0.0f, grown == (VEC)-INFINITY);
      sums = sums * exp_f(largest - base) + exp_f(s - base);
      largest = grown;
    }
    float m = reduce_max(max_lanes(largest), scratch);
    if (m == -INFINITY) m = 0.0f;
    float sum = reduce_sum(sum_lanes(sums * exp_f(largest - (VEC)m)), scratch);
    VEC factor = (VEC)(sum == 0.0f ? 0.0f : 1.0f / sum);
    FOR_ROW(j, keys) {
      VEC weight = (VEC)0.0f;
      if (j < seen) weight = exp_f(SCORES(j) - (VEC)m) * factor;
      store_row(weight, row + j, keys - j);
    }
#endif
  }
}
