// SPDX-License-Identifier: Apache-2.0
// attention_gradient_tiled: the backward pass of attention on GPUs, the weights recomputed from the forward pass's
// log-sum-exp: no score matrix leaves the work-group.
//
// What attention_gradient.cl computes, in two kernels, so that no two work-groups write one element: OF_KEYS 0 has the
// gradient of the query, and writes delta[t,h] = dout[t,h,:] . out[t,h,:] down; OF_KEYS 1, after it, those of key and value.
//
// Shapes     as in attention_gradient.cl; delta [rows of query, heads] float
// Defines    HEAD_SIZE; CAUSAL; HAS_DROPOUT: without it seed, site, threshold and keep_scale are no arguments; OF_KEYS;
//            ROW_ITEMS, see below
// Launch     3-D: dim 0 = ceil(longest query sequence / TILE_ROWS) * ITEMS, dim 1 = heads, dim 2 = sequences; local =
//            (ITEMS, 1, 1). attention_gradient_clear has what neither kernel writes. No two sequences share a key
// Schedule   a group owns TILE_ROWS rows, queries or keys, and takes the others TILE_OTHERS at a time, the columns of the
//            products: an item computes ITEM_ROWS x ITEM_OTHERS scores and gradients of weights from slices in local memory,
//            the results go there, and each item has ITEM_ROWS x ITEM_COLUMNS elements of the sums over the others
// Numerics   fp32; each score and each sum is one fma chain, over the columns or over the others from the sequence's first.
//            The weight of a hidden key is 0
// Aliasing   none but that of dquery, dkey and dvalue
// Reference  Sources/CPUBackend/Training/AttentionGradient.swift
// Counted    (machine code for sm_80 / sm_90, no GPU ran) no spills for heads of 32, 64 and 128, with dropout or without;
//            heads of 64: by queries 117 / 125 registers, with dropout 148 / 150, 21 KiB; by keys 151 / 163, with dropout
//            213 / 166, 25 KiB

#ifndef HEAD_SIZE
#define HEAD_SIZE 64
#endif
#ifndef CAUSAL
#define CAUSAL 0
#endif
#ifndef HAS_DROPOUT
#define HAS_DROPOUT 0
#endif
#ifndef OF_KEYS
#define OF_KEYS 0
#endif
#ifndef ROW_ITEMS
#define ROW_ITEMS 8  // work-items across the rows of a tile: a power of two
#endif
#define ITEM_ROWS 4    // rows of a work-item: as many keys as one draw serves
#define OTHER_ITEMS 16  // work-items across the others, and then across the columns of the sums
#define ITEM_OTHERS 4
#define ITEMS (OTHER_ITEMS * ROW_ITEMS)
#define TILE_ROWS (ROW_ITEMS * ITEM_ROWS)
#define TILE_OTHERS (OTHER_ITEMS * ITEM_OTHERS)
#define ITEM_COLUMNS ((HEAD_SIZE + OTHER_ITEMS - 1) / OTHER_ITEMS)
#define TILE_COLUMNS (OTHER_ITEMS * ITEM_COLUMNS)
#define COLUMN_RUN SHARE_RUN(ITEM_COLUMNS)
#define SLICE (HEAD_SIZE > 24 ? 32 : (HEAD_SIZE + 7) / 8 * 8)  // columns of both factors in local memory: a multiple of 8
#define SUMMED_ROWS (TILE_COLUMNS <= 32 ? 64 : TILE_COLUMNS <= 64 ? 32 : TILE_COLUMNS <= 128 ? 16 : 8)  // of a factor there
// Where the weights of other j are, as in attention_tiled.cl.
#define WEIGHT_ROW(j) ((j) * TILE_ROWS + (j) / 4 * 4)
#define SLICE_FLOATS (SLICE * (TILE_STRIDE(TILE_ROWS) + TILE_STRIDE(TILE_OTHERS)))
#define STAGED_FLOATS LARGER(SLICE_FLOATS, (1 + OF_KEYS) * WEIGHT_ROW(TILE_OTHERS))
#define LOG2_E 1.44269504f
// Registers hold no wider head, and unrolling one of thousands of floats takes a compiler minutes.
#if ITEM_COLUMNS * ITEM_ROWS <= 64
#define UNROLL_HEAD _Pragma("unroll")
#else
#define UNROLL_HEAD _Pragma("unroll 1")
#endif

