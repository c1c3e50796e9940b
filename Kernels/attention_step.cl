// SPDX-License-Identifier: Apache-2.0
// attention_step: attention on CPU devices where no sequence has more than one query, as when text is generated with a
// cache. What attention.cl computes, to the bit, but with keys in the lanes of the scores and columns in those of the sums:
// there a lone query fills one lane of sixteen.
//
//   out[t,h,:] = sum_j p[j] value[j,h,:],   p = softmax_j(scale * query[t,h,:] . key[j,h,:])
//
// Shapes     as in attention.cl. A lone query sees all keys, causal or not
// Defines    HEAD_SIZE
// Launch     3-D: dim 0 = 1, dim 1 = heads, dim 2 = sequences; local = (1, 1, 1)
// Numerics   as in attention.cl: an fma chain over the columns for each score, and over the keys for each element of the
//            result, with a correction every TILE_KEYS keys
// Measured   (one query over 512 keys, 12 heads of 64, 2 cores, time of attention.cl) 16 lanes 3.5 times, 8 lanes 2.2
// Aliasing   none
// Reference  Sources/CPUBackend/Attention.swift

#ifndef HEAD_SIZE
#define HEAD_SIZE 64
#endif
#ifndef TILE_KEYS
#define TILE_KEYS 64  // as in attention.cl: a multiple of 16
#endif
#define LOG2_E 1.44269504f
#define LOWEST (-3.402823466e+38f)
#define HEAD_VECTORS ((HEAD_SIZE + VECTOR_WIDTH - 1) / VECTOR_WIDTH)

// key[j] . query for the VECTOR_WIDTH keys from `key` on; those from `count` on repeat the last.
INLINE VEC score_keys(int count, __global const REAL *key, int key_stride, const float query[HEAD_SIZE]) {
  VEC sums = (VEC)0.0f;
#pragma unroll 1
  for (int d = 0; d < HEAD_SIZE; d += VECTOR_WIDTH) {
    VEC square[VECTOR_WIDTH];
#pragma unroll
    for (int i = 0; i < VECTOR_WIDTH; ++i)
      square[i] = load_row(key + (size_t)(i < count ? i : count - 1) * key_stride + d, HEAD_SIZE - d);
    transpose(square);
#pragma unroll
    for (int i = 0; i < VECTOR_WIDTH; ++i)
      if (d + i < HEAD_SIZE) sums = fma(square[i], (VEC)query[d + i], sums);
  }
  return sums;
}

__kernel void attention_step(
    __global const REAL *query, __global const REAL *key, __global const REAL *value,
    __global const int *query_offsets, __global const int *key_starts, __global const int *key_ends,
    __global REAL *out, int sequences, int heads, int query_stride, int key_stride, int value_stride, int out_stride,
    int query_column, int key_column, int value_column, float scale) {
  int column = (int)get_group_id(1) * HEAD_SIZE;
  int sequence = get_group_id(2);
  int row = query_offsets[sequence];
  if (query_offsets[sequence + 1] > row) {
    int first_key = key_starts[sequence];
    int keys = key_ends[sequence] - first_key;
    query += (size_t)row * query_stride + query_column + column;
    key += (size_t)first_key * key_stride + key_column + column;
    value += (size_t)first_key * value_stride + value_column + column;
    out += (size_t)row * out_stride + column;
    float q[HEAD_SIZE];
    for (int d = 0; d < HEAD_SIZE; ++d) q[d] = load_one(query + d) * (scale * LOG2_E);
    VEC totals[HEAD_VECTORS];
    for (int v = 0; v < HEAD_VECTORS; ++v) totals[v] = (VEC)0.0f;
    VEC largest = (VEC)LOWEST;  // the same in all lanes
    float sum = 0.0f;
    for (int start = 0; start < keys; start += TILE_KEYS) {
      int count = min(TILE_KEYS, keys - start);
      VEC weights[TILE_KEYS / VECTOR_WIDTH];
      VEC m = largest;
      for (int j = 0; j < count; j += VECTOR_WIDTH) {
        VEC scores = score_keys(count - j, key + (size_t)(start + j) * key_stride, key_stride, q);
        weights[j / VECTOR_WIDTH] = scores;
        m = LARGER(scores, m);
      }
      m = (VEC)max_lanes(m);
      VEC correction = exp2_f(largest - m);
      largest = m;
      sum *= *(const float *)&correction;
      for (int j = 0; j < count; j += VECTOR_WIDTH)
        weights[j / VECTOR_WIDTH] = exp2_f(weights[j / VECTOR_WIDTH] - largest);
      const float *weight = (const float *)weights;
      for (int v = 0; v < HEAD_VECTORS; ++v) totals[v] *= correction;
      __global const REAL *rows = value + (size_t)start * value_stride;
#pragma unroll 1
      for (int j = 0; j < count; ++j) {
        sum += weight[j];
#pragma unroll
        for (int v = 0; v < HEAD_VECTORS; ++v) {
          int d = v * VECTOR_WIDTH;
          totals[v] = fma(load_row(rows + d, HEAD_SIZE - d), (VEC)weight[j], totals[v]);
        }
        rows += value_stride;
      }
    }
    VEC factor = (VEC)(keys > 0 ? 1.0f / sum : 0.0f);
    for (int v = 0; v < HEAD_VECTORS; ++v)
      store_row(totals[v] * factor, out + v * VECTOR_WIDTH, HEAD_SIZE - v * VECTOR_WIDTH);
  }
}
