// SPDX-License-Identifier: Apache-2.0
// attention: softmax(scale Q K^T) V per head over packed sequences, in one pass: no score matrix leaves the work-group.
//
//   out[t,h,:] = sum_j p[t,j] value[j,h,:],   p[t,:] = softmax_j(scale * query[t,h,:] . key[j,h,:])
//
// With CAUSAL, query i of a sequence of n queries and m keys sees the keys j <= i + m - n alone.
//
// Shapes     query, key, value, out: matrices of the given strides (floats per row); head h of the query has the columns
//            query_column + h * HEAD_SIZE..., of out h * HEAD_SIZE...; query_offsets [sequences + 1], key_starts and
//            key_ends [sequences] int: sequence b has the query rows query_offsets[b]..<query_offsets[b + 1] and the key
//            rows key_starts[b]..<key_ends[b]
// Defines    HEAD_SIZE; CAUSAL
// Launch     3-D: dim 0 = ceil(longest query sequence / TILE_QUERIES) * WG_SIZE, dim 1 = heads, dim 2 = sequences;
//            local = (WG_SIZE, 1, 1). Blocks past the end of a shorter sequence do nothing
// Numerics   online softmax in fp32 (base 2, the scale folded into the query), keys in blocks counted from the
//            sequence's first; a query that sees nothing gives zeros; a weight below 2^-126 of the largest counts as
//            2^-126, that of a hidden key is 0. A query's bits are the same with hidden keys and without them
// Aliasing   none
// Reference  Sources/CPUBackend/Attention.swift; the same bits for lone queries: attention_step.cl
// Measured   (CPU form, 8 x 128, 12 heads of 64, 2 cores) 2.6 ms, with CAUSAL 1.7; 1 x 512: 4.4 and 2.5
// Tried      (CPU form, time against what stands here) copying the tile of V into private memory 1.03-1.15; loops over d
//            and j unrolled by 4 1.0-1.05; 16 or 48 queries per item 1.2-1.3, 1.06-1.15; scalar transposes 1.15 at S = 128,
//            2-3 at S = 16; without any exp2 0.88, so the softmax is no longer what counts

#ifndef HEAD_SIZE
#define HEAD_SIZE 64
#endif
#ifndef CAUSAL
#define CAUSAL 0
#endif
#define LOG2_E 1.44269504f
#define LOWEST (-3.402823466e+38f)  // finite, so that the first correction is exp2(LOWEST - m) and never inf - inf

#if WG_SIZE == 1
// CPU form: a work-item takes TILE_QUERIES queries of one head, a query per vector lane, so that both products broadcast
// one float of K or V against vectors, and the softmax needs no horizontal sum.

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
    const int V, int count, int seen, __global const float *key, int key_stride,
    const VEC query[HEAD_SIZE][QUERY_VECTORS], VEC scores[][QUERY_VECTORS], VEC largest[QUERY_VECTORS]) {
  __global const float *row[TILE_HEIGHT];
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
      VEC k = (VEC)row[r][d];
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
    const int V, const int R, int count, __global const float *value, int value_stride, VEC weights[][QUERY_VECTORS],
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
      VEC x = (VEC)value[r];
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
    const int V, int queries, int keys, int seen, __global const float *query, __global const float *key,
    __global const float *value, __global float *out, int query_stride, int key_stride, int value_stride,
    int out_stride, float scale) {
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
    __global const float *rows = value + (size_t)start * value_stride;
    for (int d = 0; d + TILE_HEIGHT <= HEAD_SIZE; d += TILE_HEIGHT)
      value_tile(V, TILE_HEIGHT, count, rows + d, value_stride, scores, correction, totals + d);
    if (HEAD_SIZE % TILE_HEIGHT != 0) {
      int d = HEAD_SIZE / TILE_HEIGHT * TILE_HEIGHT;
      value_tile(V, HEAD_SIZE % TILE_HEIGHT, count, rows + d, value_stride, scores, correction, totals + d);
    }
  }
  for (int v = 0; v < V; ++v) {
#if CAUSAL
    VEC factor = CHOOSE((VEC)1.0f / sums[v], (VEC)0.0f, sums[v] == (VEC)0.0f);
#else
    VEC factor = keys > 0 ? (VEC)1.0f / sums[v] : (VEC)0.0f;
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
    __global const float *query, __global const float *key, __global const float *value,
    __global const int *query_offsets, __global const int *key_starts, __global const int *key_ends,
    __global float *out, int sequences, int heads, int query_stride, int key_stride, int value_stride, int out_stride,
    int query_column, int key_column, int value_column, float scale) {
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
#define ATTEND(V) \
  attend( \
      V, queries, keys, seen, query + (size_t)first_query * query_stride + query_column + column, \
      key + (size_t)first_key * key_stride + key_column + column, \
      value + (size_t)first_key * value_stride + value_column + column, out + (size_t)first_query * out_stride + column, \
      query_stride, key_stride, value_stride, out_stride, scale * LOG2_E)
  if (queries > VECTOR_WIDTH)
    ATTEND(QUERY_VECTORS);
  else if (queries > 0)
    ATTEND(1);
}

#else
// GPU form: a work-item takes one query; tiles of K and V pass through local memory, where all work-items read the same
// float4 at a time.

