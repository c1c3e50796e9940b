// SPDX-License-Identifier: Apache-2.0
// linear_mma: a dense layer on matrix engines.
//
//   out[m,n] = activation(sum_k x[m,k] * weight[n,k] + bias[n])
//
// Shapes     x [rows, depth], weight [columns, depth], bias [columns], out [rows, columns] REAL, row-major; the first of
//            the rows is row x_row of x and row out_row of out
// Defines    ACTIVATION; HAS_BIAS (without it, bias is not read and may be any buffer); PRECISION, PASSES,
//            MATRIX_ENGINE of warp.cl; WARPGROUP_SIZE of warpgroup.cl; WHOLE_CHUNKS and the tile, see below
// Launch     1-D: local = ITEMS, groups = ceil(columns / TILE_COLUMNS) * ceil(rows / TILE_ROWS)
// Schedule   local memory holds STAGES pairs of tiles, TILE_CHUNKS chunks of k deep, which copies fill while the warps
//            multiply: a step costs one barrier. A warp makes WARP_ROWS x WARP_COLUMNS of the result, so that a chunk read
//            from local memory serves several products. Groups are dealt in bands of BAND rows of tiles, so that those
//            that run at once share operands in the second-level cache. With WARPGROUP_SIZE 4 four warps multiply together,
//            and the engine reads local memory itself: no fragments, and what is said of a warp is the warpgroup's
// Numerics   16 bits: products exact, sums fp32 in the engine. float: PASSES products of tf32 each. NVIDIA's engines cut
//            sums off (Ootomo and Yokota, arXiv:2203.03341), which over a long chain costs more than fp32 may: with three
//            passes an engine sums 16 products, and those sums are added in fp32, rounded; an infinity gives NaN there.
//            One chain per element, k ascending in steps of the engine: a row's bits do not depend on the others', nor on
//            the tile. So k is not divided among groups (split-K) where rows are few: a chain of 768 is 48 products of
//            about 33 cycles, 0.9 microseconds at 1.7 GHz (computed); small tiles keep the weights coming meanwhile
// Measured   an H200, TFLOP/s of float16 at 4096 x 4096 x 4096 (cuBLAS 752): 332 by 128x128/64x64/4x3. Without copies 479,
//            without ldmatrix too 573. Copies past the first-level cache (.cg) 253; so, with fragments read right before
//            their use 250 (at depth 768 and 768 columns 119 for 135), 256x128 and 128x256 in two stages 222...226, in four
//            of two chunks 197...200. tf32x3 (.cg): 62 by 64x64/32x32/8x2, cuBLAS's float32 50. See
//            Benchmarks/results/2026-11-28-h200
// Reference  Sources/CPUBackend/Linear.swift

#ifndef HAS_BIAS
#define HAS_BIAS 1
#endif
#ifndef WHOLE_CHUNKS
#define WHOLE_CHUNKS 0  // 1: depth is a multiple of CHUNK, x and weight begin at multiples of 16 bytes; 0: anything
#endif
#ifndef TILE_ROWS
#define TILE_ROWS 128  // rows of out per work-group: a multiple of WARP_ROWS
#endif
#ifndef TILE_COLUMNS
#define TILE_COLUMNS 128  // columns of out per work-group: a multiple of WARP_COLUMNS
#endif
#ifndef WARP_ROWS
#define WARP_ROWS 64  // rows of out per warp: 16, 32 or 64; with SPLITS 64 x 32 at most, for a warp has the sums twice; of
// a warpgroup 64 or 128
#endif
#ifndef WARP_COLUMNS
#define WARP_COLUMNS 64  // columns of out per warp: 16, 32 or 64; of a warpgroup also 128 or 256
#endif
#ifndef TILE_CHUNKS
#define TILE_CHUNKS 4  // chunks of k per step: 4 or 8
#endif
#ifndef STAGES
#define STAGES 2  // pairs of tiles in local memory: 2, 3 or 4
#endif
#ifndef PREFETCHES
// 1: a step's fragments are read while those of the last are multiplied. On an H200: float16 by 64 x 64 a warp 1...13 % more,
// tf32x3 10...20 %; float16 in two stages, where copies must be waited for a step earlier, or with fewer products a step up to
// 21 % less
#define PREFETCHES (WARPGROUP_SIZE == 1 && (SPLITS || (STAGES > 2 && WARP_ROWS * WARP_COLUMNS > 64 * 32)))
#endif
#define BAND 8  // rows of tiles that are dealt together
#define WARPS_DOWN (TILE_ROWS / WARP_ROWS)
#define WARPS (WARPS_DOWN * (TILE_COLUMNS / WARP_COLUMNS))
#define WARPGROUP_ITEMS (32 * WARPGROUP_SIZE)
#define ITEMS (WARPGROUP_ITEMS * WARPS)
#define M_TILES (WARP_ROWS / (16 * WARPGROUP_SIZE))
#define N_TILES (WARP_COLUMNS / 8)
#define PAIR_CHUNKS ((TILE_ROWS + TILE_COLUMNS) * TILE_CHUNKS)
#define COPIES(height) ((height) * TILE_CHUNKS / ITEMS)  // chunks that an item copies, of one column and of several rows
#if TILE_ROWS * TILE_CHUNKS % ITEMS || TILE_COLUMNS * TILE_CHUNKS % ITEMS
#error "the chunks of a tile must be a multiple of the work-items"
#endif
#define TILE_DEPTH (TILE_CHUNKS * CHUNK)
#define STEPS (TILE_CHUNKS / 2)  // of the engine in a tile: 2 or 4, so that fragments have two places in turn

