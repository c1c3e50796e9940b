// SPDX-License-Identifier: Apache-2.0
// attention_context_gradient: the gradient of attention_context's weights; that of its values is query_sums'.
//
//   dp[t,h,j] = dout[t,h] . value[key_starts + j,h], and 0 behind the sequence's last key
//
// Shapes     dout [T, heads * HEAD_SIZE] float; value a matrix of value_stride floats per row, head h in the columns
//            value_column + h * HEAD_SIZE...; query_offsets [sequences + 1], key_starts, key_ends [sequences] int: sequence
//            b has the rows query_offsets[b]..<query_offsets[b + 1] of dout and the value rows
//            key_starts[b]..<key_ends[b]; dp [T, heads, keys] float
// Defines    HEAD_SIZE
// Launch     3-D: dim 0 = ceil(longest query sequence / TILE_QUERIES) * WG_SIZE, dim 1 = heads, dim 2 = sequences;
//            local = (WG_SIZE, 1, 1). Blocks past the end of a shorter sequence do nothing
// Numerics   fp32 sums in a fixed order
// Aliasing   none
// Reference  Sources/CPUBackend/Training/AttentionContextGradient.swift

#ifndef HEAD_SIZE
#define HEAD_SIZE 64
#endif
#ifndef TILE_QUERIES
#define TILE_QUERIES (WG_SIZE == 1 ? 16 : 4)  // queries per work-group, one after the other: they share the head's values
#endif

// Products of x with the rows y, y + y_stride, ...; with the last of `left` rows where there are fewer.
INLINE VEC row_products(__global const float *x, __global const float *y, int y_stride, int left) {
  VEC sums[VECTOR_WIDTH];
#pragma unroll
  for (int r = 0; r < VECTOR_WIDTH; ++r) {
    __global const float *row = y + (size_t)min(r, left - 1) * y_stride;
    sums[r] = (VEC)0.0f;
#pragma unroll
    for (int d = 0; d < HEAD_SIZE; d += VECTOR_WIDTH)
      sums[r] = fma(load_row(x + d, HEAD_SIZE - d), load_row(row + d, HEAD_SIZE - d), sums[r]);
  }
  return sum_rows(sums);
}

__kernel void attention_context_gradient(
    __global const float *dout, __global const float *value, __global const int *query_offsets,
    __global const int *key_starts, __global const int *key_ends, __global float *dp, int heads, int keys,
    int value_stride, int value_column) {
  int head = get_group_id(1);
  int sequence = get_group_id(2);
  int first = query_offsets[sequence] + (int)get_group_id(0) * TILE_QUERIES;
  int end = min(first + TILE_QUERIES, query_offsets[sequence + 1]);
  int count = key_ends[sequence] - key_starts[sequence];
  value += (size_t)key_starts[sequence] * value_stride + value_column + head * HEAD_SIZE;
  for (int t = first; t < end; ++t) {
    __global const float *y = dout + ((size_t)t * heads + head) * HEAD_SIZE;
    __global float *row = dp + ((size_t)t * heads + head) * keys;
    FOR_ROW(j, keys) {
      if (j < count)
        store_row(row_products(y, value + (size_t)j * value_stride, value_stride, count - j), row + j, count - j);
      for (int i = max(count, j); i < min(j + VECTOR_WIDTH, keys); ++i) row[i] = 0.0f;
    }
  }
}
