// SPDX-License-Identifier: Apache-2.0
// attention: attention on CPU devices: softmax(scale Q K^T) V per head over packed sequences, in one pass: no score matrix
// leaves the work-item.
//
//   out[t,h,:] = sum_j p[t,j] value[j,h,:],   p[t,:] = softmax_j(scale * query[t,h,:] . key[j,h,:])
//
// With CAUSAL, query i of a sequence of n queries and m keys sees the keys j <= i + m - n alone. In training,
// SAVES_LOG_SUM_EXP: log_sum_exp[t,h] = log(sum_j exp(scale * query . key)), and HAS_DROPOUT: where the draw of (t, h, j)
// does not keep it, p is 0 in the product with the value, and keep_scale times that elsewhere.
//
// Shapes     query, key, value, out: matrices of the given strides (floats per row); head h of the query has the columns
//            query_column + h * HEAD_SIZE..., of out h * HEAD_SIZE...; query_offsets [sequences + 1], key_starts and
//            key_ends [sequences] int: sequence b has the query rows query_offsets[b]..<query_offsets[b + 1] and the key
//            rows key_starts[b]..<key_ends[b]; log_sum_exp [rows of query, heads]; seed [2] uint
// Defines    HEAD_SIZE; CAUSAL; SAVES_LOG_SUM_EXP and HAS_DROPOUT, without which their arguments are none
// Launch     3-D: dim 0 = ceil(longest query sequence / TILE_QUERIES), dim 1 = heads, dim 2 = sequences; local = (1, 1, 1).
//            Blocks past the end of a shorter sequence do nothing
// Schedule   a work-item takes TILE_QUERIES queries of one head, a query per vector lane, so that both products broadcast
//            one float of K or V against vectors, and the softmax needs no horizontal sum
// Numerics   online softmax in fp32 (base 2, the scale folded into the query), keys in blocks counted from the
//            sequence's first; a query that sees nothing gives zeros; a weight below 2^-126 of the largest counts as
//            2^-126, that of a hidden key is 0. A query's bits are the same with hidden keys and without them
// Aliasing   none
// Reference  Sources/CPUBackend/Attention.swift; the same bits for lone queries: attention_step.cl; on GPUs:
//            attention_tiled.cl
// Measured   (8 x 128, 12 heads of 64, 2 cores) 2.6 ms, with CAUSAL 1.7; 1 x 512: 4.4 and 2.5
// Tried      (time against what stands here) copying the tile of V into private memory 1.03-1.15; loops over d
//            and j unrolled by 4 1.0-1.05; 16 or 48 queries per item 1.2-1.3, 1.06-1.15; scalar transposes 1.15 at S = 128,
//            2-3 at S = 16; without any exp2 0.88, so the softmax is no longer what counts

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
#define LOG2_E 1.44269504f
#define LN_2 0.693147181f
#define LOWEST (-3.402823466e+38f)  // finite, so that the first correction is exp2(LOWEST - m) and never inf - inf

#ifndef QUERY_VECTORS
#define QUERY_VECTORS 2  // vectors of queries per work-item
#endif
#ifndef TILE_KEYS
#define TILE_KEYS 64  // keys between two corrections of the sums: a multiple of 8
#endif
#define TILE_QUERIES (QUERY_VECTORS * VECTOR_WIDTH)
#define TILE_HEIGHT 8  // keys, or columns of V, of a register tile

#if CAUSAL
// The last key that each lane sees, where the first lane's is `seen`.
INLINE void last_seen(const int V, int seen, IVEC last[QUERY_VECTORS]) {
  for (int v = 0; v < V; ++v) {
    int *lanes = (int *)&last[v];
    for (int i = 0; i < VECTOR_WIDTH; ++i) lanes[i] = seen + v * VECTOR_WIDTH + i;
  }
}
#endif

// scores[j][lane] = key[j] . query[lane] for TILE_HEIGHT keys; those from `count` on repeat the last, so that they leave
// largest[lane], the maximum so far, as it is. With CAUSAL the first lane sees the keys j <= seen, the next one more.
INLINE void score_tile(
    const int V, int count, int seen, __global const REAL *key, int key_stride,
    const VEC query[HEAD_SIZE][QUERY_VECTORS], VEC scores[][QUERY_VECTORS], VEC largest[QUERY_VECTORS]) {
  __global const REAL *row[TILE_HEIGHT];
  VEC sums[TILE_HEIGHT][QUERY_VECTORS];
#pragma unroll
  for (int r = 0; r < TILE_HEIGHT; ++r) {
    row[r] = key + (size_t)(r < count ? r : count - 1) * key_stride;
#pragma unroll
    for (int v = 0; v < V; ++v) sums[r][v] = (VEC)0.0f;
  }
#pragma unroll 1
  for (int d = 0; d < HEAD_SIZE; ++d) {
#pragma unroll
    for (int r = 0; r < TILE_HEIGHT; ++r) {
      VEC k = (VEC)load_one(row[r] + d);
#pragma unroll
      for (int v = 0; v < V; ++v) sums[r][v] = fma(k, query[d][v], sums[r][v]);
    }
  }
#if CAUSAL
  if (seen < TILE_HEIGHT - 1) {
    IVEC last[QUERY_VECTORS];
    last_seen(V, seen, last);
#pragma unroll
    for (int r = 0; r < TILE_HEIGHT; ++r)
#pragma unroll
      for (int v = 0; v < V; ++v)
        sums[r][v] = CHOOSE(sums[r][v], (VEC)LOWEST, (IVEC)(r < count ? r : count - 1) > last[v]);
  }
#endif
#pragma unroll
  for (int r = 0; r < TILE_HEIGHT; ++r)
#pragma unroll
    for (int v = 0; v < V; ++v) scores[r][v] = sums[r][v];
#pragma unroll
  for (int reach = TILE_HEIGHT / 2; reach > 0; reach /= 2)
#pragma unroll
    for (int r = 0; r < reach; ++r)
#pragma unroll
      for (int v = 0; v < V; ++v) sums[r][v] = LARGER(sums[r + reach][v], sums[r][v]);
#pragma unroll
  for (int v = 0; v < V; ++v) largest[v] = LARGER(sums[0][v], largest[v]);
}