// Starts this item's copies of a tile of `height` rows, of each the chunk that begins `column` elements behind `source`;
// zeros where that is behind the depth.
INLINE void copy_tile(
    const int height, __global const REAL *source, const int *offsets, int column, int depth, int lid,
    __local uint4 *tile) {
  UNROLL_WARP for (int copy = 0; copy < COPIES(height); ++copy) {
    int i = lid + copy * ITEMS;
    __local uint4 *to = tile + chunk_place(TILE_CHUNKS, i / TILE_CHUNKS, i & (TILE_CHUNKS - 1));
    __global const REAL *from = source + column + offsets[copy];
#if WHOLE_CHUNKS
    copy_chunk(to, from, column < depth);
#else
    for (int e = 0; e < CHUNK; ++e) ((__local REAL *)to)[e] = column + e < depth ? from[e] : (REAL)0;
#endif
  }
}

#if WARPGROUP_SIZE == 1
// A warp's fragments of step `step` (2 chunks of k) of a pair of tiles.
INLINE void load_step(
    __local const uint4 *pair, int step, int warp_row, int warp_column, WARP warp, uint *x, uint *weights) {
  __local const uint4 *weight_tile = pair + TILE_ROWS * TILE_CHUNKS;
  int x_row = warp_row + a_row(warp.lane);
  int weight_row = warp_column + b_row(warp.lane);
  UNROLL_WARP for (int m = 0; m < M_TILES; ++m)
    load_fragments(
        x + A_WORDS * m, pair, chunk_place(TILE_CHUNKS, x_row + 16 * m, 2 * step + a_chunk(warp.lane)), warp);
  UNROLL_WARP for (int n = 0; n < N_TILES; n += 2)
    load_fragments(
        weights + B_WORDS * n, weight_tile,
        chunk_place(TILE_CHUNKS, weight_row + 8 * n, 2 * step + b_chunk(warp.lane)), warp);
}
#endif

// RESULT_RUN neighbouring elements of a row at p, of which `left` remain.
INLINE void store_run(float first, float second, __global REAL *p, int left, bool even) {
#if RESULT_RUN == 1
  if (left > 0) store_one(first, p);
#elif PRECISION == 0
  if (left > 0) p[0] = first;
  if (left > 1) p[1] = second;
#else
  uint word = pack_two(first, second);
  if (even && left > 1) {
    *(__global uint *)p = word;
  } else {
    if (left > 0) p[0] = (REAL)word;
    if (left > 1) p[1] = (REAL)(word >> 16);
  }
#endif
}

