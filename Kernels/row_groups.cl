// SPDX-License-Identifier: Apache-2.0
// row_groups: sums of the rows that belong to one id: the gradients of an embedding and of gather_rows.
//
//   embedding_gradient     table[row_ids[g]] += sum_i dy[order[i]]                     starts[g] <= i < starts[g + 1]
//   gather_rows_gradient   dx[row_ids[g]] = sum_i dy[order[i]], and 0 in all rows that no group names
//
// Shapes     dy [any, columns], table [V, columns], dx [rows, columns] float, row-major; row_ids [groups],
//            starts [groups + 1], order [as many as starts ends with] int; row_ids rise as far as groups are not empty,
//            and empty groups come last
// Launch     2-D: dim 0 = ceil(columns / (COLUMN_VECTORS * VECTOR_WIDTH * WG_SIZE)) * WG_SIZE, dim 1 =
//            ceil(groups / WORK_GROUPS), and 1 for gather_rows_gradient without groups; local = (WG_SIZE, 1)
// Numerics   fp32 sums, each in the order of `order`, whatever the launch
// Requires   every row_id a row of table or dx
// Measured   (1024 tokens of 768, 2 cores, AVX-512, against a copy of the same bytes) 0.8 of its speed, for words,
//            positions and one type of all tokens alike
// Aliasing   none
// Reference  Sources/CPUBackend/Training/RowGradients.swift

#ifndef COLUMN_VECTORS
#define COLUMN_VECTORS (WG_SIZE == 1 ? 4 : 1)  // vectors of columns per work-item, in registers
#endif
#ifndef WORK_GROUPS
#define WORK_GROUPS (WG_SIZE == 1 ? 16 : 1)  // groups of rows per work-group: most have one row or none
#endif

// Sums of the rows order[0...count - 1] of dy, in COLUMN_VECTORS vectors from dy on, of which `left` floats are there.
INLINE void sum_group(
    __global const float *dy, __global const int *order, int count, int columns, int left, VEC sums[COLUMN_VECTORS]) {
#pragma unroll
  for (int v = 0; v < COLUMN_VECTORS; ++v) sums[v] = (VEC)0.0f;
  if (left >= COLUMN_VECTORS * VECTOR_WIDTH) {
#pragma unroll 4
    for (int i = 0; i < count; ++i) {
      __global const float *row = dy + (size_t)order[i] * columns;
#pragma unroll
      for (int v = 0; v < COLUMN_VECTORS; ++v) sums[v] += LOAD(row + v * VECTOR_WIDTH);
    }
  } else {
    for (int i = 0; i < count; ++i) {
      __global const float *row = dy + (size_t)order[i] * columns;
#pragma unroll
      for (int v = 0; v < COLUMN_VECTORS; ++v) sums[v] += load_row(row + v * VECTOR_WIDTH, left - v * VECTOR_WIDTH);
    }
  }
}

__kernel void embedding_gradient(
    __global float *table, __global const float *dy, __global const int *row_ids, __global const int *starts,
    __global const int *order, int groups, int columns) {
  int column = (int)get_global_id(0) * COLUMN_VECTORS * VECTOR_WIDTH;
  int left = columns - column;
  int first = (int)get_group_id(1) * WORK_GROUPS;
  if (left > 0)
    for (int g = first; g < min(first + WORK_GROUPS, groups); ++g) {
      int start = starts[g], count = starts[g + 1] - start;
      if (count > 0) {
        VEC sums[COLUMN_VECTORS];
        sum_group(dy + column, order + start, count, columns, left, sums);
        __global float *row = table + (size_t)row_ids[g] * columns + column;
#pragma unroll
        for (int v = 0; v < COLUMN_VECTORS; ++v) {
          int rest = left - v * VECTOR_WIDTH;
          store_row(load_row(row + v * VECTOR_WIDTH, rest) + sums[v], row + v * VECTOR_WIDTH, rest);
        }
      }
    }
}

// Zeros in this work-item's columns of the rows first..<end.
INLINE void clear_rows(__global float *dx, int first, int end, int columns, int left) {
  for (int row = first; row < end; ++row)
#pragma unroll
    for (int v = 0; v < COLUMN_VECTORS; ++v)
      store_row((VEC)0.0f, dx + (size_t)row * columns + v * VECTOR_WIDTH, left - v * VECTOR_WIDTH);
}

// Each group also clears the rows between the group before it and itself, and the last one those behind it.
__kernel void gather_rows_gradient(
    __global const float *dy, __global const int *row_ids, __global const int *starts, __global const int *order,
    __global float *dx, int groups, int columns, int rows) {
  int column = (int)get_global_id(0) * COLUMN_VECTORS * VECTOR_WIDTH;
  int left = columns - column;
  int first = (int)get_group_id(1) * WORK_GROUPS;
  dx += column;
  if (left > 0) {
    int total = groups > 0 ? starts[groups] : 0;
    if (first == 0 && total == 0) clear_rows(dx, 0, rows, columns, left);
    for (int g = first; g < min(first + WORK_GROUPS, groups); ++g) {
      int start = starts[g], end = starts[g + 1];
      if (end > start) {
        VEC sums[COLUMN_VECTORS];
        sum_group(dy + column, order + start, end - start, columns, left, sums);
        clear_rows(dx, g > 0 ? row_ids[g - 1] + 1 : 0, row_ids[g], columns, left);
        if (end == total) clear_rows(dx, row_ids[g] + 1, rows, columns, left);
        __global float *row = dx + (size_t)row_ids[g] * columns;
#pragma unroll
        for (int v = 0; v < COLUMN_VECTORS; ++v)
          store_row(sums[v], row + v * VECTOR_WIDTH, left - v * VECTOR_WIDTH);
      }
    }
  }
}
