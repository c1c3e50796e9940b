// SPDX-License-Identifier: Apache-2.0
// attention_tiled: attention on GPUs: softmax(scale Q K^T) V per head over packed sequences, in one pass: no score
// matrix leaves the work-group.
//
//   out[t,h,:] = sum_j p[t,j] value[j,h,:],   p[t,:] = softmax_j(scale * query[t,h,:] . key[j,h,:])
//
// With CAUSAL, query i of a sequence of n queries and m keys sees the keys j <= i + m - n alone. For training there are
// SAVES_LOG_SUM_EXP and HAS_DROPOUT, as in attention.cl.
//
// Shapes     as in attention.cl
// Defines    HEAD_SIZE; CAUSAL; SAVES_LOG_SUM_EXP; HAS_DROPOUT; QUERY_ITEMS and ITEM_QUERIES, see below
// Launch     3-D: dim 0 = ceil(longest query sequence / TILE_QUERIES) * ITEMS, dim 1 = heads, dim 2 = sequences;
//            local = (ITEMS, 1, 1). Blocks past the end of a shorter sequence do nothing
// Schedule   for each TILE_KEYS keys, an item computes ITEM_QUERIES x ITEM_KEYS scores from slices of Q and K in local
//            memory, the items of a query agree on its largest, and the weights go through local memory to where each
//            item has ITEM_QUERIES x ITEM_COLUMNS elements of the result. Items without a query only load
// Numerics   online softmax in fp32 (base 2, the scale folded into the query), keys in blocks counted from the
//            sequence's first; a query that sees nothing gives zeros, the weight of a hidden key is 0. Each score is an
//            fma chain over the columns, each element of the result one over the keys, and the sum of the weights
//            KEY_ITEMS chains: none of them depends on QUERY_ITEMS, ITEM_QUERIES or other queries. A query's bits are
//            the same with hidden keys and without them
// Aliasing   none
// Reference  Sources/CPUBackend/Attention.swift
// Counted    (machine code for sm_80 / sm_90, no GPU ran; Benchmarks/results/2026-11-24-gpu-offline) no spills for
//            heads of 32, 64 and 128, causal or not; heads of 64: tiles of 64 queries 157 / 157 registers, 29 KiB, 3
//            groups per multiprocessor, 89 and 88 % FFMA in the two loops; of 32: 89 / 87, 23 KiB, 4, 83 %;
//            of 8: 48 / 48, 19 KiB, 8 / 9. In training, heads of 64: 159 / 161, with dropout 212 / 211, no spills

#ifndef HEAD_SIZE
#define HEAD_SIZE 64
#endif
#ifndef CAUSAL
#define CAUSAL 0
#endif
#ifndef SAVES_LOG_SUM_EXP
#define SAVES_LOG_SUM_EXP 0
#endif
#ifndef HAS_DROPOUT
#define HAS_DROPOUT 0
#endif
#ifndef QUERY_ITEMS
#define QUERY_ITEMS 8  // work-items across the queries of a tile: a power of two
#endif
#ifndef ITEM_QUERIES
#define ITEM_QUERIES 8  // queries of a work-item: 1, 2, 4 or 8
#endif
#define KEY_ITEMS 16  // work-items across the keys, and then across the columns of the result
#define ITEM_KEYS 4
#define ITEMS (KEY_ITEMS * QUERY_ITEMS)
#define TILE_QUERIES (QUERY_ITEMS * ITEM_QUERIES)
#define TILE_KEYS (KEY_ITEMS * ITEM_KEYS)
#define ITEM_COLUMNS ((HEAD_SIZE + KEY_ITEMS - 1) / KEY_ITEMS)
#define TILE_COLUMNS (KEY_ITEMS * ITEM_COLUMNS)
#define COLUMN_RUN SHARE_RUN(ITEM_COLUMNS)
#define QUERY_RUN SHARE_RUN(ITEM_QUERIES)
#define STORED (ITEM_COLUMNS % 4 == 0 ? 4 : 1)  // neighbouring columns that an item stores at once
#define SLICE (HEAD_SIZE > 24 ? 32 : (HEAD_SIZE + 7) / 8 * 8)  // columns of Q and K in local memory: a multiple of 8
#define VALUE_KEYS (TILE_COLUMNS <= 32 ? 64 : TILE_COLUMNS <= 64 ? 32 : TILE_COLUMNS <= 128 ? 16 : 8)  // V's rows there
// Where key j's weights are: a quad more every ITEM_KEYS rows, so that the stores of neighbouring
// items meet no bank twice.
#define WEIGHT_ROW(j) ((j) * TILE_QUERIES + (j) / 4 * 4)
#define SLICE_FLOATS (SLICE * (TILE_STRIDE(TILE_QUERIES) + TILE_STRIDE(TILE_KEYS)))
#define STAGED_FLOATS LARGER(SLICE_FLOATS, WEIGHT_ROW(TILE_KEYS))
#define LOG2_E 1.44269504f
#define LN_2 0.693147181f
#define LOWEST (-3.402823466e+38f)  // finite, so that the first correction is exp2(LOWEST - m) and never inf - inf
// Registers hold no wider head, and unrolling one of thousands of floats takes a compiler minutes.
#if ITEM_COLUMNS * ITEM_QUERIES <= 64
#define UNROLL_HEAD _Pragma("unroll")
#else
#define UNROLL_HEAD _Pragma("unroll 1")
#endif

