// SPDX-License-Identifier: Apache-2.0
// bias_gradient: sums of a gradient's columns over each block of rows; column_sums then adds up the blocks.
//
//   partials[b,n] = sum_m dy[m,n]                                               m over the rows of block b
//
// Shapes     dy [rows, columns], partials [ceil(rows / ROW_BLOCK), columns] float, row-major
// Defines    ROW_BLOCK, the host's
// Launch     2-D: dim 0 = ceil(columns / COLUMN_BLOCK) * WG_SIZE, dim 1 = ceil(rows / ROW_BLOCK); local = (WG_SIZE, 1)
// Numerics   fp32 sums, rows ascending
// Tried      the 32 rows side by side, sums in registers: 0.3 of a copy's speed where dy comes from memory (8192 rows)
// Measured   (1024 rows, 2 cores, AVX-512, with column_sums, against a copy of the same bytes) 0.8-0.95 of its speed;
//            0.55-0.9 from memory
// Aliasing   none
// Reference  Sources/CPUBackend/Training/LinearGradients.swift

#ifndef ROW_BLOCK
#define ROW_BLOCK 32
#endif
#ifndef COLUMN_BLOCK
#define COLUMN_BLOCK (WG_SIZE == 1 ? 4096 : WG_SIZE)  // columns per work-group
#endif
#ifndef ITEM_ROWS
#define ITEM_ROWS (WG_SIZE == 1 ? 8 : ROW_BLOCK)  // rows read side by side: a divisor of ROW_BLOCK
#endif

__kernel void bias_gradient(__global const float *dy, __global float *partials, int rows, int columns) {
  int first_row = (int)get_group_id(1) * ROW_BLOCK;
  int end_row = min(first_row + ROW_BLOCK, rows);
  int first = (int)get_group_id(0) * COLUMN_BLOCK;
  int count = min(COLUMN_BLOCK, columns - first);
  dy += first;
  partials += (size_t)get_group_id(1) * columns + first;
  // The sums stay in the nearest cache; each work-item reads back only what it wrote.
  for (int m = first_row; m < end_row; m += ITEM_ROWS) {
    __global const float *row = dy + (size_t)m * columns;
    int last = min(ITEM_ROWS, end_row - m) - 1;
    FOR_ROW(i, count) {
      int left = count - i;
      VEC sum = m > first_row ? load_row(partials + i, left) : (VEC)0.0f;
      if (last == ITEM_ROWS - 1) {
#pragma unroll
        for (int r = 0; r < ITEM_ROWS; ++r) sum += load_row(row + (size_t)r * columns + i, left);
      } else {
        for (int r = 0; r <= last; ++r) sum += load_row(row + (size_t)r * columns + i, left);
      }
      store_row(sum, partials + i, left);
    }
  }
}
