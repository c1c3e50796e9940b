// SPDX-License-Identifier: Apache-2.0
// distance_gradient: the gradient of attention_probabilities' embeddings of the distance between query and key, from that
// of its scores.
//
//   state[r] += sum scores[t,h,j] * x      over all h and all t and j with query_positions[t] - key_positions[j] +
//                                          positions - 1 = r;  x = query[t,h] (RELATIVE 1) or query[t,h] + key[j,h] (2)
//
// Shapes     scores [T, heads, keys] float, with the scale; query, key: matrices of the given strides (floats per row), head
//            h in the columns column + h * HEAD_SIZE...; query_offsets [sequences + 1], key_starts, key_ends [sequences] int:
//            sequence b has the query rows query_offsets[b]..<query_offsets[b + 1] and the key rows
//            key_starts[b]..<key_ends[b]; query_positions [T], key_positions [rows of key] int; state [2 * positions - 1,
//            HEAD_SIZE] float
// Defines    HEAD_SIZE, RELATIVE
// Launch     one work-group per row of state: global = (2 * positions - 1) * WG_SIZE, local = WG_SIZE
// Numerics   one fp32 fma chain per element, over sequences, queries, keys and heads in this order, then the state
// Aliasing   none
// Reference  Sources/CPUBackend/Training/AttentionProbabilitiesGradient.swift

#ifndef HEAD_SIZE
#define HEAD_SIZE 64
#endif
#ifndef RELATIVE
#define RELATIVE 1
#endif
#define ITEM_VECTORS ((HEAD_SIZE + WG_SIZE * VECTOR_WIDTH - 1) / (WG_SIZE * VECTOR_WIDTH))

// Whether the keys' positions rise by one: then the key at a position is known, and need not be looked for.
INLINE bool are_consecutive(__global const int *positions, int count) {
  int differing = 0;
  for (int j = 1; j < count; ++j) differing |= positions[j] - positions[0] - j;
  return differing == 0;
}

__kernel void distance_gradient(
    __global const float *scores, __global const float *query, __global const float *key,
    __global const int *query_offsets, __global const int *key_starts, __global const int *key_ends,
    __global const int *query_positions, __global const int *key_positions, __global float *state, int sequences,
    int heads, int keys, int query_stride, int key_stride, int query_column, int key_column, int positions) {
  int distance = (int)get_group_id(0) - (positions - 1);
  VEC sums[ITEM_VECTORS];
  for (int v = 0; v < ITEM_VECTORS; ++v) sums[v] = (VEC)0.0f;
  for (int b = 0; b < sequences; ++b) {
    int start = key_starts[b], count = key_ends[b] - start;
    bool consecutive = are_consecutive(key_positions + start, count);
    for (int t = query_offsets[b]; t < query_offsets[b + 1]; ++t) {
      int wanted = query_positions[t] - distance;
      int guess = consecutive && count > 0 ? wanted - key_positions[start] : 0;
      if (guess < 0) continue;
      for (int j = guess; j < (consecutive ? min(guess + 1, count) : count); ++j) {
        if (key_positions[start + j] != wanted) continue;
        for (int h = 0; h < heads; ++h) {
          VEC score = (VEC)scores[((size_t)t * heads + h) * keys + j];
          __global const float *q = query + (size_t)t * query_stride + query_column + h * HEAD_SIZE;
#if RELATIVE == 2
          __global const float *k = key + (size_t)(start + j) * key_stride + key_column + h * HEAD_SIZE;
#endif
          for (int v = 0; v < ITEM_VECTORS; ++v) {
            int d = (v * WG_SIZE + (int)get_local_id(0)) * VECTOR_WIDTH;
            if (d < HEAD_SIZE) {
              VEC x = load_row(q + d, HEAD_SIZE - d);
#if RELATIVE == 2
              x += load_row(k + d, HEAD_SIZE - d);
#endif
              sums[v] = fma(score, x, sums[v]);
            }
          }
        }
      }
    }
  }
  state += (size_t)get_group_id(0) * HEAD_SIZE;
  for (int v = 0; v < ITEM_VECTORS; ++v) {
    int d = (v * WG_SIZE + (int)get_local_id(0)) * VECTOR_WIDTH;
    if (d < HEAD_SIZE) store_row(load_row(state + d, HEAD_SIZE - d) + sums[v], state + d, HEAD_SIZE - d);
  }
}