// Columns d..<d + SLICE of `rows` rows to local memory, exchanged. Rows behind the last repeat it.
INLINE void load_slice(
    const int height, __global const float *source, int stride, int rows, int d, bool aligned, __local float *tile) {
  for (int i = get_local_id(0); i < height * (SLICE / 4); i += ITEMS) {
    int column = d + QUAD_COLUMN(height, i);
    int row = min(QUAD_ROW(height, i), rows - 1);
    place_quad(tile, height, i, load_quad(source + (size_t)row * stride + column, HEAD_SIZE - column, aligned));
  }
}

// products[r][c] = row r . other c, of an item's rows and others, by way of local memory.
INLINE void multiply_tile(
    __global const float *rows, int row_stride, int row_count, bool rows_aligned, __global const float *others,
    int other_stride, int other_count, bool others_aligned, int row_item, int other_item, bool is_busy,
    __local float *row_tile, float products[ITEM_ROWS][ITEM_OTHERS]) {
  __local float *other_tile = row_tile + SLICE * TILE_STRIDE(TILE_ROWS);
#pragma unroll
  for (int r = 0; r < ITEM_ROWS; ++r)
#pragma unroll
    for (int c = 0; c < ITEM_OTHERS; ++c) products[r][c] = 0.0f;
  for (int d = 0; d < HEAD_SIZE; d += SLICE) {
    barrier(CLK_LOCAL_MEM_FENCE);
    load_slice(TILE_ROWS, rows, row_stride, row_count, d, rows_aligned, row_tile);
    load_slice(TILE_OTHERS, others, other_stride, other_count, d, others_aligned, other_tile);
    barrier(CLK_LOCAL_MEM_FENCE);
    if (is_busy) {
#pragma unroll 4
      for (int i = 0; i < SLICE; ++i) {
        float x[ITEM_ROWS], y[ITEM_OTHERS];
        read_share(row_tile + i * TILE_STRIDE(TILE_ROWS), ITEM_ROWS, ROW_ITEMS, row_item, x);
        read_share(other_tile + i * TILE_STRIDE(TILE_OTHERS), ITEM_OTHERS, OTHER_ITEMS, other_item, y);
#pragma unroll
        for (int r = 0; r < ITEM_ROWS; ++r)
#pragma unroll
          for (int c = 0; c < ITEM_OTHERS; ++c) products[r][c] = fma(x[r], y[c], products[r][c]);
      }
    }
  }
}

INLINE void place_weights(
    int row_item, int other_item, float values[ITEM_ROWS][ITEM_OTHERS], __local float *weights) {
#pragma unroll
  for (int c = 0; c < ITEM_OTHERS; ++c) {
    float run[ITEM_ROWS];
#pragma unroll
    for (int r = 0; r < ITEM_ROWS; ++r) run[r] = values[r][c];
    write_run(run, ITEM_ROWS, weights + WEIGHT_ROW(other_item * ITEM_OTHERS + c) + row_item * ITEM_ROWS);
  }
}

// totals[r] += sum_j weights[j][r] * others[j] over `count` others, by way of local memory.
INLINE void add_others(
    __global const float *others, int stride, int count, bool aligned, int row_item, int other_item, bool is_busy,
    __local const float *weights, __local float4 *tile, float totals[ITEM_ROWS][ITEM_COLUMNS]) {
  for (int first = 0; first < count; first += SUMMED_ROWS) {
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int i = get_local_id(0); i < SUMMED_ROWS * (TILE_COLUMNS / 4); i += ITEMS) {
      int row = i / (TILE_COLUMNS / 4);
      // Not i %, which is a freeze that Oclgrind 21.10 --uninitialized lacks.
      int column = (i - mul24(row, TILE_COLUMNS / 4)) * 4;
      int left = first + row < count ? HEAD_SIZE - column : 0;
      tile[i] = load_quad(others + (size_t)(first + row) * stride + column, left, aligned);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    if (is_busy) {
#pragma unroll 4
      for (int j = 0; j < SUMMED_ROWS; ++j) {
        float w[ITEM_ROWS];
        read_run(weights + WEIGHT_ROW(first + j) + row_item * ITEM_ROWS, ITEM_ROWS, w);
        __local const float *line = (__local const float *)tile + j * TILE_COLUMNS;
        UNROLL_HEAD for (int c = 0; c < ITEM_COLUMNS; c += COLUMN_RUN) {
          float x[COLUMN_RUN];
          read_run(line + SHARE(ITEM_COLUMNS, OTHER_ITEMS, other_item, c), COLUMN_RUN, x);
#pragma unroll
          for (int u = 0; u < COLUMN_RUN; ++u)
#pragma unroll
            for (int r = 0; r < ITEM_ROWS; ++r) totals[r][c + u] = fma(w[r], x[u], totals[r][c + u]);
        }
      }
    }
  }
}

