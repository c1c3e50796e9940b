// SPDX-License-Identifier: Apache-2.0
// attention_context: the sums of values by weights that attention_probabilities wrote out.
//
//   out[t,h,:] = sum_j probs[t,h,j] value[key_starts + j,h,:]
//
// Shapes     probs [T, heads, keys] float; value a matrix of value_stride floats per row, head h in the columns
//            value_column + h * HEAD_SIZE...; query_offsets [sequences + 1], key_starts, key_ends [sequences] int: sequence
//            b has the rows query_offsets[b]..<query_offsets[b + 1] of probs and the value rows
//            key_starts[b]..<key_ends[b]; out [T, heads * HEAD_SIZE] float
// Defines    HEAD_SIZE
// Launch     3-D: dim 0 = ceil(longest query sequence / TILE_QUERIES) * WG_SIZE, dim 1 = heads, dim 2 = sequences;
//            local = (WG_SIZE, 1, 1). Blocks past the end of a shorter sequence do nothing
// Numerics   one fp32 fma chain per element, j ascending; a sequence without keys gives zeros
// Aliasing   none
// Reference  Sources/CPUBackend/AttentionContext.swift

#ifndef HEAD_SIZE
#define HEAD_SIZE 64
#endif
#ifndef TILE_QUERIES
#define TILE_QUERIES (WG_SIZE == 1 ? 16 : 4)  // queries per work-group: a multiple of ITEM_QUERIES
#endif
#ifndef ITEM_QUERIES
#define ITEM_QUERIES (WG_SIZE == 1 ? 8 : 4)  // rows of the register tile
#endif
#ifndef ITEM_VECTORS
#define ITEM_VECTORS (WG_SIZE == 1 ? 2 : 1)  // its vectors of columns
#endif
#define ITEM_COLUMNS (ITEM_VECTORS * VECTOR_WIDTH)

// V vectors of columns, of which `left` floats are this head's, for `queries` rows of weights; rows beyond repeat the last.
INLINE void add_values(
    const int V, int queries, int left, int count, __global const REAL *probs, int probs_stride,
    __global const REAL *value, int value_stride, __global REAL *out, int out_stride) {
  __global const REAL *row[ITEM_QUERIES];
  VEC sums[ITEM_QUERIES][ITEM_VECTORS];
#pragma unroll
  for (int r = 0; r < ITEM_QUERIES; ++r) {
    row[r] = probs + (size_t)min(r, queries - 1) * probs_stride;
#pragma unroll
    for (int v = 0; v < V; ++v) sums[r][v] = (VEC)0.0f;
  }
#pragma unroll 1
  for (int j = 0; j < count; ++j) {
    VEC x[ITEM_VECTORS];
#pragma unroll
    for (int v = 0; v < V; ++v) x[v] = load_row(value + v * VECTOR_WIDTH, left - v * VECTOR_WIDTH);
    value += value_stride;
#pragma unroll
    for (int r = 0; r < ITEM_QUERIES; ++r)
#pragma unroll
      for (int v = 0; v < V; ++v) sums[r][v] = fma((VEC)load_one(row[r] + j), x[v], sums[r][v]);
  }
#pragma unroll
  for (int r = 0; r < ITEM_QUERIES; ++r)
    if (r < queries)
#pragma unroll
      for (int v = 0; v < V; ++v)
        store_row(sums[r][v], out + (size_t)r * out_stride + v * VECTOR_WIDTH, left - v * VECTOR_WIDTH);
}

__kernel void attention_context(
    __global const REAL *probs, __global const REAL *value, __global const int *query_offsets,
    __global const int *key_starts, __global const int *key_ends, __global REAL *out, int heads, int keys,
    int value_stride, int value_column) {
  int head = get_group_id(1);
  int sequence = get_group_id(2);
  int first = query_offsets[sequence] + (int)get_group_id(0) * TILE_QUERIES;
  int end = min(first + TILE_QUERIES, query_offsets[sequence + 1]);
  int count = key_ends[sequence] - key_starts[sequence];
  value += (size_t)key_starts[sequence] * value_stride + value_column + head * HEAD_SIZE;
  out += head * HEAD_SIZE;
  for (int t = first; t < end; t += ITEM_QUERIES)
    for (int d = (int)get_local_id(0) * ITEM_COLUMNS; d < HEAD_SIZE; d += WG_SIZE * ITEM_COLUMNS) {
      int left = HEAD_SIZE - d;
      __global const REAL *rows = probs + ((size_t)t * heads + head) * keys;
      __global REAL *target = out + (size_t)t * heads * HEAD_SIZE + d;
#define ADD_VALUES(V) \
  add_values(V, end - t, left, count, rows, heads *keys, value + d, value_stride, target, heads *HEAD_SIZE)
      if (left > VECTOR_WIDTH)
        ADD_VALUES(ITEM_VECTORS);
      else
        ADD_VALUES(1);
    }
}
