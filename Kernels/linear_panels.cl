// SPDX-License-Identifier: Apache-2.0
// linear_panels: a dense layer on CPU devices, the weights packed into panels of columns by the host as it loads them.
//
//   out[m,n] = activation(sum_k x[m,k] * weight[n,k] + bias[n])
//
// Shapes     x [rows, depth], weight [columns, depth], bias [columns], out [rows, columns] float, row-major;
//            panels [ceil(columns / PANEL_WIDTH), depth, PANEL_WIDTH] float, the last panel padded with zeros; the first
//            of the rows is row x_row of x and row out_row of out
// Defines    ACTIVATION; HAS_BIAS (without it, bias is not read and may be any buffer)
// Launch     local size 1; global = (column blocks, row blocks), any two numbers >= 1: the panels and the row tiles are
//            dealt out evenly over them
// Numerics   one fp32 fma chain per element, k ascending, whatever the tile: a row's bits do not depend on the others'
// Aliasing   none
// Reference  Sources/CPUBackend/Linear.swift
// Tried      (Sapphire Rapids, 2 cores, PoCL 3.1, share of the FMA peak at 1024 x 768 x 768) 8 x 48 with the next panel
//            fetched ahead 98 %, without 95 %; 12 x 32 92-98 %; 14 x 32, 6 x 64, 9 x 48, 28 x 16 spill: 26-40 %; fetching
//            the next panel beside a lone tile costs M = 1 20-30 %
//            (Zen 4, processor time, 1024 x 1536 x 384, 24 accumulators of which reach 117 of the peak's 127 GFLOP/s) the
//            lines of the result fetched ahead 108, without 102; the panel's own lines 16 steps ahead 109 here, but 15 %
//            slower at 16 rows; the next panel into L2 alone 105; no fetching 90; storing straight from the registers 45,
//            because the compiler then spills them in the loop

#ifndef HAS_BIAS
#define HAS_BIAS 1
#endif
// `count` rows of x times one panel, count <= R, and what a dense layer adds.
INLINE void linear_tile(
    const int R, int count, __global const REAL *x, __global const REAL *panel, __global const REAL *bias,
    __global REAL *out, int left, int columns, int depth, __global const REAL *ahead, int fetch_step) {
  VEC tile[TILE_ROWS][PANEL_VECTORS];
  fetch_tile_to_write(out, count, columns);
  multiply_tile(R, count, x, depth, 1, panel, PANEL_WIDTH, depth, ahead, fetch_step, tile);
  VEC shift[PANEL_VECTORS];
  for (int v = 0; v < PANEL_VECTORS; ++v) {
#if HAS_BIAS
    shift[v] = load_row(bias + v * VECTOR_WIDTH, left - v * VECTOR_WIDTH);
#else
    shift[v] = (VEC)0.0f;
#endif
  }
#pragma unroll 1
  for (int r = 0; r < count; ++r) {
    __global REAL *target = out + (size_t)r * columns;
#pragma unroll
    for (int v = 0; v < PANEL_VECTORS; ++v)
      store_row(activate(tile[r][v] + shift[v]), target + v * VECTOR_WIDTH, left - v * VECTOR_WIDTH);
  }
}

__kernel void linear_panels(
    __global const REAL *x, __global const REAL *panels, __global const REAL *bias, __global REAL *out, int rows,
    int columns, int depth, int x_row, int out_row) {
  x += (size_t)x_row * depth;
  out += (size_t)out_row * columns;
  int panel_count = (columns + PANEL_WIDTH - 1) / PANEL_WIDTH;
  int first_panel = share_start(panel_count, 0, get_group_id(0));
  int last_panel = share_start(panel_count, 0, get_group_id(0) + 1);
  int row_tiles = (rows + TILE_ROWS - 1) / TILE_ROWS;
  int first_tile = share_start(row_tiles, 1, get_group_id(1));
  int last_tile = share_start(row_tiles, 1, get_group_id(1) + 1);
  int tiles = last_tile - first_tile;
  for (int p = first_panel; p < last_panel; ++p) {
    int column = p * PANEL_WIDTH;
    __global const REAL *panel = panels + (size_t)column * depth;
    for (int t = first_tile; t < last_tile; ++t) {
      int start = t * TILE_ROWS;
      int count = rows - start;
      // A lone tile fetches what it reads 32 steps later; one of several fetches its share of the next panel.
      __global const REAL *ahead = panel + 32 * PANEL_WIDTH;
      if (tiles > 1) ahead = panel + (depth + (size_t)depth * (t - first_tile) / tiles) * PANEL_WIDTH;
#define TILE(R) \
  linear_tile( \
      R, min(count, R), x + (size_t)start * depth, panel, bias + column, out + (size_t)start * columns + column, \
      columns - column, columns, depth, ahead, 65536 / tiles)
      WITH_TILE_ROWS(count, TILE)
    }
  }
}
