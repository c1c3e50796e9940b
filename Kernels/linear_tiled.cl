// SPDX-License-Identifier: Apache-2.0
// linear_tiled: a dense layer on GPUs, tiles of both operands passing through local memory.
//
//   out[m,n] = activation(sum_k x[m,k] * weight[n,k] + bias[n])
//
//   linear_input_gradient    dx = dy W + addend   x: dy, WEIGHT_TRANSPOSED: W    rows T, columns K, depth N
//   linear_weight_gradient   dW = dy^T x + dW     X_TRANSPOSED: dy, WEIGHT_TRANSPOSED: x    rows N, columns K, depth T
//
// Shapes     x [rows, depth], weight [columns, depth], bias [columns], out [rows, columns] float, row-major; the first
//            of the rows is row x_row of x and row out_row of out
// Defines    ACTIVATION; HAS_BIAS (without it, bias is not read and may be any buffer); X_TRANSPOSED: x is [depth, rows]
//            and x_row 0; WEIGHT_TRANSPOSED: weight is [depth, columns]; HAS_ADDEND: bias is a matrix like out; the tile,
//            see below
// Launch     2-D: local = (TILE_COLUMNS / ITEM_COLUMNS, TILE_ROWS / ITEM_ROWS), groups = (ceil(columns / TILE_COLUMNS),
//            ceil(rows / TILE_ROWS))
// Schedule   local memory holds two tiles of each operand: while the items multiply one, the next is on its way to
//            their registers and from there goes to the other, so a step costs one barrier. Items without a row
//            only load
// Numerics   one fp32 fma chain per element, k ascending: a row's bits do not depend on the others', nor on the tile.
//            So few rows do not divide k either. A chain of 768 fmas of 4 cycles is 2 microseconds at 1.7 GHz
//            (computed, not measured); small tiles of a great depth are there to keep the weights coming meanwhile
// Aliasing   with HAS_ADDEND, bias may be out
// Reference  Sources/CPUBackend/Linear.swift, Sources/CPUBackend/Training/LinearGradients.swift
// Counted    (machine code for sm_80 / sm_90, no GPU ran; Benchmarks/results/2026-11-24-gpu-offline) no spills.
//            128x128x8, 8x8 an item: 120 / 120 registers, 16.5 KiB, 2 groups per multiprocessor, 91 % FFMA in the loop;
//            64x64x16, 8x4: 91 / 95, 17 KiB, 5; 16x64x16, 2x4: 60 / 64, 11 KiB, 8; 8x16x64, 1x1: 45 / 48, 16 KiB,
//            9 / 10
//            Gradients, sm_90: 128x128x8 128 for the input and 122 for the weight, 64x64x16 96, 8x16x64 46 / 47; no spills
// Tried      (128x128x8, by count) d unrolled whole or by 4: 128 to 137 registers, one group in place of two

#ifndef HAS_BIAS
#define HAS_BIAS 1
#endif
#ifndef HAS_ADDEND
#define HAS_ADDEND 0
#endif
#ifndef X_TRANSPOSED
#define X_TRANSPOSED 0
#endif
#ifndef WEIGHT_TRANSPOSED
#define WEIGHT_TRANSPOSED 0
#endif
#ifndef TILE_ROWS
#define TILE_ROWS 64  // rows of out per work-group: a power of two
#endif
#ifndef TILE_COLUMNS
#define TILE_COLUMNS 64  // columns of out per work-group: a power of two
#endif
#ifndef TILE_DEPTH
#define TILE_DEPTH 16  // k per step: a multiple of 8
#endif
#ifndef ITEM_ROWS
#define ITEM_ROWS 4  // rows of out per work-item: 1, 2 or a multiple of 4
#endif
#ifndef ITEM_COLUMNS
#define ITEM_COLUMNS 4  // columns of out per work-item: 1, 2 or a multiple of 4
#endif
#define ITEMS_X (TILE_COLUMNS / ITEM_COLUMNS)
#define ITEMS_Y (TILE_ROWS / ITEM_ROWS)
#define ITEMS (ITEMS_X * ITEMS_Y)
#define TILE_QUADS(height) ((height) * (TILE_DEPTH / 4))
#define ITEM_QUADS(height) ((TILE_QUADS(height) + ITEMS - 1) / ITEMS)  // quads that an item carries
// A bound that does not depend on the height: by ITEM_QUADS, clang 15 unrolls place_tile's loop by 2 in the gradients' forms,
// and the quads become a stack frame.
#define MOST_QUADS 8
#if ITEM_QUADS(TILE_ROWS) > MOST_QUADS || ITEM_QUADS(TILE_COLUMNS) > MOST_QUADS
#error "an item carries at most MOST_QUADS quads of a tile"
#endif
#define TILE_FLOATS(height) (TILE_DEPTH * TILE_STRIDE(height))
#define PAIR_FLOATS (TILE_FLOATS(TILE_ROWS) + TILE_FLOATS(TILE_COLUMNS))
// 64 sums and the operands of more than two k at a time would take over 128 registers.
#if ITEM_ROWS * ITEM_COLUMNS >= 64
#define UNROLL_DEPTH _Pragma("unroll 2")
#else
#define UNROLL_DEPTH _Pragma("unroll")
#endif
#define STORED (ITEM_COLUMNS % 4 == 0 ? 4 : 1)  // neighbouring columns that an item stores at once

