// SPDX-License-Identifier: Apache-2.0
// embedding_sum: the embeddings of each token, added: embedding_layer_norm for training, where the sum is kept.
//
//   out[t] = word[ids[t]] + type[type_ids[t]] + position[position_ids[t]]
//
// Shapes     word [V, H], position [P, H], type [Y, H] float; the three id lists [T] int; out [T, H]
// Defines    HAS_WORD_IDS: with 0 word is [T, H], a row a token, and ids is not read; HAS_POSITIONS: with 0 position and
//            position_ids are not read. What is not read may be any buffer
// Launch     one work-group per row: global = rows * WG_SIZE, local = WG_SIZE
// Numerics   the order of embedding_layer_norm's sum
// Requires   every id within its table: the host checks
// Aliasing   none
// Reference  Sources/CPUBackend/Training/EmbeddingSum.swift

#ifndef HAS_WORD_IDS
#define HAS_WORD_IDS 1
#endif
#ifndef HAS_POSITIONS
#define HAS_POSITIONS 1
#endif

__kernel void embedding_sum(
    __global const float *word, __global const float *position, __global const float *type, __global const int *ids,
    __global const int *position_ids, __global const int *type_ids, __global float *out, int rows, int hidden) {
  int row = get_group_id(0);
  word += (size_t)(HAS_WORD_IDS ? ids[row] : row) * hidden;
#if HAS_POSITIONS
  position += (size_t)position_ids[row] * hidden;
#endif
  type += (size_t)type_ids[row] * hidden;
  out += (size_t)row * hidden;
  FOR_ROW(i, hidden) {
    int left = hidden - i;
    VEC h = load_row(word + i, left) + load_row(type + i, left);
#if HAS_POSITIONS
    h += load_row(position + i, left);
#endif
    store_row(h, out + i, left);
  }
}
