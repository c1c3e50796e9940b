// SPDX-License-Identifier: Apache-2.0
// attention_gradient: the backward pass of attention on CPU devices, the weights recomputed from the forward pass's
// log-sum-exp: no score matrix leaves the work-item, and nothing is computed twice.
//
//   p[t,j] = exp(scale * query[t,h,:] . key[j,h,:] - log_sum_exp[t,h]),   dp[t,j] = dout[t,h,:] . value[j,h,:]
//   ds[t,j] = scale * p[t,j] * (dp[t,j] - dout[t,h,:] . out[t,h,:])
//   dquery[t,h,:] = sum_j ds[t,j] key[j,h,:],   dkey[j,h,:] = sum_t ds[t,j] query[t,h,:]
//   dvalue[j,h,:] = sum_t p[t,j] dout[t,h,:]
//
// With HAS_DROPOUT, dp and the p of dvalue are keep_scale times that where the draw of (t, h, j) keeps the weight, and 0
// where it does not. With CAUSAL, query i of a sequence of n queries and m keys sees the keys j <= i + m - n alone.
//
// Shapes     dout and out [rows of query, heads * HEAD_SIZE]; log_sum_exp [rows of query, heads]; query, key, value and
//            their offsets as in attention.cl; seed [2] uint; dquery, dkey, dvalue: with the strides and columns of
//            query, key and value, and one buffer where those are one
// Defines    HEAD_SIZE; CAUSAL; HAS_DROPOUT: without it seed, site, threshold and keep_scale are no arguments
// Launch     2-D: dim 0 = heads, dim 1 = sequences; local = (1, 1). Writes the rows of each sequence that has queries, in
//            the columns of the heads; attention_gradient_clear has the rest. No two sequences share a key
// Schedule   a work-item takes a head of a sequence, TILE_QUERIES queries at a time from the last on (which sees all
//            keys, so that later tiles can add to what it writes). Queries are in the lanes of three of the five
//            products, as in attention.cl; dkey and dvalue have columns there, so that none needs a horizontal sum
// Numerics   fp32; sums over keys and over tiles of queries in a fixed order, counted from the sequence's first key and
//            query. A weight below 2^-126 counts as 2^-126, that of a hidden key is 0
// Aliasing   none but that of dquery, dkey and dvalue
// Reference  Sources/CPUBackend/Training/AttentionGradient.swift; on GPUs: attention_gradient_tiled.cl
// Measured   (share of the FMA peak of the cores' own time, 12 heads, AVX-512; with dropout of 0.1) 8 x 128, heads of 64:
//            0.76 (0.71), 4 x 256: 0.81 (0.75), 1 x 512: 0.78 (0.73); heads of 32, 8 x 128: 0.63 (0.57), 2 x 512: 0.76
//            (0.68). The forward pass in the same run: 0.65, 0.73, 0.77; 0.50, 0.67
// Tried      (the same share, 8 x 128, heads of 64) 32 or 128 keys at a time 0.75, 0.77; 3 or 4 vectors of queries 0.72,
//            0.73; register tiles of dkey and dvalue 2 or 4 vectors wide 0.76, 0.71

#ifndef HEAD_SIZE
#define HEAD_SIZE 64
#endif
#ifndef CAUSAL
#define CAUSAL 0
#endif
#ifndef HAS_DROPOUT
#define HAS_DROPOUT 0
#endif
#define LOG2_E 1.44269504f

#ifndef QUERY_VECTORS
#define QUERY_VECTORS 2  // vectors of queries at a time
#endif
#ifndef TILE_KEYS
#define TILE_KEYS 64  // keys whose weights are at hand at a time: a multiple of 8
#endif
#define TILE_QUERIES (QUERY_VECTORS * VECTOR_WIDTH)
#define TILE_HEIGHT 8  // keys, or columns of dquery, of a register tile