// This item's quads of the tile that starts at column k of a matrix of `rows` rows and `depth` columns. Rows behind the
// last repeat it: nobody keeps what becomes of them. `is_transposed`: the matrix lies transposed, `stride` floats from one
// of its columns to the next, and a quad is four rows of a column.
INLINE void fetch_tile(
    const int height, const bool is_transposed, __global const REAL *source, int rows, int depth, int stride, int k,
    bool aligned, int lid, float4 *quads) {
#pragma unroll
  for (int q = 0; q < ITEM_QUADS(height); ++q) {
    int i = lid + q * ITEMS;
    if (TILE_QUADS(height) % ITEMS == 0 || i < TILE_QUADS(height)) {
      if (is_transposed) {
        int column = k + LINE_COLUMN(height, i);
        int row = LINE_ROW(height, i);
        quads[q] = load_quad(source + (size_t)column * stride + row, column < depth ? rows - row : 0, aligned);
      } else {
        int column = k + QUAD_COLUMN(height, i);
        int row = min(QUAD_ROW(height, i), rows - 1);
        quads[q] = load_quad(source + (size_t)row * stride + column, depth - column, aligned);
      }
    }
  }
}

INLINE void place_tile(
    const int height, const bool is_transposed, const float4 *quads, int lid, __local float *tile) {
#pragma unroll
  for (int q = 0; q < MOST_QUADS; ++q) {
    int i = lid + q * ITEMS;
    if (q < ITEM_QUADS(height) && (TILE_QUADS(height) % ITEMS == 0 || i < TILE_QUADS(height))) {
      if (is_transposed)
        place_line(tile, height, i, quads[q]);
      else
        place_quad(tile, height, i, quads[q]);
    }
  }
}

INLINE void multiply_tiles(
    __local const float *x_tile, __local const float *weight_tile, int item_x, int item_y,
    float sums[ITEM_ROWS][ITEM_COLUMNS]) {
  UNROLL_DEPTH for (int d = 0; d < TILE_DEPTH; ++d) {
    float xs[ITEM_ROWS], weights[ITEM_COLUMNS];
    read_share(x_tile + d * TILE_STRIDE(TILE_ROWS), ITEM_ROWS, ITEMS_Y, item_y, xs);
    read_share(weight_tile + d * TILE_STRIDE(TILE_COLUMNS), ITEM_COLUMNS, ITEMS_X, item_x, weights);
#pragma unroll
    for (int r = 0; r < ITEM_ROWS; ++r)
#pragma unroll
      for (int c = 0; c < ITEM_COLUMNS; ++c) sums[r][c] = fma(xs[r], weights[c], sums[r][c]);
  }
}

