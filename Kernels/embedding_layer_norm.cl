// SPDX-License-Identifier: Apache-2.0
// embedding_layer_norm: the embeddings of each token, added and normalised.
//
//   h[t] = word[ids[t]] + type[type_ids[t]] + position[position_ids[t]]
//   out[t] = (h - mean(h)) / sqrt(var(h) + epsilon) * weight + bias          (biased variance, per row)
//
// Shapes     word [V, H], position [P, H], type [Y, H], weight, bias [H] float; the three id lists [T] int; out [T, H]
// Defines    HAS_WORD_IDS: with 0 word is [T, H], a row a token, and ids is not read; HAS_POSITIONS: with 0 position and
//            position_ids are not read. What is not read may be any buffer
// Launch     one work-group per row: global = rows * WG_SIZE, local = WG_SIZE
// Numerics   fp32 sums in a fixed order, the mean first and then the centred squares
// Requires   every id within its table: the host checks
// Aliasing   none
// Reference  Sources/CPUBackend/EmbeddingLayerNorm.swift

#ifndef HAS_WORD_IDS
#define HAS_WORD_IDS 1
#endif
#ifndef HAS_POSITIONS
#define HAS_POSITIONS 1
#endif

__kernel void embedding_layer_norm(
    __global const REAL *word, __global const REAL *position, __global const REAL *type,
    __global const REAL *weight, __global const REAL *bias, __global const int *ids,
    __global const int *position_ids, __global const int *type_ids, __global REAL *out, int rows, int hidden,
    float epsilon) {
  SCRATCH(scratch);
  int row = get_group_id(0);
  word += (size_t)(HAS_WORD_IDS ? ids[row] : row) * hidden;
#if HAS_POSITIONS
  position += (size_t)position_ids[row] * hidden;
#endif
  type += (size_t)type_ids[row] * hidden;
  out += (size_t)row * hidden;
  // out holds h between the passes, unless it would round it; each work-item reads back only what it wrote.
  VEC sums = (VEC)0.0f;
  FOR_ROW(i, hidden) {
    int left = hidden - i;
    VEC h = load_row(word + i, left) + load_row(type + i, left);
#if HAS_POSITIONS
    h += load_row(position + i, left);
#endif
    if (KEEPS_FLOATS) store_row(h, out + i, left);
    sums += h;
  }
  float mean = reduce_sum(sum_lanes(sums), scratch) / (float)hidden;
  normalize_row(
      KEEPS_FLOATS ? 1 : 2 + HAS_POSITIONS, KEEPS_FLOATS ? out : word, type, position, mean, weight, bias, out, hidden,
      epsilon WITH_SCRATCH);
}