// Rows of one head with the queries in the lanes: lanes[d][t] = source[t][d]; 0 behind the last query.
INLINE void load_lanes(
    const int V, int queries, __global const float *source, int stride, VEC lanes[HEAD_SIZE][QUERY_VECTORS]) {
  for (int v = 0; v < V; ++v)
    for (int d = 0; d < HEAD_SIZE; d += VECTOR_WIDTH) {
      VEC square[VECTOR_WIDTH];
#pragma unroll
      for (int i = 0; i < VECTOR_WIDTH; ++i) {
        int t = v * VECTOR_WIDTH + i;
        square[i] = (VEC)0.0f;
        if (t < queries) square[i] = load_row(source + (size_t)t * stride + d, HEAD_SIZE - d);
      }
      transpose(square);
#pragma unroll
      for (int i = 0; i < VECTOR_WIDTH; ++i)
        if (d + i < HEAD_SIZE) lanes[d + i][v] = square[i];
    }
}

// products[j][lane] = rows[j] . lanes[:][lane] for TILE_HEIGHT keys; those from `count` on repeat the last.
INLINE void multiply_tile(
    const int V, int count, __global const float *rows, int stride, const VEC lanes[HEAD_SIZE][QUERY_VECTORS],
    VEC products[][QUERY_VECTORS]) {
  __global const float *row[TILE_HEIGHT];
  VEC sums[TILE_HEIGHT][QUERY_VECTORS];
#pragma unroll
  for (int r = 0; r < TILE_HEIGHT; ++r) {
    row[r] = rows + (size_t)(r < count ? r : count - 1) * stride;
#pragma unroll
    for (int v = 0; v < V; ++v) sums[r][v] = (VEC)0.0f;
  }
#pragma unroll 1
  for (int d = 0; d < HEAD_SIZE; ++d) {
#pragma unroll
    for (int r = 0; r < TILE_HEIGHT; ++r) {
      VEC x = (VEC)row[r][d];
#pragma unroll
      for (int v = 0; v < V; ++v) sums[r][v] = fma(x, lanes[d][v], sums[r][v]);
    }
  }
#pragma unroll
  for (int r = 0; r < TILE_HEIGHT; ++r)
#pragma unroll
    for (int v = 0; v < V; ++v) products[r][v] = sums[r][v];
}

// totals[d][lane] += sum_j weights[j][lane] * rows[j][d] for R columns.
INLINE void add_columns(
    const int V, const int R, int count, __global const float *rows, int stride, VEC weights[][QUERY_VECTORS],
    VEC totals[][QUERY_VECTORS]) {
  VEC sums[TILE_HEIGHT][QUERY_VECTORS];
#pragma unroll
  for (int r = 0; r < R; ++r)
#pragma unroll
    for (int v = 0; v < V; ++v) sums[r][v] = totals[r][v];
#pragma unroll 1
  for (int j = 0; j < count; ++j) {
#pragma unroll
    for (int r = 0; r < R; ++r) {
      VEC x = (VEC)rows[r];
#pragma unroll
      for (int v = 0; v < V; ++v) sums[r][v] = fma(x, weights[j][v], sums[r][v]);
    }
    rows += stride;
  }
#pragma unroll
  for (int r = 0; r < R; ++r)
#pragma unroll
    for (int v = 0; v < V; ++v) totals[r][v] = sums[r][v];
}

// sums[j] += sum_t weights[j][t] * rows[t] for TILE_HEIGHT keys, of which `count` exist, and a vector of columns, of
// which `left` are the head's. Where `starts` the sums are 0 so far.
INLINE void add_rows(
    int left, int count, int queries, bool starts, __global const float *rows, int stride, VEC weights[][QUERY_VECTORS],
    __global float *sums, int sums_stride) {
  const float *weight = (const float *)weights;
  VEC totals[TILE_HEIGHT];
  if (HEAD_SIZE % VECTOR_WIDTH == 0) left = VECTOR_WIDTH;  // so that the compiler sees no other case
#pragma unroll
  for (int r = 0; r < TILE_HEIGHT; ++r) {
    totals[r] = (VEC)0.0f;
    if (!starts && r < count) totals[r] = load_row(sums + (size_t)r * sums_stride, left);
  }
#pragma unroll 1
  for (int t = 0; t < queries; ++t) {
    VEC x = load_row(rows, left);
#pragma unroll
    for (int r = 0; r < TILE_HEIGHT; ++r) totals[r] = fma((VEC)weight[r * TILE_QUERIES + t], x, totals[r]);
    rows += stride;
  }
#pragma unroll
  for (int r = 0; r < TILE_HEIGHT; ++r)
    if (r < count) store_row(totals[r], sums + (size_t)r * sums_stride, left);
}