__kernel __attribute__((reqd_work_group_size(ITEMS_X, ITEMS_Y, 1))) void linear_tiled(
    __global const REAL *x, __global const REAL *weight, __global const REAL *bias, __global REAL *out, int rows,
    int columns, int depth, int x_row, int out_row) {
  __local float4 tiles[2 * PAIR_FLOATS / 4];
  int item_x = get_local_id(0);
  int item_y = get_local_id(1);
  int lid = item_y * ITEMS_X + item_x;
  int first_row = (int)get_group_id(1) * TILE_ROWS;
  int first_column = (int)get_group_id(0) * TILE_COLUMNS;
#if X_TRANSPOSED
  int x_stride = rows;
  x += first_row;
#else
  int x_stride = depth;
  x += (size_t)(x_row + first_row) * depth;
#endif
#if WEIGHT_TRANSPOSED
  int weight_stride = columns;
  weight += first_column;
#else
  int weight_stride = depth;
  weight += (size_t)first_column * depth;
#endif
  rows -= first_row;
  bool aligned = x_stride % 4 == 0 && weight_stride % 4 == 0 && is_aligned(x) && is_aligned(weight);
  bool is_busy = SHARE(ITEM_ROWS, ITEMS_Y, item_y, 0) < rows;
  float4 x_quads[ITEM_QUADS(TILE_ROWS)], weight_quads[ITEM_QUADS(TILE_COLUMNS)];
  float sums[ITEM_ROWS][ITEM_COLUMNS];
#pragma unroll
  for (int r = 0; r < ITEM_ROWS; ++r)
#pragma unroll
    for (int c = 0; c < ITEM_COLUMNS; ++c) sums[r][c] = 0.0f;
#define FETCH_X(k) fetch_tile(TILE_ROWS, X_TRANSPOSED, x, rows, depth, x_stride, k, aligned, lid, x_quads)
#define FETCH_WEIGHT(k) \
  fetch_tile( \
      TILE_COLUMNS, WEIGHT_TRANSPOSED, weight, columns - first_column, depth, weight_stride, k, aligned, lid, weight_quads)
  FETCH_X(0);
  FETCH_WEIGHT(0);
  __local float *now = (__local float *)tiles;  // the pair that is multiplied
  __local float *next = now + PAIR_FLOATS;
  place_tile(TILE_ROWS, X_TRANSPOSED, x_quads, lid, now);
  place_tile(TILE_COLUMNS, WEIGHT_TRANSPOSED, weight_quads, lid, now + TILE_FLOATS(TILE_ROWS));
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int k = 0; k < depth; k += TILE_DEPTH) {
    // Behind the last tile these are zeros, which nobody reads.
    FETCH_X(k + TILE_DEPTH);
    FETCH_WEIGHT(k + TILE_DEPTH);
    if (is_busy) multiply_tiles(now, now + TILE_FLOATS(TILE_ROWS), item_x, item_y, sums);
    place_tile(TILE_ROWS, X_TRANSPOSED, x_quads, lid, next);
    place_tile(TILE_COLUMNS, WEIGHT_TRANSPOSED, weight_quads, lid, next + TILE_FLOATS(TILE_ROWS));
    barrier(CLK_LOCAL_MEM_FENCE);
    __local float *placed = next;
    next = now;
    now = placed;
  }
  out += (size_t)(out_row + first_row) * columns;
#if HAS_ADDEND
  bias += (size_t)first_row * columns;
#endif
  bool out_aligned = columns % 4 == 0 && is_aligned(out);
  float biases[ITEM_COLUMNS];
#pragma unroll
  for (int c = 0; c < ITEM_COLUMNS; ++c) {
    biases[c] = 0.0f;
#if HAS_BIAS && !HAS_ADDEND
    int column = first_column + SHARE(ITEM_COLUMNS, ITEMS_X, item_x, c);
    if (column < columns) biases[c] = load_one(bias + column);
#endif
  }
#pragma unroll
  for (int r = 0; r < ITEM_ROWS; ++r) {
    int row = SHARE(ITEM_ROWS, ITEMS_Y, item_y, r);
    if (row < rows) {
      // + 0: a chain that underflowed to -0 ends in 0 where zeros fill up the last tile, so it does everywhere.
#if HAS_ADDEND
#pragma unroll
      for (int c = 0; c < ITEM_COLUMNS; ++c) {
        int column = first_column + SHARE(ITEM_COLUMNS, ITEMS_X, item_x, c);
        if (column < columns) biases[c] = load_one(bias + (size_t)row * columns + column);
      }
#endif
#pragma unroll
      for (int c = 0; c < ITEM_COLUMNS; ++c) sums[r][c] = activate_one((sums[r][c] + 0.0f) + biases[c]);
#pragma unroll
      for (int c = 0; c < ITEM_COLUMNS; c += STORED) {
        int column = first_column + SHARE(ITEM_COLUMNS, ITEMS_X, item_x, c);
        __global REAL *p = out + (size_t)row * columns + column;
#if STORED == 4
        float4 v = (float4)(sums[r][c], sums[r][c + 1], sums[r][c + 2], sums[r][c + 3]);
        store_quad(v, p, columns - column, out_aligned);
#else
        if (column < columns) store_one(sums[r][c], p);
#endif
      }
    }
  }
}
