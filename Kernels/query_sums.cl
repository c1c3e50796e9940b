// SPDX-License-Identifier: Apache-2.0
// query_sums: for each key the weighted sum of what its queries have: the gradients of attention_context's values and of
// attention_probabilities' keys.
//
//   out[s,h,:] += sum_t weights[t,h,s - key_starts] * (x[t,h,:] + e)      t over the queries of every sequence that has s
//   e = distances[query_positions[t] - key_positions[s] + positions - 1] where RELATIVE, else 0
//
// Shapes     weights [T, heads, keys] float; x and out matrices of the given strides (floats per row), head h in the columns
//            column + h * HEAD_SIZE...; query_offsets [sequences + 1], key_starts, key_ends [sequences] int: sequence b has
//            the rows query_offsets[b]..<query_offsets[b + 1] of weights and x, and the rows key_starts[b]..<key_ends[b] of
//            out; distances [2 * positions - 1, HEAD_SIZE] float; query_positions [T], key_positions [rows] int
// Defines    HEAD_SIZE; RELATIVE (default 0: distances and the positions are not read and may be any buffer)
// Launch     2-D: dim 0 = ceil(rows / TILE_KEYS) * WG_SIZE, dim 1 = heads; local = (WG_SIZE, 1). Any sequences may share keys
// Numerics   one fp32 fma chain per element and sequence, t ascending; the sums in the order of the sequences
// Aliasing   none
// Reference  Sources/CPUBackend/Training/AttentionContextGradient.swift

#ifndef HEAD_SIZE
#define HEAD_SIZE 64
#endif
#ifndef RELATIVE
#define RELATIVE 0
#endif
#ifndef TILE_KEYS
#define TILE_KEYS (WG_SIZE == 1 ? 16 : 4)  // keys per work-group: a multiple of ITEM_KEYS
#endif
#ifndef ITEM_KEYS
#define ITEM_KEYS (WG_SIZE == 1 ? 8 : 4)  // rows of the register tile
#endif
#ifndef ITEM_VECTORS
#define ITEM_VECTORS (WG_SIZE == 1 ? 2 : 1)  // its vectors of columns
#endif
#define ITEM_COLUMNS (ITEM_VECTORS * VECTOR_WIDTH)

// V vectors of columns, of which `left` floats are this head's, for `keys` rows of out from the one at `out` on, summed over
// the queries first..<end; weights beyond repeat the last key's. `e` is the row of distances for positions 0 and 0.
INLINE void add_queries(
    const int V, int keys, int left, int first, int end, __global const float *weights, size_t weights_stride,
    __global const float *x, int x_stride, __global const float *e, __global const int *query_positions,
    __global const int *key_positions, __global float *out, int out_stride) {
  VEC sums[ITEM_KEYS][ITEM_VECTORS];
#pragma unroll
  for (int r = 0; r < ITEM_KEYS; ++r)
#pragma unroll
    for (int v = 0; v < V; ++v) sums[r][v] = (VEC)0.0f;
#pragma unroll 1
  for (int t = first; t < end; ++t) {
    VEC y[ITEM_VECTORS];
#pragma unroll
    for (int v = 0; v < V; ++v)
      y[v] = load_row(x + (size_t)t * x_stride + v * VECTOR_WIDTH, left - v * VECTOR_WIDTH);
    __global const float *weight = weights + (size_t)t * weights_stride;
#pragma unroll
    for (int r = 0; r < ITEM_KEYS; ++r) {
      int key = min(r, keys - 1);
#if RELATIVE
      __global const float *distance = e + (long)(query_positions[t] - key_positions[key]) * HEAD_SIZE;
#endif
#pragma unroll
      for (int v = 0; v < V; ++v) {
#if RELATIVE
        VEC term = y[v] + load_row(distance + v * VECTOR_WIDTH, left - v * VECTOR_WIDTH);
#else
        VEC term = y[v];
#endif
        sums[r][v] = fma((VEC)weight[key], term, sums[r][v]);
      }
    }
  }
#pragma unroll
  for (int r = 0; r < ITEM_KEYS; ++r)
    if (r < keys)
#pragma unroll
      for (int v = 0; v < V; ++v) {
        __global float *target = out + (size_t)r * out_stride + v * VECTOR_WIDTH;
        int rest = left - v * VECTOR_WIDTH;
        store_row(load_row(target, rest) + sums[r][v], target, rest);
      }
}

__kernel void query_sums(
    __global const float *weights, __global const float *x, __global const int *query_offsets,
    __global const int *key_starts, __global const int *key_ends, __global const float *distances,
    __global const int *query_positions, __global const int *key_positions, __global float *out, int rows,
    int sequences, int heads, int keys, int x_stride, int out_stride, int x_column, int out_column, int positions) {
  int head = get_group_id(1);
  int first_row = (int)get_group_id(0) * TILE_KEYS;
  int end_row = min(first_row + TILE_KEYS, rows);
  x += x_column + head * HEAD_SIZE;
  out += out_column + head * HEAD_SIZE;
  weights += (size_t)head * keys;
  __global const float *e = RELATIVE ? distances + (size_t)(positions - 1) * HEAD_SIZE : distances;
  for (int b = 0; b < sequences; ++b) {
    int start = key_starts[b];
    int end = min(end_row, key_ends[b]);
    for (int s = max(first_row, start); s < end; s += ITEM_KEYS)
      for (int d = (int)get_local_id(0) * ITEM_COLUMNS; d < HEAD_SIZE; d += WG_SIZE * ITEM_COLUMNS) {
        int left = HEAD_SIZE - d;
#define ADD_QUERIES(V) \
  add_queries( \
      V, end - s, left, query_offsets[b], query_offsets[b + 1], weights + (s - start), (size_t)heads * keys, x + d, \
      x_stride, e + d, query_positions, key_positions + s, out + (size_t)s * out_stride + d, out_stride)
        if (left > VECTOR_WIDTH)
          ADD_QUERIES(ITEM_VECTORS);
        else
          ADD_QUERIES(1);
      }
  }
}