// totals[d][lane] = totals[d][lane] * correction[lane] + sum_j weights[j][lane] * value[j][d] for R columns of V.
INLINE void value_tile(
    const int V, const int R, int count, __global const REAL *value, int value_stride, VEC weights[][QUERY_VECTORS],
    const VEC correction[QUERY_VECTORS], VEC totals[][QUERY_VECTORS]) {
  VEC sums[TILE_HEIGHT][QUERY_VECTORS];
#pragma unroll
  for (int r = 0; r < R; ++r)
#pragma unroll
    for (int v = 0; v < V; ++v) sums[r][v] = totals[r][v] * correction[v];
#pragma unroll 1
  for (int j = 0; j < count; ++j) {
#pragma unroll
    for (int r = 0; r < R; ++r) {
      VEC x = (VEC)load_one(value + r);
#pragma unroll
      for (int v = 0; v < V; ++v) sums[r][v] = fma(x, weights[j][v], sums[r][v]);
    }
    value += value_stride;
  }
#pragma unroll
  for (int r = 0; r < R; ++r)
#pragma unroll
    for (int v = 0; v < V; ++v) totals[r][v] = sums[r][v];
}

INLINE void attend(
    const int V, int queries, int keys, int seen, __global const REAL *query, __global const REAL *key,
    __global const REAL *value, __global REAL *out, int query_stride, int key_stride, int value_stride,
    int out_stride, float scale
#if SAVES_LOG_SUM_EXP
    , __global float *log_sum_exp, int heads
#endif
#if HAS_DROPOUT
    , uint first_row, __global const uint *seed, uint site, uint threshold, float keep_scale
#endif
) {
  VEC q[HEAD_SIZE][QUERY_VECTORS];
  VEC totals[HEAD_SIZE][QUERY_VECTORS];
  VEC scores[TILE_KEYS][QUERY_VECTORS];
  VEC largest[QUERY_VECTORS], sums[QUERY_VECTORS], correction[QUERY_VECTORS];
  for (int v = 0; v < V; ++v) {
    largest[v] = (VEC)LOWEST;
    sums[v] = (VEC)0.0f;
  }
  for (int v = 0; v < V; ++v)
    for (int d = 0; d < HEAD_SIZE; d += VECTOR_WIDTH) {
      VEC square[VECTOR_WIDTH];
#pragma unroll
      for (int i = 0; i < VECTOR_WIDTH; ++i) {
        int t = v * VECTOR_WIDTH + i;
        square[i] = (VEC)0.0f;
        if (t < queries) square[i] = load_row(query + (size_t)t * query_stride + d, HEAD_SIZE - d) * (VEC)scale;
      }
      transpose(square);
#pragma unroll
      for (int i = 0; i < VECTOR_WIDTH; ++i)
        if (d + i < HEAD_SIZE) {
          q[d + i][v] = square[i];
          totals[d + i][v] = (VEC)0.0f;
        }
    }
#if HAS_DROPOUT
  UVEC rows[QUERY_VECTORS];  // t * heads + h
  for (int v = 0; v < V; ++v) {
    uint *lanes = (uint *)&rows[v];
    for (int i = 0; i < VECTOR_WIDTH; ++i) lanes[i] = first_row + (uint)((v * VECTOR_WIDTH + i) * heads);
  }
#endif
  for (int start = 0; start < keys; start += TILE_KEYS) {
    int count = min(TILE_KEYS, keys - start);
    VEC m[QUERY_VECTORS];
    for (int v = 0; v < V; ++v) m[v] = largest[v];
    for (int j = 0; j < count; j += TILE_HEIGHT)
      score_tile(V, count - j, seen - start - j, key + (size_t)(start + j) * key_stride, key_stride, q, scores + j, m);
    for (int v = 0; v < V; ++v) {
      correction[v] = exp2_f(largest[v] - m[v]);
      largest[v] = m[v];
      sums[v] *= correction[v];
    }
#if CAUSAL
    IVEC last[QUERY_VECTORS];
    last_seen(V, seen - start, last);
#endif
    for (int j = 0; j < count; ++j)
#pragma unroll
      for (int v = 0; v < V; ++v) {
        VEC weight = exp2_f(scores[j][v] - largest[v]);
#if CAUSAL
        weight = CHOOSE(weight, (VEC)0.0f, (IVEC)j > last[v]);
#endif
        scores[j][v] = weight;
        sums[v] += weight;
      }
#if HAS_DROPOUT
    // One draw serves four keys; there are weights, if none that counts, up to a multiple of TILE_HEIGHT.
    for (int j = 0; j < count; j += 4)
#pragma unroll
      for (int v = 0; v < V; ++v) {
        UVEC draws[4];
        philox((UVEC)(uint)((start + j) / 4), rows[v], (UVEC)site, seed[0], seed[1], draws);
#pragma unroll
        for (int u = 0; u < 4; ++u)
          scores[j + u][v] = CHOOSE(scores[j + u][v], (VEC)0.0f, draws[u] < (UVEC)threshold);
      }
#endif
    __global const REAL *value_rows = value + (size_t)start * value_stride;
    for (int d = 0; d + TILE_HEIGHT <= HEAD_SIZE; d += TILE_HEIGHT)
      value_tile(V, TILE_HEIGHT, count, value_rows + d, value_stride, scores, correction, totals + d);
    if (HEAD_SIZE % TILE_HEIGHT != 0) {
      int d = HEAD_SIZE / TILE_HEIGHT * TILE_HEIGHT;
      value_tile(V, HEAD_SIZE % TILE_HEIGHT, count, value_rows + d, value_stride, scores, correction, totals + d);
    }
  }
  for (int v = 0; v < V; ++v) {
#if CAUSAL
    VEC factor = CHOOSE((VEC)1.0f / sums[v], (VEC)0.0f, sums[v] == (VEC)0.0f);
#else
    VEC factor = keys > 0 ? (VEC)1.0f / sums[v] : (VEC)0.0f;
#endif
#if SAVES_LOG_SUM_EXP
    const float *lanes = (const float *)&sums[v];
    const float *most = (const float *)&largest[v];
    for (int i = 0; i < VECTOR_WIDTH; ++i) {
      int t = v * VECTOR_WIDTH + i;
      // A query that sees nothing has a sum of 0 and minus infinity here.
      if (t < queries) log_sum_exp[(size_t)t * heads] = lanes[i] == 0.0f ? -INFINITY : LN_2 * (most[i] + log2(lanes[i]));
    }
#endif
#if HAS_DROPOUT
    factor *= (VEC)keep_scale;
#endif
    for (int d = 0; d < HEAD_SIZE; d += VECTOR_WIDTH) {
      VEC square[VECTOR_WIDTH];
#pragma unroll
      for (int i = 0; i < VECTOR_WIDTH; ++i) square[i] = d + i < HEAD_SIZE ? totals[d + i][v] * factor : (VEC)0.0f;
      transpose(square);
#pragma unroll
      for (int i = 0; i < VECTOR_WIDTH; ++i) {
        int t = v * VECTOR_WIDTH + i;
        if (t < queries) store_row(square[i], out + (size_t)t * out_stride + d, HEAD_SIZE - d);
      }
    }
  }
}

