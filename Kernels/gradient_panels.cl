// SPDX-License-Identifier: Apache-2.0
// gradient_panels: the two gradients of a dense layer on CPU devices.
//
//   out[m,n] = sum_k left(m,k) * right[k,n] + addend[m,n]
//
//   linear_input_gradient    dx = dy W + addend     left dy, right W      rows T, columns K, depth N
//   linear_weight_gradient   dW = dy^T x + dW       left dy^T, right x    rows N, columns K, depth T
//
// Shapes     left [rows, depth], with LEFT_TRANSPOSED [depth, rows]; addend and out [rows, columns] float, row-major; right
//            where panel_step is PANEL_WIDTH in panels, else row-major [depth, columns], panel_step = columns, a multiple
//            of PANEL_WIDTH
// Defines    LEFT_TRANSPOSED; HAS_ADDEND (without it, addend is not read and may be any buffer)
// Launch     local size 1; global = (column blocks, row blocks), any two numbers >= 1: the panels and the row tiles are
//            dealt out evenly over them
// Numerics   one fp32 fma chain per element, k ascending, whatever the tile or the layout; the addend comes last
// Aliasing   addend may be out
// Reference  Sources/CPUBackend/Training/LinearGradients.swift
// Measured   (Zen 4, 2 cores, PoCL 3.1, processor time, share of the FMA peak, packing included; T x N x K)
//              input gradient    1024 x 768 x 768 92 %, 1024 x 768 x 3072 90, 1024 x 3072 x 768 94; 128 rows 93, 94, 93;
//                                16 rows 78, 88, 91
//              weight gradient   92 %, 91, 92; 128 rows 89, 88, 85; 16 rows, which is all writing dW, 51, 49, 55
// Tried      (same) right packed always: 128 rows 86, 75, 66 and 16 rows 56, 50, 50 for the input, for packing costs as much
//            as 20 to 60 rows of the product. Never packed: 1024 x 3072 x 768 81 and 85, for a panel then lies in more
//            pages than a core translates at once. dy packed into tiles of rows for the weight: 90, 91, 92, no gain for
//            one more pass

#ifndef LEFT_TRANSPOSED
#define LEFT_TRANSPOSED 0
#endif
#ifndef HAS_ADDEND
#define HAS_ADDEND 0
#endif

// `count` rows of the left-hand side times one panel, count <= R, added to what there is.
INLINE void gradient_tile(
    const int R, int count, __global const float *left_hand, int rows, __global const float *panel, int panel_step,
    __global const float *addend, __global float *out, int left, int columns, int depth, __global const float *ahead,
    int fetch_step) {
  VEC tile[TILE_ROWS][PANEL_VECTORS];
  fetch_tile_to_write(out, count, columns);
#if HAS_ADDEND && !LEFT_TRANSPOSED  // the weight's is out
  for (int r = 0; r < count; ++r)
#pragma unroll
    for (int v = 0; v < PANEL_VECTORS; ++v) FETCH(addend + (size_t)r * columns + v * VECTOR_WIDTH);
#endif
#if LEFT_TRANSPOSED
  multiply_tile(R, count, left_hand, 1, rows, panel, panel_step, depth, ahead, fetch_step, tile);
#else
  multiply_tile(R, count, left_hand, depth, 1, panel, panel_step, depth, ahead, fetch_step, tile);
#endif
#pragma unroll 1
  for (int r = 0; r < count; ++r) {
    size_t place = (size_t)r * columns;
#pragma unroll
    for (int v = 0; v < PANEL_VECTORS; ++v, place += VECTOR_WIDTH) {
#if HAS_ADDEND
      VEC sum = tile[r][v] + load_row(addend + place, left - v * VECTOR_WIDTH);
#else
      VEC sum = tile[r][v];
#endif
      store_row(sum, out + place, left - v * VECTOR_WIDTH);
    }
  }
}

__kernel void gradient_panels(
    __global const float *left_hand, __global const float *right, __global const float *addend, __global float *out,
    int rows, int columns, int depth, int panel_step) {
  int panel_count = (columns + PANEL_WIDTH - 1) / PANEL_WIDTH;
  int first_panel = share_start(panel_count, 0, get_group_id(0));
  int last_panel = share_start(panel_count, 0, get_group_id(0) + 1);
  int row_tiles = (rows + TILE_ROWS - 1) / TILE_ROWS;
  int first_tile = share_start(row_tiles, 1, get_group_id(1));
  int last_tile = share_start(row_tiles, 1, get_group_id(1) + 1);
  int tiles = last_tile - first_tile;
  // From one panel to the next: packed they lie one behind the other, else side by side.
  size_t panel_stride = panel_step == PANEL_WIDTH ? (size_t)depth * PANEL_WIDTH : PANEL_WIDTH;
  for (int p = first_panel; p < last_panel; ++p) {
    int column = p * PANEL_WIDTH;
    __global const float *panel = right + p * panel_stride;
    for (int t = first_tile; t < last_tile; ++t) {
      int start = t * TILE_ROWS;
      int count = rows - start;
      // A lone tile fetches what it reads 32 steps later; one of several fetches its share of the next panel.
      __global const float *ahead = panel + (size_t)32 * panel_step;
      if (tiles > 1) ahead = panel + panel_stride + (size_t)depth * (t - first_tile) / tiles * panel_step;
#if LEFT_TRANSPOSED
      __global const float *tile_left = left_hand + start;
#else
      __global const float *tile_left = left_hand + (size_t)start * depth;
#endif
      size_t place = (size_t)start * columns + column;
#define TILE(R) \
  gradient_tile( \
      R, min(count, R), tile_left, rows, panel, panel_step, addend + place, out + place, columns - column, columns, depth, \
      ahead, 65536 / tiles)
      WITH_TILE_ROWS(count, TILE)
    }
  }
}
