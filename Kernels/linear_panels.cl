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
#ifndef TILE_ROWS
#define TILE_ROWS (VECTOR_WIDTH == 16 ? 8 : 6)  // rows of the register tile, >= 6: 8 x 48 fills 32 registers, 6 x 16 fills 16
#endif
#ifndef PANEL_WIDTH
#define PANEL_WIDTH ((VECTOR_WIDTH == 16 ? 3 : 2) * VECTOR_WIDTH)  // columns of a panel and of the register tile
#endif
#define PANEL_VECTORS (PANEL_WIDTH / VECTOR_WIDTH)
#if defined(__has_builtin) && !defined(__SPIR__)  // Oclgrind compiles for SPIR and refuses the builtin
#if __has_builtin(__builtin_prefetch)
#define FETCH(p) __builtin_prefetch((__global const void *)(p))
#define FETCH_TO_WRITE(p) __builtin_prefetch((__global const void *)(p), 1)
#endif
#endif
#ifndef FETCH
#define FETCH(p) prefetch(p, 1)  // which PoCL compiles to nothing
#define FETCH_TO_WRITE(p)
#endif

// `count` rows of x times one panel, count <= R: the rows beyond count repeat the last and are not stored. R is a
// literal at every call, so that the tile lives in registers. Meanwhile `fetch_step` / 65536 panel rows per step of k,
// from `ahead` on, are brought into the cache.
INLINE void multiply_tile(
    const int R, int count, __global const float *x, __global const float *panel, __global const float *bias,
    __global float *out, int left, int columns, int depth, __global const float *ahead, int fetch_step) {
  __global const float *row[TILE_ROWS];
  VEC sums[TILE_ROWS][PANEL_VECTORS];
#pragma unroll
  for (int r = 0; r < R; ++r) {
    row[r] = x + (size_t)(r < count ? r : count - 1) * depth;
#pragma unroll
    for (int v = 0; v < PANEL_VECTORS; ++v) sums[r][v] = (VEC)0.0f;
  }
  // A result larger than the caches would make the epilogue wait for every line it writes.
  for (int r = 0; r < count; ++r)
#pragma unroll
    for (int v = 0; v < PANEL_VECTORS; ++v) FETCH_TO_WRITE(out + (size_t)r * columns + v * VECTOR_WIDTH);
  for (int k = 0; k < depth; ++k) {
    VEC weights[PANEL_VECTORS];
#pragma unroll
    for (int v = 0; v < PANEL_VECTORS; ++v) weights[v] = LOAD(panel + v * VECTOR_WIDTH);
    panel += PANEL_WIDTH;
    __global const float *next = ahead + ((size_t)k * fetch_step >> 16) * PANEL_WIDTH;
#pragma unroll
    for (int v = 0; v < PANEL_VECTORS; ++v) FETCH(next + v * VECTOR_WIDTH);
#pragma unroll
    for (int r = 0; r < R; ++r) {
      VEC a = (VEC)row[r][k];
#pragma unroll
      for (int v = 0; v < PANEL_VECTORS; ++v) sums[r][v] = fma(a, weights[v], sums[r][v]);
    }
  }
  // The epilogue is a loop over memory: unrolled, its activation would stand R * PANEL_VECTORS times in the code.
  VEC tile[TILE_ROWS][PANEL_VECTORS];
#pragma unroll
  for (int r = 0; r < R; ++r)
#pragma unroll
    for (int v = 0; v < PANEL_VECTORS; ++v) tile[r][v] = sums[r][v];
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
    __global float *target = out + (size_t)r * columns;
#pragma unroll
    for (int v = 0; v < PANEL_VECTORS; ++v)
      store_row(activate(tile[r][v] + shift[v]), target + v * VECTOR_WIDTH, left - v * VECTOR_WIDTH);
  }
}

__kernel void linear_panels(
    __global const float *x, __global const float *panels, __global const float *bias, __global float *out, int rows,
    int columns, int depth, int x_row, int out_row) {
  x += (size_t)x_row * depth;
  out += (size_t)out_row * columns;
  int panel_count = (columns + PANEL_WIDTH - 1) / PANEL_WIDTH;
  int first_panel = (int)((long)get_group_id(0) * panel_count / (long)get_num_groups(0));
  int last_panel = (int)((long)(get_group_id(0) + 1) * panel_count / (long)get_num_groups(0));
  int row_tiles = (rows + TILE_ROWS - 1) / TILE_ROWS;
  int first_tile = (int)((long)get_group_id(1) * row_tiles / (long)get_num_groups(1));
  int last_tile = (int)((long)(get_group_id(1) + 1) * row_tiles / (long)get_num_groups(1));
  int tiles = last_tile - first_tile;
  for (int p = first_panel; p < last_panel; ++p) {
    int column = p * PANEL_WIDTH;
    __global const float *panel = panels + (size_t)column * depth;
    for (int t = first_tile; t < last_tile; ++t) {
      int start = t * TILE_ROWS;
      int count = rows - start;
      // A lone tile fetches what it reads 32 steps later; one of several fetches its share of the next panel.
      __global const float *ahead = panel + 32 * PANEL_WIDTH;
      if (tiles > 1) ahead = panel + (depth + (size_t)depth * (t - first_tile) / tiles) * PANEL_WIDTH;
#define TILE(R) \
  multiply_tile( \
      R, min(count, R), x + (size_t)start * depth, panel, bias + column, out + (size_t)start * columns + column, \
      columns - column, columns, depth, ahead, 65536 / tiles)
      if (count > 6)
        TILE(TILE_ROWS);
      else if (count > 4)
        TILE(6);
      else if (count > 2)
        TILE(4);
      else if (count > 1)
        TILE(2);
      else
        TILE(1);
    }
  }
}