__kernel void attention(
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
  int column = (int)get_group_id(1) * HEAD_SIZE;
  int sequence = get_group_id(2);
  int first_query = query_offsets[sequence] + (int)get_group_id(0) * TILE_QUERIES;
  int queries = min(TILE_QUERIES, query_offsets[sequence + 1] - first_query);
  int first_key = key_starts[sequence];
  int keys = key_ends[sequence] - first_key;
  int seen = 0;
#if CAUSAL
  seen = keys - (query_offsets[sequence + 1] - first_query);  // the last key that the first query sees
  keys = clamp(seen + queries, 0, keys);
#endif
#if HAS_DROPOUT
#define FOR_TRAINING \
  , log_sum_exp + (size_t)first_query * heads + get_group_id(1), heads, \
      (uint)first_query * (uint)heads + (uint)get_group_id(1), seed, site, threshold, keep_scale
#elif SAVES_LOG_SUM_EXP
#define FOR_TRAINING , log_sum_exp + (size_t)first_query * heads + get_group_id(1), heads
#else
#define FOR_TRAINING
#endif
#define ATTEND(V) \
  attend( \
      V, queries, keys, seen, query + (size_t)first_query * query_stride + query_column + column, \
      key + (size_t)first_key * key_stride + key_column + column, \
      value + (size_t)first_key * value_stride + value_column + column, out + (size_t)first_query * out_stride + column, \
      query_stride, key_stride, value_stride, out_stride, scale * LOG2_E FOR_TRAINING)
  if (queries > VECTOR_WIDTH)
    ATTEND(QUERY_VECTORS);
  else if (queries > 0)
    ATTEND(1);
}
