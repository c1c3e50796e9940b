// SPDX-License-Identifier: Apache-2.0
// panels: what the matrix products of CPU devices share. The host puts it between common.cl and the files named *_panels.
//
// The right-hand matrix [depth, columns] is read in panels of PANEL_WIDTH columns. Packed, a panel is contiguous: panels
// [ceil(columns / PANEL_WIDTH), depth, PANEL_WIDTH] float, the last one padded with zeros. A register tile is TILE_ROWS
// rows times one panel; the rest of either kernel deals tiles out over the work-items and says what becomes of the sums.

#ifndef TILE_ROWS
#define TILE_ROWS (VECTOR_WIDTH == 16 ? 8 : 6)  // rows of the register tile, >= 6: 8 x 48 fills 32 registers, 6 x 16 fills 16
#endif
#ifndef PANEL_WIDTH
#define PANEL_WIDTH ((VECTOR_WIDTH == 16 ? 3 : 2) * VECTOR_WIDTH)  // columns of a panel and of the register tile
#endif
#define PANEL_VECTORS (PANEL_WIDTH / VECTOR_WIDTH)
#ifndef BLOCK_DEPTH
#define BLOCK_DEPTH 256  // k for which rows in 16 bits are converted at a time: a multiple of 16
#endif
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

// Where the share of a work-group begins that is the `group`-th along a dimension of the launch, if all groups there get
// equal shares of `count` things: the launch chooses how many groups there are, and no result depends on it.
INLINE int share_start(int count, int dimension, int group) {
  return (int)((long)group * count / (long)get_num_groups(dimension));
}

// A result larger than the caches would make the epilogue wait for every line it writes.
INLINE void fetch_tile_to_write(__global REAL *out, int count, int columns) {
  for (int r = 0; r < count; ++r)
#pragma unroll
    for (int v = 0; v < PANEL_VECTORS; ++v) FETCH_TO_WRITE(out + (size_t)r * columns + v * VECTOR_WIDTH);
}

// tile[r][..] = sum_k left[r * left_row + k * left_step] * panel[k * panel_step + ..], k ascending, for `count` rows,
// count <= R: the rows beyond count repeat the last. R is a literal at every call, so that the sums live in registers.
// Meanwhile `fetch_step` / 65536 panel rows per step of k, from `ahead` on, are brought into the cache.
INLINE void multiply_tile(
    const int R, int count, __global const REAL *left, int left_row, int left_step, __global const REAL *panel,
    int panel_step, int depth, __global const REAL *ahead, int fetch_step, VEC tile[TILE_ROWS][PANEL_VECTORS]) {
  __global const REAL *row[TILE_ROWS];
  VEC sums[TILE_ROWS][PANEL_VECTORS];
#pragma unroll
  for (int r = 0; r < R; ++r) {
    row[r] = left + (size_t)(r < count ? r : count - 1) * left_row;
#pragma unroll
    for (int v = 0; v < PANEL_VECTORS; ++v) sums[r][v] = (VEC)0.0f;
  }
#if KEEPS_FLOATS
#define LEFT(r, k) row[r][(size_t)(k) * left_step]
  for (int k = 0; k < depth; ++k) {
#else
  // Each of these numbers meets PANEL_VECTORS products here: converted one by one, they would cost more than those.
  VEC block[TILE_ROWS][BLOCK_DEPTH / VECTOR_WIDTH];
#define LEFT(r, k) (((const float *)block[r])[(k) - start])
  for (int start = 0; start < depth; start += BLOCK_DEPTH) {
    int end = min(start + BLOCK_DEPTH, depth);
#pragma unroll 1
    for (int r = 0; r < R; ++r) {
      __global const REAL *numbers = left + (size_t)min(r, count - 1) * left_row;
#pragma unroll 1
      for (int k = start; k < end; k += VECTOR_WIDTH) block[r][(k - start) / VECTOR_WIDTH] = load_row(numbers + k, end - k);
    }
  for (int k = start; k < end; ++k) {
#endif
    VEC weights[PANEL_VECTORS];
#pragma unroll
    for (int v = 0; v < PANEL_VECTORS; ++v) weights[v] = LOAD(panel + v * VECTOR_WIDTH);
    panel += panel_step;
    __global const REAL *next = ahead + ((size_t)k * fetch_step >> 16) * panel_step;
#pragma unroll
    for (int v = 0; v < PANEL_VECTORS; ++v) FETCH(next + v * VECTOR_WIDTH);
#pragma unroll
    for (int r = 0; r < R; ++r) {
      VEC a = (VEC)LEFT(r, k);
#pragma unroll
      for (int v = 0; v < PANEL_VECTORS; ++v) sums[r][v] = fma(a, weights[v], sums[r][v]);
    }
  }
#if !KEEPS_FLOATS
  }
#endif
  // Through memory: unrolled over registers, an epilogue's activation would stand R * PANEL_VECTORS times in the code.
#pragma unroll
  for (int r = 0; r < R; ++r)
#pragma unroll
    for (int v = 0; v < PANEL_VECTORS; ++v) tile[r][v] = sums[r][v];
}

// TILE(R) for the smallest register tile that holds `count` rows.
#define WITH_TILE_ROWS(count, TILE) \
  if ((count) > 6) \
    TILE(TILE_ROWS); \
  else if ((count) > 4) \
    TILE(6); \
  else if ((count) > 2) \
    TILE(4); \
  else if ((count) > 1) \
    TILE(2); \
  else \
    TILE(1);
