// SPDX-License-Identifier: Apache-2.0
// attention_gradient_clear: zeros where the backward pass of attention writes nothing: columns that belong to no head, rows
// that are no key of any sequence with queries.
//
// Shapes     query_offsets [sequences + 1], key_starts and key_ends [sequences] int; gradient [rows, columns] float, that of
//            one matrix, in which the heads of query, key and value have `width` columns each from query_column,
//            key_column and value_column on; -1 for what another matrix holds. No two overlap
// Launch     one work-group per row: global = rows * WG_SIZE, local = WG_SIZE; before or after the other kernels
// Numerics   none
// Aliasing   none
// Reference  Sources/CPUBackend/Training/AttentionGradient.swift

// The nearest columns from `from` on that are written.
INLINE void find_written(int column, int width, int from, int *first, int *behind) {
  if (column >= from && column < *first) {
    *first = column;
    *behind = column + width;
  }
}

__kernel void attention_gradient_clear(
    __global const int *query_offsets, __global const int *key_starts, __global const int *key_ends,
    __global float *gradient, int rows, int sequences, int columns, int width, int query_column, int key_column,
    int value_column) {
  int row = get_group_id(0);
  if (row >= rows) return;
  bool is_key = false;
  if (key_column >= 0 || value_column >= 0)
    for (int b = 0; b < sequences && !is_key; ++b)
      is_key = key_starts[b] <= row && row < key_ends[b] && query_offsets[b] < query_offsets[b + 1];
  gradient += (size_t)row * columns;
  for (int from = 0; from < columns;) {
    int first = columns;
    int behind = columns;
    find_written(query_column, width, from, &first, &behind);
    if (is_key) {
      find_written(key_column, width, from, &first, &behind);
      find_written(value_column, width, from, &first, &behind);
    }
    FOR_ROW(i, first - from) store_row((VEC)0.0f, gradient + from + i, first - from - i);
    from = behind;
  }
}
