// SPDX-License-Identifier: Apache-2.0
// attention_probabilities_gradient: the gradient of attention_probabilities' queries, from that of its scores
// (masked_softmax_gradient's); that of the keys is query_sums', that of the distances distance_gradient's.
//
//   out[t,h,:] += sum_j scores[t,h,j] * (key[key_starts + j,h,:] + e)
//   e = distances[query_positions[t] - key_positions[j] + positions - 1] where RELATIVE, else 0
//
// Shapes     scores [T, heads, keys] float, with the scale; key and out matrices of the given strides (floats per row), head
//            h in the columns column + h * HEAD_SIZE...; query_offsets [sequences + 1], key_starts, key_ends [sequences] int:
//            sequence b has the rows query_offsets[b]..<query_offsets[b + 1] of scores and out, and the rows
//            key_starts[b]..<key_ends[b] of key; distances [2 * positions - 1, HEAD_SIZE] float; query_positions [T],
//            key_positions [rows of key] int
// Defines    HEAD_SIZE; RELATIVE (default 0: distances and the positions are not read and may be any buffer)
// Launch     3-D: dim 0 = ceil(longest query sequence / TILE_QUERIES) * WG_SIZE, dim 1 = heads, dim 2 = sequences;
//            local = (WG_SIZE, 1, 1). Blocks past the end of a shorter sequence do nothing
// Numerics   one fp32 fma chain per element, j ascending
// Aliasing   none
// Reference  Sources/CPUBackend/Training/AttentionProbabilitiesGradient.swift

#ifndef HEAD_SIZE
#define HEAD_SIZE 64
#endif
#ifndef RELATIVE
#define RELATIVE 0
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

// V vectors of columns, of which `left` floats are this head's, for `queries` rows of scores and out; rows beyond repeat the
// last. `e` is the row of distances for positions 0 and 0.
INLINE void add_keys(
    const int V, int queries, int left, int count, __global const float *scores, int scores_stride,
    __global const float *key, int key_stride, __global const float *e, __global const int *query_positions,
    __global const int *key_positions, __global float *out, int out_stride) {
  __global const float *row[ITEM_QUERIES];
  VEC sums[ITEM_QUERIES][ITEM_VECTORS];
#pragma unroll
  for (int r = 0; r < ITEM_QUERIES; ++r) {
    row[r] = scores + (size_t)min(r, queries - 1) * scores_stride;
#pragma unroll
    for (int v = 0; v < V; ++v) sums[r][v] = (VEC)0.0f;
  }
#pragma unroll 1
  for (int j = 0; j < count; ++j) {
    VEC y[ITEM_VECTORS];
#pragma unroll
    for (int v = 0; v < V; ++v)
      y[v] = load_row(key + (size_t)j * key_stride + v * VECTOR_WIDTH, left - v * VECTOR_WIDTH);
#pragma unroll
    for (int r = 0; r < ITEM_QUERIES; ++r) {
#if RELATIVE
      __global const float *distance =
          e + (long)(query_positions[min(r, queries - 1)] - key_positions[j]) * HEAD_SIZE;
#endif
#pragma unroll
      for (int v = 0; v < V; ++v) {
#if RELATIVE
        VEC term = y[v] + load_row(distance + v * VECTOR_WIDTH, left - v * VECTOR_WIDTH);
#else
        VEC term = y[v];
#endif
        sums[r][v] = fma((VEC)row[r][j], term, sums[r][v]);
      }
    }
  }
#pragma unroll
  for (int r = 0; r < ITEM_QUERIES; ++r)
    if (r < queries)
#pragma unroll
      for (int v = 0; v < V; ++v) {
        __global float *target = out + (size_t)r * out_stride + v * VECTOR_WIDTH;
        int rest = left - v * VECTOR_WIDTH;
        store_row(load_row(target, rest) + sums[r][v], target, rest);
      }
}

__kernel void attention_probabilities_gradient(
    __global const float *scores, __global const float *key, __global const int *query_offsets,
    __global const int *key_starts, __global const int *key_ends, __global const float *distances,
    __global const int *query_positions, __global const int *key_positions, __global float *out, int heads, int keys,
    int key_stride, int out_stride, int key_column, int out_column, int positions) {
  int head = get_group_id(1);
  int sequence = get_group_id(2);
  int first = query_offsets[sequence] + (int)get_group_id(0) * TILE_QUERIES;
  int end = min(first + TILE_QUERIES, query_offsets[sequence + 1]);
  int start = key_starts[sequence];
  int count = key_ends[sequence] - start;
  key += (size_t)start * key_stride + key_column + head * HEAD_SIZE;
  out += out_column + head * HEAD_SIZE;
  __global const float *e = RELATIVE ? distances + (size_t)(positions - 1) * HEAD_SIZE : distances;
  for (int t = first; t < end; t += ITEM_QUERIES)
    for (int d = (int)get_local_id(0) * ITEM_COLUMNS; d < HEAD_SIZE; d += WG_SIZE * ITEM_COLUMNS) {
      int left = HEAD_SIZE - d;
#define ADD_KEYS(V) \
  add_keys( \
      V, end - t, left, count, scores + ((size_t)t * heads + head) * keys, heads *keys, key + d, key_stride, e + d, \
      query_positions + t, key_positions + start, out + (size_t)t * out_stride + d, out_stride)
      if (left > VECTOR_WIDTH)
        ADD_KEYS(ITEM_VECTORS);
      else
        ADD_KEYS(1);
    }
}