// Columns d..<d + SLICE of `rows` rows to local memory, exchanged and times `scale`. Rows behind the last repeat it.
INLINE void load_slice(
    const int height, __global const REAL *source, int stride, int rows, int d, float scale, bool aligned,
    __local float *tile) {
  for (int i = get_local_id(0); i < height * (SLICE / 4); i += ITEMS) {
    int column = d + QUAD_COLUMN(height, i);
    int row = min(QUAD_ROW(height, i), rows - 1);
    float4 v = load_quad(source + (size_t)row * stride + column, HEAD_SIZE - column, aligned);
    place_quad(tile, height, i, v * scale);
  }
}

// Rows of V to local memory, zeros behind the last row and the last column.
INLINE void load_values(__global const REAL *source, int stride, int rows, bool aligned, __local float4 *tile) {
  for (int i = get_local_id(0); i < VALUE_KEYS * (TILE_COLUMNS / 4); i += ITEMS) {
    int row = i / (TILE_COLUMNS / 4);
    // Not i %, which is a freeze that Oclgrind 21.10 --uninitialized lacks.
    int column = (i - mul24(row, TILE_COLUMNS / 4)) * 4;
    tile[i] = load_quad(source + (size_t)row * stride + column, row < rows ? HEAD_SIZE - column : 0, aligned);
  }
}

INLINE void score_slice(
    __local const float *query_tile, __local const float *key_tile, int key_item, int query_item,
    float scores[ITEM_QUERIES][ITEM_KEYS]) {
#pragma unroll 4
  for (int d = 0; d < SLICE; ++d) {
    float q[ITEM_QUERIES], k[ITEM_KEYS];
    read_share(query_tile + d * TILE_STRIDE(TILE_QUERIES), ITEM_QUERIES, QUERY_ITEMS, query_item, q);
    read_share(key_tile + d * TILE_STRIDE(TILE_KEYS), ITEM_KEYS, KEY_ITEMS, key_item, k);
#pragma unroll
    for (int r = 0; r < ITEM_QUERIES; ++r)
#pragma unroll
      for (int c = 0; c < ITEM_KEYS; ++c) scores[r][c] = fma(q[r], k[c], scores[r][c]);
  }
}

// The first key is row `first` of the weights.
INLINE void sum_values(
    __local const float *weights, __local const float *values, int first, int key_item, int query_item,
    float totals[ITEM_QUERIES][ITEM_COLUMNS]) {
#pragma unroll 1
  for (int four = 0; four < VALUE_KEYS; four += 4) {
    __local const float *rows = weights + WEIGHT_ROW(first + four);
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      float w[ITEM_QUERIES];
      read_share(rows + WEIGHT_ROW(j), ITEM_QUERIES, QUERY_ITEMS, query_item, w);
      __local const float *line = values + (four + j) * TILE_COLUMNS;
      UNROLL_HEAD for (int c = 0; c < ITEM_COLUMNS; c += COLUMN_RUN) {
        float v[COLUMN_RUN];
        read_run(line + SHARE(ITEM_COLUMNS, KEY_ITEMS, key_item, c), COLUMN_RUN, v);
#pragma unroll
        for (int u = 0; u < COLUMN_RUN; ++u)
#pragma unroll
          for (int r = 0; r < ITEM_QUERIES; ++r) totals[r][c + u] = fma(w[r], v[u], totals[r][c + u]);
      }
    }
  }
}