__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void linear_mma(
    __global const REAL *x, __global const REAL *weight, __global const REAL *bias, __global REAL *out, int rows,
    int columns, int depth, int x_row, int out_row) {
  __local uint4 tiles[STAGES * PAIR_CHUNKS] __attribute__((aligned(TILE_ALIGNMENT)));
#if EMULATED && WARPGROUP_SIZE == 1
  __local uint words[WARPS * WARP_WORDS(M_TILES, N_TILES)];
#endif
  int lid = get_local_id(0);
  int index = lid / WARPGROUP_ITEMS;
  WARP warp;
  warp.lane = lid & 31;
#if EMULATED && WARPGROUP_SIZE == 1
  warp.words = words + index * WARP_WORDS(M_TILES, N_TILES);
#endif
  int across = (columns + TILE_COLUMNS - 1) / TILE_COLUMNS;
  int down = (rows + TILE_ROWS - 1) / TILE_ROWS;
  int group = get_group_id(0);
  int band = group / (BAND * across);
  int height = min(BAND, down - band * BAND);
  int place = group - band * BAND * across;
  int tile_column = place / height;
  int first_row = (band * BAND + place - tile_column * height) * TILE_ROWS;
  int first_column = tile_column * TILE_COLUMNS;
  int warp_column = index / WARPS_DOWN * WARP_COLUMNS;
  int warp_row = (index - index / WARPS_DOWN * WARPS_DOWN) * WARP_ROWS;
  x += (size_t)(x_row + first_row) * depth;
  weight += (size_t)first_column * depth;
  rows -= first_row;
  float sums[M_TILES * N_TILES * 4];
  UNROLL_WARP for (int i = 0; i < M_TILES * N_TILES * 4; ++i) sums[i] = 0.0f;
  int x_offsets[COPIES(TILE_ROWS)], weight_offsets[COPIES(TILE_COLUMNS)];
  // Where the rows that this item copies begin, in elements from the tile's first. Rows behind the last repeat it: nobody
  // keeps what becomes of them.
  UNROLL_WARP for (int copy = 0; copy < COPIES(TILE_ROWS); ++copy)
    x_offsets[copy] = min(lid / TILE_CHUNKS + copy * (ITEMS / TILE_CHUNKS), rows - 1) * depth;
  UNROLL_WARP for (int copy = 0; copy < COPIES(TILE_COLUMNS); ++copy)
    weight_offsets[copy] =
        min(lid / TILE_CHUNKS + copy * (ITEMS / TILE_CHUNKS), columns - first_column - 1) * depth;
  int column_of_item = (lid & (TILE_CHUNKS - 1)) * CHUNK;
  int stage = 0;
#define COPY_PAIR(k, stage) \
  copy_tile(TILE_ROWS, x, x_offsets, (k) + column_of_item, depth, lid, tiles + (stage)*PAIR_CHUNKS); \
  copy_tile( \
      TILE_COLUMNS, weight, weight_offsets, (k) + column_of_item, depth, lid, \
      tiles + (stage)*PAIR_CHUNKS + TILE_ROWS * TILE_CHUNKS); \
  commit_copies()
  UNROLL_WARP for (int i = 0; i < STAGES - 1; ++i) {
    COPY_PAIR(i * TILE_DEPTH, i);
  }
#if WARPGROUP_SIZE == 4
  int row_of_warp = lid / 32 % WARPGROUP_SIZE * 16;
  for (int k = 0; k < depth; k += TILE_DEPTH) {
    int pair = stage * PAIR_CHUNKS;
    wait_for_copies(STAGES - 2);
    show_copies();
    barrier(CLK_LOCAL_MEM_FENCE);
    begin_products();
    UNROLL_WARP for (int step = 0; step < STEPS; ++step) {
      UNROLL_WARP for (int m = 0; m < M_TILES; ++m)
        multiply_warpgroup(
            tiles, pair + (warp_row + 64 * m) * TILE_CHUNKS, pair + (TILE_ROWS + warp_column) * TILE_CHUNKS, step,
            row_of_warp, sums + m * N_TILES * 4, warp);
    }
    commit_products();
    // Beside the products, into the pair that was multiplied last: all warps are done with it, or they would not have come by.
    COPY_PAIR(k + (STAGES - 1) * TILE_DEPTH, stage == 0 ? STAGES - 1 : stage - 1);
    UNROLL_WARP for (int m = 0; m < M_TILES; ++m) wait_for_products(sums + m * N_TILES * 4);
    stage = stage == STAGES - 1 ? 0 : stage + 1;
  }
#else
  int row_of_warp = 0;
  uint x_words[2][A_WORDS * M_TILES], weight_words[2][B_WORDS * N_TILES];
#if SPLITS
  float partial[M_TILES * N_TILES * 4];
#else
  float *partial = sums;
#endif
#if PREFETCHES
  wait_for_copies(STAGES - 2);
  barrier(CLK_LOCAL_MEM_FENCE);
  load_step(tiles, 0, warp_row, warp_column, warp, x_words[0], weight_words[0]);
#endif
  for (int k = 0; k < depth; k += TILE_DEPTH) {
    __local const uint4 *pair = tiles + stage * PAIR_CHUNKS;
    int next = stage == STAGES - 1 ? 0 : stage + 1;
#if !PREFETCHES
    wait_for_copies(STAGES - 2);
    barrier(CLK_LOCAL_MEM_FENCE);
#endif
    UNROLL_WARP for (int step = 0; step < STEPS; ++step) {
      int of = step & 1;
#if PREFETCHES
      if (step == STEPS - 1) {
        wait_for_copies(STAGES - 2);
        barrier(CLK_LOCAL_MEM_FENCE);
        load_step(tiles + next * PAIR_CHUNKS, 0, warp_row, warp_column, warp, x_words[1 - of], weight_words[1 - of]);
      } else {
        load_step(pair, step + 1, warp_row, warp_column, warp, x_words[1 - of], weight_words[1 - of]);
      }
#endif
      if (step == 0) {
        // Into the pair that was multiplied last; zeros behind the last tile, which nobody keeps.
        int free = stage == 0 ? STAGES - 1 : stage - 1;
        COPY_PAIR(k + (STAGES - 1) * TILE_DEPTH, free);
      }
#if !PREFETCHES
      load_step(pair, step, warp_row, warp_column, warp, x_words[of], weight_words[of]);
#endif
#if SPLITS
      if (of == 0) {
        UNROLL_WARP for (int i = 0; i < M_TILES * N_TILES * 4; ++i) partial[i] = 0.0f;
      }
#endif
      multiply_fragments(M_TILES, N_TILES, x_words[of], weight_words[of], partial, warp);
#if SPLITS
      if (of == 1) {
        UNROLL_WARP for (int i = 0; i < M_TILES * N_TILES * 4; ++i) sums[i] += partial[i];
      }
#endif
    }
    stage = next;
  }
#endif
  out += (size_t)(out_row + first_row) * columns;
  bool even = (columns & 1) == 0 && ((size_t)out & (2 * sizeof(REAL) - 1)) == 0;
  int column = first_column + warp_column + result_column(warp.lane);
  UNROLL_WARP for (int n = 0; n < WARP_COLUMNS / RESULT_WIDTH; ++n) {
    int left = columns - (column + RESULT_WIDTH * n);
    float first_bias = 0.0f, second_bias = 0.0f;
#if HAS_BIAS
    if (left > 0) first_bias = load_one(bias + column + RESULT_WIDTH * n);
    if (RESULT_RUN == 2 && left > 1) second_bias = load_one(bias + column + RESULT_WIDTH * n + 1);
#endif
    UNROLL_WARP for (int m = 0; m < M_TILES; ++m) {
      UNROLL_WARP for (int i = 0; i < RESULT_ROWS; ++i) {
        int row = warp_row + m * 16 * WARPGROUP_SIZE + row_of_warp + result_row(warp.lane, i);
        const float *run = sums + ((m * (WARP_COLUMNS / RESULT_WIDTH) + n) * RESULT_ROWS + i) * RESULT_RUN;
        // + 0: a chain that underflowed to -0 ends in 0 where zeros fill up the last tile, so it does everywhere.
        float first = activate_one((run[0] + 0.0f) + first_bias);
        float second = RESULT_RUN == 2 ? activate_one((run[RESULT_RUN - 1] + 0.0f) + second_bias) : 0.0f;
        if (row < rows) store_run(first, second, out + (size_t)row * columns + column + RESULT_WIDTH * n, left, even);
      }
    }
  }
}