#define TILE_QUERIES WG_SIZE
#define HEAD_QUADS ((HEAD_SIZE + 3) / 4)
// Registers hold no wider head, and unrolling one of thousands of floats takes a compiler minutes.
#if HEAD_SIZE <= 512
#define UNROLL_HEAD _Pragma("unroll")
#else
#define UNROLL_HEAD
#endif
#ifndef TILE_KEYS
#define TILE_KEYS (HEAD_QUADS <= 64 ? 512 / HEAD_QUADS : 8)  // keys in local memory: 16 KiB for K and V together
#endif
#define CHUNK 8  // keys between two corrections of the sums

// Copies `count` rows of HEAD_SIZE floats to local memory, padded with zeros to whole float4s.
INLINE void load_tile(__local float4 *tile, __global const float *source, int stride, int count) {
  __local float *floats = (__local float *)tile;
  for (int i = get_local_id(0); i < count * HEAD_QUADS * 4; i += WG_SIZE) {
    int row = i / (HEAD_QUADS * 4);
    int d = i - mul24(row, HEAD_QUADS * 4);  // not i %: Oclgrind 21.10 --uninitialized lacks the freeze it becomes
    floats[i] = d < HEAD_SIZE ? source[(size_t)row * stride + d] : 0.0f;
  }
}

__kernel void attention(
    __global const float *query, __global const float *key, __global const float *value,
    __global const int *query_offsets, __global const int *key_starts, __global const int *key_ends,
    __global float *out, int sequences, int heads, int query_stride, int key_stride, int value_stride, int out_stride,
    int query_column, int key_column, int value_column, float scale) {
  __local float4 key_tile[TILE_KEYS * HEAD_QUADS];
  __local float4 value_tile[TILE_KEYS * HEAD_QUADS];
  int column = (int)get_group_id(1) * HEAD_SIZE;
  int sequence = get_group_id(2);
  int first_query = query_offsets[sequence] + (int)get_group_id(0) * TILE_QUERIES;
  int queries = min(TILE_QUERIES, query_offsets[sequence + 1] - first_query);
  int first_key = key_starts[sequence];
  int keys = queries > 0 ? key_ends[sequence] - first_key : 0;
  int lid = get_local_id(0);
  bool active = lid < queries;
#if CAUSAL
  int seen = queries > 0 ? keys - (query_offsets[sequence + 1] - first_query) + 1 : 0;  // keys that the first query sees
  keys = clamp(seen + queries - 1, 0, keys);
  seen += lid;
#endif
  query += (size_t)(first_query + lid) * query_stride + query_column + column;
  key += (size_t)first_key * key_stride + key_column + column;
  value += (size_t)first_key * value_stride + value_column + column;
  float4 q[HEAD_QUADS];
  float4 totals[HEAD_QUADS];
  UNROLL_HEAD for (int i = 0; i < HEAD_QUADS; ++i) {
    float lanes[4];
    for (int j = 0; j < 4; ++j)
      lanes[j] = active && i * 4 + j < HEAD_SIZE ? query[i * 4 + j] * (scale * LOG2_E) : 0.0f;
    q[i] = (float4)(lanes[0], lanes[1], lanes[2], lanes[3]);
    totals[i] = (float4)0.0f;
  }
  float largest = LOWEST;
  float sum = 0.0f;
  for (int start = 0; start < keys; start += TILE_KEYS) {
    int count = min(TILE_KEYS, keys - start);
    barrier(CLK_LOCAL_MEM_FENCE);
    load_tile(key_tile, key + (size_t)start * key_stride, key_stride, count);
    load_tile(value_tile, value + (size_t)start * value_stride, value_stride, count);
    barrier(CLK_LOCAL_MEM_FENCE);
#if CAUSAL
    count = min(count, seen - start);
#endif
    for (int first = 0; first < count; first += CHUNK) {
      float scores[CHUNK];
      float m = largest;
#pragma unroll
      for (int j = 0; j < CHUNK; ++j) {
        scores[j] = 0.0f;
        if (first + j < count) {
          float4 products = (float4)0.0f;
          UNROLL_HEAD for (int i = 0; i < HEAD_QUADS; ++i)
            products = fma(q[i], key_tile[(first + j) * HEAD_QUADS + i], products);
          float parts[4];
          vstore4(products, 0, parts);
          scores[j] = (parts[0] + parts[1]) + (parts[2] + parts[3]);
          m = LARGER(scores[j], m);
        }
      }
      float correction = exp2(largest - m);
      largest = m;
      sum *= correction;
      UNROLL_HEAD for (int i = 0; i < HEAD_QUADS; ++i) totals[i] *= correction;
#pragma unroll
      for (int j = 0; j < CHUNK; ++j)
        if (first + j < count) {
          float weight = exp2(scores[j] - m);
          sum += weight;
          UNROLL_HEAD for (int i = 0; i < HEAD_QUADS; ++i)
            totals[i] = fma((float4)weight, value_tile[(first + j) * HEAD_QUADS + i], totals[i]);
        }
    }
  }
  if (active) {
    float factor = (CAUSAL ? sum != 0.0f : keys > 0) ? 1.0f / sum : 0.0f;
    out += (size_t)(first_query + lid) * out_stride + column;
    UNROLL_HEAD for (int i = 0; i < HEAD_QUADS; ++i) {
      float lanes[4] = {totals[i].x, totals[i].y, totals[i].z, totals[i].w};
      for (int j = 0; j < 4; ++j)
        if (i * 4 + j < HEAD_SIZE) out[i * 4 + j] = lanes[j] * factor;
    }
  }
}
#endif