typedef struct {
  __global const float *dout, *out, *log_sum_exp, *query, *key, *value;
  __global float *dquery, *dkey, *dvalue;
  int heads, query_stride, key_stride, value_stride;
  float scale;
#if HAS_DROPOUT
  uint row, site, threshold, key0, key1;  // row: t * heads + h of the first query
  float keep_scale;
#endif
} Head;

// What the `queries` queries from the head's pointers on add. With CAUSAL the first of them sees the keys j <= seen.
INLINE void add_gradients(const int V, int queries, int keys, int seen, bool starts, const Head *head) {
  VEC q[HEAD_SIZE][QUERY_VECTORS];
  VEC g[HEAD_SIZE][QUERY_VECTORS];
  VEC totals[HEAD_SIZE][QUERY_VECTORS];
  VEC p[TILE_KEYS][QUERY_VECTORS];
  VEC ds[TILE_KEYS][QUERY_VECTORS];
  VEC log_sum[QUERY_VECTORS], delta[QUERY_VECTORS];
  int width = head->heads * HEAD_SIZE;
  load_lanes(V, queries, head->query, head->query_stride, q);
  load_lanes(V, queries, head->dout, width, g);
  load_lanes(V, queries, head->out, width, totals);
  for (int v = 0; v < V; ++v) {
    delta[v] = (VEC)0.0f;
    float *lanes = (float *)&log_sum[v];
    for (int i = 0; i < VECTOR_WIDTH; ++i) {
      int t = v * VECTOR_WIDTH + i;
      lanes[i] = t < queries ? head->log_sum_exp[(size_t)t * head->heads] * LOG2_E : 0.0f;
    }
  }
  for (int d = 0; d < HEAD_SIZE; ++d)
#pragma unroll
    for (int v = 0; v < V; ++v) {
      delta[v] = fma(g[d][v], totals[d][v], delta[v]);
      totals[d][v] = (VEC)0.0f;
      q[d][v] *= (VEC)(head->scale * LOG2_E);
    }
#if HAS_DROPOUT
  UVEC rows[QUERY_VECTORS];
  for (int v = 0; v < V; ++v) {
    uint *lanes = (uint *)&rows[v];
    for (int i = 0; i < VECTOR_WIDTH; ++i) lanes[i] = head->row + (uint)((v * VECTOR_WIDTH + i) * head->heads);
  }
#endif
  for (int start = 0; start < keys; start += TILE_KEYS) {
    int count = min(TILE_KEYS, keys - start);
    __global const float *key = head->key + (size_t)start * head->key_stride;
    __global const float *value = head->value + (size_t)start * head->value_stride;
    for (int j = 0; j < count; j += TILE_HEIGHT) {
      multiply_tile(V, count - j, key + (size_t)j * head->key_stride, head->key_stride, q, p + j);
      multiply_tile(V, count - j, value + (size_t)j * head->value_stride, head->value_stride, g, ds + j);
    }
#if CAUSAL
    IVEC last[QUERY_VECTORS];  // the last key that each lane sees
    for (int v = 0; v < V; ++v) {
      int *lanes = (int *)&last[v];
      for (int i = 0; i < VECTOR_WIDTH; ++i) lanes[i] = seen - start + v * VECTOR_WIDTH + i;
    }
#endif
    // Four keys at once, because one draw serves them; those behind the last are never read.
    for (int j = 0; j < count; j += 4)
#pragma unroll
      for (int v = 0; v < V; ++v) {
#if HAS_DROPOUT
        UVEC draws[4];
        philox((UVEC)(uint)((start + j) / 4), rows[v], (UVEC)head->site, head->key0, head->key1, draws);
#endif
#pragma unroll
        for (int u = 0; u < 4; ++u) {
          VEC weight = exp2_f(p[j + u][v] - log_sum[v]);
#if CAUSAL
          weight = CHOOSE(weight, (VEC)0.0f, (IVEC)(j + u) > last[v]);
#endif
          VEC dp = ds[j + u][v];
          VEC kept = weight;
#if HAS_DROPOUT
          kept = CHOOSE(weight * (VEC)head->keep_scale, (VEC)0.0f, draws[u] < (UVEC)head->threshold);
          dp = CHOOSE(dp * (VEC)head->keep_scale, (VEC)0.0f, draws[u] < (UVEC)head->threshold);
#endif
          p[j + u][v] = kept;
          ds[j + u][v] = weight * (VEC)head->scale * (dp - delta[v]);
        }
      }
    for (int d = 0; d + TILE_HEIGHT <= HEAD_SIZE; d += TILE_HEIGHT)
      add_columns(V, TILE_HEIGHT, count, key + d, head->key_stride, ds, totals + d);
    if (HEAD_SIZE % TILE_HEIGHT != 0) {
      int d = HEAD_SIZE / TILE_HEIGHT * TILE_HEIGHT;
      add_columns(V, HEAD_SIZE % TILE_HEIGHT, count, key + d, head->key_stride, ds, totals + d);
    }
    for (int j = 0; j < count; j += TILE_HEIGHT) {
      __global float *dvalue = head->dvalue + (size_t)(start + j) * head->value_stride;
      __global float *dkey = head->dkey + (size_t)(start + j) * head->key_stride;
      for (int d = 0; d < HEAD_SIZE; d += VECTOR_WIDTH) {
        int left = HEAD_SIZE - d;
        add_rows(left, count - j, queries, starts, head->dout + d, width, p + j, dvalue + d, head->value_stride);
        add_rows(
            left, count - j, queries, starts, head->query + d, head->query_stride, ds + j, dkey + d, head->key_stride);
      }
    }
  }
  for (int v = 0; v < V; ++v)
    for (int d = 0; d < HEAD_SIZE; d += VECTOR_WIDTH) {
      VEC square[VECTOR_WIDTH];
#pragma unroll
      for (int i = 0; i < VECTOR_WIDTH; ++i) square[i] = d + i < HEAD_SIZE ? totals[d + i][v] : (VEC)0.0f;
      transpose(square);
#pragma unroll
      for (int i = 0; i < VECTOR_WIDTH; ++i) {
        int t = v * VECTOR_WIDTH + i;
        if (t < queries) store_row(square[i], head->dquery + (size_t)t * head->query_stride + d, HEAD_SIZE - d);
      }
    }
}