__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void attention_tiled(
    __global const REAL *query, __global const REAL *key, __global const REAL *value,
    __global const int *query_offsets, __global const int *key_starts, __global const int *key_ends,
#if HAS_DROPOUT
    __global const uint *seed,
#endif
    __global REAL *out,
#if SAVES_LOG_SUM_EXP
    __global float *log_sum_exp,
#endif
    int sequences, int heads, int query_stride, int key_stride, int value_stride, int out_stride, int query_column,
    int key_column, int value_column, float scale
#if HAS_DROPOUT
    , uint site, uint threshold, float keep_scale
#endif
) {
  __local float4 staged[(STAGED_FLOATS + 3) / 4];  // slices of Q and K; then, keys by queries, the weights
  __local float4 values[VALUE_KEYS * TILE_COLUMNS / 4];
  __local float4 parts[TILE_QUERIES * KEY_ITEMS / 4];  // what each item knows of its queries' largest score or sum
  __local float *query_tile = (__local float *)staged;
  __local float *key_tile = query_tile + SLICE * TILE_STRIDE(TILE_QUERIES);
  __local float *weights = (__local float *)staged;
  __local float *part = (__local float *)parts;
  int key_item = get_local_id(0) % KEY_ITEMS;
  int query_item = get_local_id(0) / KEY_ITEMS;
  int column = (int)get_group_id(1) * HEAD_SIZE;
  int sequence = get_group_id(2);
  int first_query = query_offsets[sequence] + (int)get_group_id(0) * TILE_QUERIES;
  int queries = min(TILE_QUERIES, query_offsets[sequence + 1] - first_query);
  int first_key = key_starts[sequence];
  int keys = queries > 0 ? key_ends[sequence] - first_key : 0;
  bool is_busy = SHARE(ITEM_QUERIES, QUERY_ITEMS, query_item, 0) < queries;
#if CAUSAL
  // Keys that the first query sees.
  int seen = queries > 0 ? keys - (query_offsets[sequence + 1] - first_query) + 1 : 0;
  keys = clamp(seen + queries - 1, 0, keys);
#endif
  query += (size_t)first_query * query_stride + query_column + column;
  key += (size_t)first_key * key_stride + key_column + column;
  value += (size_t)first_key * value_stride + value_column + column;
  out += (size_t)first_query * out_stride + column;
  bool query_aligned = HEAD_SIZE % 4 == 0 && query_stride % 4 == 0 && is_aligned(query);
  bool key_aligned = HEAD_SIZE % 4 == 0 && key_stride % 4 == 0 && is_aligned(key);
  bool value_aligned = HEAD_SIZE % 4 == 0 && value_stride % 4 == 0 && is_aligned(value);
  float totals[ITEM_QUERIES][ITEM_COLUMNS];
  float largest[ITEM_QUERIES], sums[ITEM_QUERIES];
#pragma unroll
  for (int r = 0; r < ITEM_QUERIES; ++r) {
    largest[r] = LOWEST;
    sums[r] = 0.0f;
    UNROLL_HEAD for (int c = 0; c < ITEM_COLUMNS; ++c) totals[r][c] = 0.0f;
  }
  for (int start = 0; start < keys; start += TILE_KEYS) {
    int count = min(TILE_KEYS, keys - start);
    float scores[ITEM_QUERIES][ITEM_KEYS];
#pragma unroll
    for (int r = 0; r < ITEM_QUERIES; ++r)
#pragma unroll
      for (int c = 0; c < ITEM_KEYS; ++c) scores[r][c] = 0.0f;
    for (int d = 0; d < HEAD_SIZE; d += SLICE) {
      barrier(CLK_LOCAL_MEM_FENCE);
      load_slice(TILE_QUERIES, query, query_stride, queries, d, scale * LOG2_E, query_aligned, query_tile);
      load_slice(TILE_KEYS, key + (size_t)start * key_stride, key_stride, count, d, 1.0f, key_aligned, key_tile);
      barrier(CLK_LOCAL_MEM_FENCE);
      if (is_busy) score_slice(query_tile, key_tile, key_item, query_item, scores);
    }
    if (is_busy) {
#pragma unroll
      for (int r = 0; r < ITEM_QUERIES; ++r) {
        int t = SHARE(ITEM_QUERIES, QUERY_ITEMS, query_item, r);
#if CAUSAL
        int visible = min(count, seen + t - start);
#else
        int visible = count;
#endif
        float m = LOWEST;
#pragma unroll
        for (int c = 0; c < ITEM_KEYS; ++c) {
          if (key_item * ITEM_KEYS + c >= visible) scores[r][c] = -INFINITY;
          m = LARGER(scores[r][c], m);
        }
        part[t * KEY_ITEMS + key_item] = m;
      }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    if (is_busy) {
#pragma unroll
      for (int r = 0; r < ITEM_QUERIES; ++r) {
        int t = SHARE(ITEM_QUERIES, QUERY_ITEMS, query_item, r);
        float m = largest[r];
#pragma unroll
        for (int i = 0; i < KEY_ITEMS; i += 4) {
          float each[4];
          read_run(part + t * KEY_ITEMS + i, 4, each);
#pragma unroll
          for (int u = 0; u < 4; ++u) m = LARGER(each[u], m);
        }
        // Exactly 1 where the largest stays, as it does over keys that are hidden.
        float correction = m > largest[r] ? exp2(largest[r] - m) : 1.0f;
        largest[r] = m;
        sums[r] *= correction;
#pragma unroll
        for (int c = 0; c < ITEM_KEYS; ++c) {
          scores[r][c] = exp2(scores[r][c] - m);
          sums[r] += scores[r][c];
        }
#if HAS_DROPOUT
        UVEC draws[ITEM_KEYS];  // one draw's four
        uint row = (uint)(first_query + t) * (uint)heads + (uint)get_group_id(1);
        philox((uint)(start / ITEM_KEYS + key_item), row, site, seed[0], seed[1], draws);
#pragma unroll
        for (int c = 0; c < ITEM_KEYS; ++c)
          if (draws[c] < threshold) scores[r][c] = 0.0f;
#endif
        UNROLL_HEAD for (int c = 0; c < ITEM_COLUMNS; ++c) totals[r][c] *= correction;
      }
#pragma unroll
      for (int c = 0; c < ITEM_KEYS; ++c)
#pragma unroll
        for (int r = 0; r < ITEM_QUERIES; r += QUERY_RUN) {
          int t = SHARE(ITEM_QUERIES, QUERY_ITEMS, query_item, r);
          float run[QUERY_RUN];
#pragma unroll
          for (int u = 0; u < QUERY_RUN; ++u) run[u] = scores[r + u][c];
          write_run(run, QUERY_RUN, weights + WEIGHT_ROW(key_item * ITEM_KEYS + c) + t);
        }
    }
    for (int first = 0; first < count; first += VALUE_KEYS) {
      load_values(
          value + (size_t)(start + first) * value_stride, value_stride, count - first, value_aligned, values);
      barrier(CLK_LOCAL_MEM_FENCE);
      if (is_busy) sum_values(weights, (__local const float *)values, first, key_item, query_item, totals);
      barrier(CLK_LOCAL_MEM_FENCE);
    }
  }
  if (is_busy) {
#pragma unroll
    for (int r = 0; r < ITEM_QUERIES; ++r)
      part[SHARE(ITEM_QUERIES, QUERY_ITEMS, query_item, r) * KEY_ITEMS + key_item] = sums[r];
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  if (is_busy) {
    bool out_aligned = HEAD_SIZE % 4 == 0 && out_stride % 4 == 0 && is_aligned(out);
#pragma unroll
    for (int r = 0; r < ITEM_QUERIES; ++r) {
      int t = SHARE(ITEM_QUERIES, QUERY_ITEMS, query_item, r);
      float sum = 0.0f;
#pragma unroll
      for (int i = 0; i < KEY_ITEMS; ++i) sum += part[t * KEY_ITEMS + i];
      float factor = (CAUSAL ? sum != 0.0f : keys > 0) ? 1.0f / sum : 0.0f;
#if SAVES_LOG_SUM_EXP
      // A query that sees nothing has a sum of 0 and minus infinity here.
      if (key_item == 0 && t < queries)
        log_sum_exp[(size_t)(first_query + t) * heads + get_group_id(1)] =
            sum == 0.0f ? -INFINITY : LN_2 * (largest[r] + log2(sum));
#endif
#if HAS_DROPOUT
      factor *= keep_scale;
#endif
      if (t < queries) {
        // + 0: a total that underflowed to -0 is 0 where a hidden key's 0 comes after it, so it is everywhere.
        UNROLL_HEAD for (int c = 0; c < ITEM_COLUMNS; ++c) totals[r][c] = (totals[r][c] + 0.0f) * factor;
        UNROLL_HEAD for (int c = 0; c < ITEM_COLUMNS; c += STORED) {
          int d = SHARE(ITEM_COLUMNS, KEY_ITEMS, key_item, c);
          __global REAL *p = out + (size_t)t * out_stride + d;
#if STORED == 4
          float4 v = (float4)(totals[r][c], totals[r][c + 1], totals[r][c + 2], totals[r][c + 3]);
          store_quad(v, p, HEAD_SIZE - d, out_aligned);
#else
          if (d < HEAD_SIZE) store_one(totals[r][c], p);
#endif
        }
      }
    }
  }
}