INLINE void store_totals(
    float totals[ITEM_ROWS][ITEM_COLUMNS], int row_item, int other_item, int rows, __global float *out, int stride) {
  UNROLL_HEAD for (int c = 0; c < ITEM_COLUMNS; ++c) {
    int d = SHARE(ITEM_COLUMNS, OTHER_ITEMS, other_item, c);
#pragma unroll
    for (int r = 0; r < ITEM_ROWS; ++r) {
      int row = row_item * ITEM_ROWS + r;
      if (row < rows && d < HEAD_SIZE) out[(size_t)row * stride + d] = totals[r][c];
    }
  }
}

INLINE bool can_load_quads(__global const float *p, int stride) {
  return HEAD_SIZE % 4 == 0 && stride % 4 == 0 && is_aligned(p);
}

#if OF_KEYS
#define KERNEL attention_gradient_key
#else
#define KERNEL attention_gradient_query
#endif
__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void KERNEL(
    __global const float *dout, __global const float *out, __global const float *log_sum_exp,
    __global const float *query, __global const float *key, __global const float *value,
    __global const int *query_offsets, __global const int *key_starts, __global const int *key_ends,
#if HAS_DROPOUT
    __global const uint *seed,
#endif
    __global float *dquery, __global float *dkey, __global float *dvalue, __global float *delta, int heads,
    int query_stride, int key_stride, int value_stride, int query_column, int key_column, int value_column, float scale
#if HAS_DROPOUT
    , uint site, uint threshold, float keep_scale
#endif
) {
  __local float4 staged[(STAGED_FLOATS + 3) / 4];  // slices of two factors; then, others by rows, the weights
  __local float4 summed[SUMMED_ROWS * TILE_COLUMNS / 4];
#if !OF_KEYS
  __local float row_terms[2 * TILE_ROWS];  // each query's log-sum-exp and delta
#endif
  __local float *slices = (__local float *)staged;
  int other_item = get_local_id(0) % OTHER_ITEMS;
  int row_item = get_local_id(0) / OTHER_ITEMS;
  int h = get_group_id(1);
  int sequence = get_group_id(2);
  int column = h * HEAD_SIZE;
  int width = heads * HEAD_SIZE;
  int first_query = query_offsets[sequence];
  int queries = query_offsets[sequence + 1] - first_query;
  int first_key = key_starts[sequence];
  int keys = key_ends[sequence] - first_key;
  query += (size_t)first_query * query_stride + query_column + column;
  key += (size_t)first_key * key_stride + key_column + column;
  value += (size_t)first_key * value_stride + value_column + column;
  size_t out_start = (size_t)first_query * width + column;
  dout += out_start;
  out += out_start;
  log_sum_exp += (size_t)first_query * heads + h;
  delta += (size_t)first_query * heads + h;
  bool query_aligned = can_load_quads(query, query_stride);
  bool key_aligned = can_load_quads(key, key_stride);
  bool value_aligned = can_load_quads(value, value_stride);
  bool dout_aligned = can_load_quads(dout, width);
  // A sequence without queries has no gradient here; attention_gradient_clear writes its keys' zeros. Keys may be more
  // than the launch counts on, so a group has a tile in each round.
  int end = queries > 0 ? (OF_KEYS ? keys : queries) : 0;
  for (int first_row = (int)get_group_id(0) * TILE_ROWS; first_row < end;
       first_row += (int)get_num_groups(0) * TILE_ROWS) {
    int rows = min(TILE_ROWS, end - first_row);
    int others = OF_KEYS ? queries : keys;
    int first_other = 0;
#if CAUSAL
    // The first query that sees the group's first key, or the keys that its last query sees.
    if (OF_KEYS)
      first_other = clamp(first_row - (keys - queries), 0, others) / TILE_OTHERS * TILE_OTHERS;
    else
      others = clamp(keys - queries + first_row + rows, 0, others);
#endif
    bool is_busy = row_item * ITEM_ROWS < rows;
#if !OF_KEYS
    barrier(CLK_LOCAL_MEM_FENCE);  // the terms of the round before have been read
    for (int i = get_local_id(0); i < rows; i += ITEMS) {
      size_t t = first_row + i;
      float sum = 0.0f;
      for (int d = 0; d < HEAD_SIZE; ++d) sum = fma(dout[t * width + d], out[t * width + d], sum);
      delta[t * heads] = sum;
      row_terms[2 * i] = log_sum_exp[t * heads];
      row_terms[2 * i + 1] = sum;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
#endif
    float totals[1 + OF_KEYS][ITEM_ROWS][ITEM_COLUMNS];
#pragma unroll
    for (int k = 0; k <= OF_KEYS; ++k)
#pragma unroll
      for (int r = 0; r < ITEM_ROWS; ++r)
        UNROLL_HEAD for (int c = 0; c < ITEM_COLUMNS; ++c) totals[k][r][c] = 0.0f;
    for (int start = first_other; start < others; start += TILE_OTHERS) {
      int count = min(TILE_OTHERS, others - start);
      float p[ITEM_ROWS][ITEM_OTHERS], ds[ITEM_ROWS][ITEM_OTHERS];
      int t_start = OF_KEYS ? start : first_row;
      int j_start = OF_KEYS ? first_row : start;
      __global const float *q = query + (size_t)t_start * query_stride;
      __global const float *g = dout + (size_t)t_start * width;
      __global const float *k = key + (size_t)j_start * key_stride;
      __global const float *v = value + (size_t)j_start * value_stride;
#if OF_KEYS
#define MULTIPLY(x, x_stride, x_aligned, y, y_stride, y_aligned, products) \
    multiply_tile( \
        y, y_stride, rows, y_aligned, x, x_stride, count, x_aligned, row_item, other_item, is_busy, slices, products)
#else
#define MULTIPLY(x, x_stride, x_aligned, y, y_stride, y_aligned, products) \
    multiply_tile( \
        x, x_stride, rows, x_aligned, y, y_stride, count, y_aligned, row_item, other_item, is_busy, slices, products)
#endif
      MULTIPLY(q, query_stride, query_aligned, k, key_stride, key_aligned, p);
      MULTIPLY(g, width, dout_aligned, v, value_stride, value_aligned, ds);
      barrier(CLK_LOCAL_MEM_FENCE);  // the slices have been read
      if (is_busy) {
        // i counts the queries of this item, u the four neighbouring keys.
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          int t = t_start + (OF_KEYS ? other_item : row_item) * 4 + i;
          int first = j_start + (OF_KEYS ? row_item : other_item) * 4;
          bool exists = t < queries;
#if OF_KEYS
          float log_sum = exists ? log_sum_exp[(size_t)t * heads] : 0.0f;
          float query_delta = exists ? delta[(size_t)t * heads] : 0.0f;
#else
          float log_sum = exists ? row_terms[2 * (row_item * 4 + i)] : 0.0f;
          float query_delta = exists ? row_terms[2 * (row_item * 4 + i) + 1] : 0.0f;
#endif
#if CAUSAL
          int seen = exists ? min(keys, keys - queries + t + 1) : 0;
#else
          int seen = exists ? keys : 0;
#endif
#if HAS_DROPOUT
          UVEC draws[4];
          uint row = (uint)(first_query + t) * (uint)heads + (uint)h;
          philox((uint)first / 4, row, site, seed[0], seed[1], draws);
#endif
#pragma unroll
          for (int u = 0; u < 4; ++u) {
            int r = OF_KEYS ? u : i;
            int c = OF_KEYS ? i : u;
            float weight = first + u < seen ? exp2(p[r][c] * (scale * LOG2_E) - log_sum * LOG2_E) : 0.0f;
            float kept = weight;
            float dp = ds[r][c];
#if HAS_DROPOUT
            kept = draws[u] < threshold ? 0.0f : weight * keep_scale;
            dp = draws[u] < threshold ? 0.0f : dp * keep_scale;
#endif
            p[r][c] = kept;
            ds[r][c] = first + u < seen ? weight * scale * (dp - query_delta) : 0.0f;
          }
        }
#if OF_KEYS
        place_weights(row_item, other_item, p, slices);
#endif
        place_weights(row_item, other_item, ds, slices + OF_KEYS * WEIGHT_ROW(TILE_OTHERS));
      }
#if OF_KEYS
      add_others(g, width, count, dout_aligned, row_item, other_item, is_busy, slices, summed, totals[0]);
      add_others(
          q, query_stride, count, query_aligned, row_item, other_item, is_busy, slices + WEIGHT_ROW(TILE_OTHERS), summed,
          totals[1]);
#else
      add_others(k, key_stride, count, key_aligned, row_item, other_item, is_busy, slices, summed, totals[0]);
#endif
    }
    if (is_busy) {
#if OF_KEYS
      size_t row = (size_t)first_key + first_row;
      store_totals(totals[0], row_item, other_item, rows, dvalue + row * value_stride + value_column + column, value_stride);
      store_totals(totals[1], row_item, other_item, rows, dkey + row * key_stride + key_column + column, key_stride);
#else
      size_t row = (size_t)first_query + first_row;
      store_totals(totals[0], row_item, other_item, rows, dquery + row * query_stride + query_column + column, query_stride);
#endif
    }
  }
}