__kernel void attention_gradient(
    __global const float *dout, __global const float *out, __global const float *log_sum_exp,
    __global const float *query, __global const float *key, __global const float *value,
    __global const int *query_offsets, __global const int *key_starts, __global const int *key_ends,
#if HAS_DROPOUT
    __global const uint *seed,
#endif
    __global float *dquery, __global float *dkey, __global float *dvalue, int heads, int query_stride, int key_stride,
    int value_stride, int query_column, int key_column, int value_column, float scale
#if HAS_DROPOUT
    , uint site, uint threshold, float keep_scale
#endif
) {
  int h = get_group_id(0);
  int sequence = get_group_id(1);
  int column = h * HEAD_SIZE;
  int first_query = query_offsets[sequence];
  int all_queries = query_offsets[sequence + 1] - first_query;
  int first_key = key_starts[sequence];
  int all_keys = key_ends[sequence] - first_key;
  size_t key_start = (size_t)first_key * key_stride + key_column + column;
  size_t value_start = (size_t)first_key * value_stride + value_column + column;
  int last = all_queries > 0 ? (all_queries - 1) / TILE_QUERIES * TILE_QUERIES : -1;
  for (int from = last; from >= 0; from -= TILE_QUERIES) {
    int queries = min(TILE_QUERIES, all_queries - from);
    int keys = all_keys;
    int seen = 0;
#if CAUSAL
    seen = all_keys - all_queries + from;
    keys = clamp(seen + queries, 0, all_keys);
#endif
    size_t t = (size_t)first_query + from;
    size_t query_start = t * query_stride + query_column + column;
    size_t out_start = t * heads * HEAD_SIZE + column;
    Head head = {
        dout + out_start, out + out_start, log_sum_exp + t * heads + h, query + query_start, key + key_start,
        value + value_start, dquery + query_start, dkey + key_start, dvalue + value_start, heads, query_stride,
        key_stride, value_stride, scale,
#if HAS_DROPOUT
        (uint)t * (uint)heads + (uint)h, site, threshold, seed[0], seed[1], keep_scale,
#endif
    };
    if (queries > VECTOR_WIDTH)
      add_gradients(QUERY_VECTORS, queries, keys, seen, from == last, &head);
    else
      add_gradients(1, queries, keys, seen, from == last, &head);
  }
}
