// SPDX-License-Identifier: Apache-2.0
// attention_mma: attention on matrix engines: softmax(scale Q K^T) V per head over packed sequences, in one pass: no
// score leaves the registers.
//
//   out[t,h,:] = sum_j p[t,j] value[j,h,:],   p[t,:] = softmax_j(scale * query[t,h,:] . key[j,h,:])
//
// With CAUSAL, query i of a sequence of n queries and m keys sees the keys j <= i + m - n alone.
//
// Shapes     as in attention.cl, of 16 bits each
// Defines    HEAD_SIZE: a multiple of 16 up to 128; CAUSAL; PRECISION (1 or 2) and MATRIX_ENGINE of warp.cl;
//            WHOLE_CHUNKS, WARPS and WARP_QUERIES, see below
// Launch     3-D: dim 0 = ceil(longest query sequence / TILE_QUERIES) * ITEMS, dim 1 = heads, dim 2 = sequences;
//            local = (ITEMS, 1, 1). Blocks past the end of a shorter sequence do nothing
// Schedule   local memory holds two pairs of tiles of K and V: copies fill one while the warps work on the other, so
//            TILE_KEYS keys cost one barrier. A warp has the fragments of its queries in registers; a fragment of K or V
//            serves all of them. The scores' fragments, weighted and rounded, are the next product's without a move
// Numerics   products exact, sums fp32 in the engine (NVIDIA's cut them off, a few 2^-24 a step: nothing beside 16 bits);
//            online softmax in fp32 (base 2, the scale applied to the scores), keys in blocks counted from the sequence's
//            first; weights rounded to 16 bits for the product with V, not for their sum. A query that sees nothing gives
//            zeros, the weight of a hidden key is 0. A query's bits depend neither on other queries nor on WHOLE_CHUNKS,
//            WARPS or WARP_QUERIES, and with finite values are the same with hidden keys
//            and without
// Aliasing   none
// Reference  Sources/CPUBackend/Attention.swift
// Counted    (machine code for sm_90, WHOLE_CHUNKS, interior blocks; no GPU ran) no spills for any head size, causal or
//            not. Cycles of a quarter multiprocessor that one mma (16 x 8 x 16) takes of each unit: the engine at an H100's
//            mma.sync rate 6.45 (62 % of 989 TFLOP/s), issue 1 an instruction, local memory 128 bytes a cycle for four
//            quarters, exp2 8 a warp. The share of the 989 is what the busiest unit leaves if all overlap
//
//              head  warps x queries  registers  KiB  warps  issue  local  exp2  limit           share
//              64    4 x 32                 250   36      8    5.0    5.0   4.3  mma.sync         62 %
//              64    4 x 16                 135   36     12    5.9   10.0   4.3  local memory     40 %
//              32    4 x 32                 170   20     12    7.8    5.0   8.5  exp2             47 %
//              128   4 x 16                 170   34     12    5.3   10.0   2.3  local memory     40 %
//
//            Bytes per flop from local memory and the second-level cache: 0.031 and 0.008 at 4 x 32, 0.063 and 0.016 at
//            4 x 16. From device memory, heads of 64: 1 / 64 for 128 tokens, which 3.35 TB/s limit to 214 TFLOP/s,
//            1 / 256 for 512
// Tried      (counted, heads of 64) blocks of 32 keys, 4 x 32: 167 registers, 12 warps, but 6.9 instructions an mma, since
//            totals are corrected twice as often; alignment found out at run time, 4 x 16: 128 registers, 6.5
//            instructions; 64-bit products in the copies' addresses besides: 8.0; heads of 128, 4 x 32: 28 bytes spill

#ifndef HEAD_SIZE
#define HEAD_SIZE 64
#endif
#ifndef CAUSAL
#define CAUSAL 0
#endif
#ifndef WHOLE_CHUNKS
#define WHOLE_CHUNKS 0  // 1: strides and first columns are multiples of CHUNK, matrices begin at 16 bytes' ones; 0: anything
#endif
#ifndef WARPS
#define WARPS 4  // warps of a work-group: 1, 2, 4 or 8
#endif
#ifndef WARP_QUERIES
#define WARP_QUERIES 16  // queries of a warp: 16 or 32
#endif
#ifndef TILE_KEYS
#define TILE_KEYS (HEAD_SIZE > 64 ? 32 : 64)  // two pairs of tiles in 48 KiB. The bits depend on it
#endif
#define ITEMS (32 * WARPS)
#define TILE_QUERIES (WARPS * WARP_QUERIES)
#define M_TILES (WARP_QUERIES / 16)
#define KEY_TILES (TILE_KEYS / 8)
#define COLUMN_TILES (HEAD_SIZE / 8)
#define STEPS (HEAD_SIZE / 16)  // of a score
#define ROWS (2 * M_TILES)  // queries of which an item has elements
#define CHUNKS (HEAD_SIZE / CHUNK)
// Chunks from a row of a tile to the next: odd, so that 8 neighbouring rows of one chunk fall into all 32 banks.
#define PITCH (CHUNKS + 1)
#define TILE_CHUNKS (TILE_KEYS * PITCH)
#define COPY_ROWS (ITEMS / CHUNKS)  // that the group copies at once
#define COPIES_ARE_EVEN (ITEMS % CHUNKS == 0 && TILE_KEYS % COPY_ROWS == 0)
#define LOG2_E 1.44269504f
#define SMALLEST 1.17549435e-38f  // as a scale it makes all weights equal, as 0 would, and hidden scores stay infinite
#define LOWEST (-3.402823466e+38f)  // finite, so that the first correction is exp2(LOWEST - m) and never inf - inf
// Whether a warp may leave out products: those of the emulation need the whole group.
#define WARPS_ARE_FREE (MATRIX_ENGINE == 1)

// Which chunk of which row an item copies, and of every COPY_ROWS-th row behind it.
typedef struct {
  int row;  // TILE_KEYS for an item that is left over
  int chunk;
} SHARE_OF_COPIES;

// Starts this item's copies of the first TILE_KEYS of `rows` rows, at least one; zeros behind the last.
INLINE void copy_rows(
    __global const REAL *source, int stride, int rows, SHARE_OF_COPIES share, __local uint4 *tile) {
  source += share.chunk * CHUNK;
  tile += share.row * PITCH + share.chunk;
  UNROLL_WARP for (int copy = 0; copy < TILE_KEYS; copy += COPY_ROWS) {
    int row = share.row + copy;
    if (COPIES_ARE_EVEN || row < TILE_KEYS) {
      // What is not read must still be an address of the matrix.
      __global const REAL *from = source + min(row, rows - 1) * stride;
#if WHOLE_CHUNKS
      copy_chunk(tile + copy * PITCH, from, row < rows);
#else
      for (int e = 0; e < CHUNK; ++e) ((__local REAL *)(tile + copy * PITCH))[e] = row < rows ? from[e] : (REAL)0;
#endif
    }
  }
}

// Two neighbouring elements as a word, and a word as two elements.
INLINE uint load_two(__global const REAL *p) {
#if WHOLE_CHUNKS
  return *(__global const uint *)p;
#else
  return (uint)p[0] | (uint)p[1] << 16;
#endif
}

INLINE void store_two(uint word, __global REAL *p) {
#if WHOLE_CHUNKS
  *(__global uint *)p = word;
#else
  p[0] = (REAL)word;
  p[1] = (REAL)(word >> 16);
#endif
}

// The fragments of WARP_QUERIES queries, zeros behind the last of `queries`; `sign` has the bits that change.
INLINE void load_queries(
    __global const REAL *query, int stride, int queries, uint sign, WARP warp, uint fragments[STEPS * M_TILES * 4]) {
  UNROLL_WARP for (int m = 0; m < M_TILES; ++m) {
    UNROLL_WARP for (int below = 0; below < 2; ++below) {
      int row = 16 * m + 8 * below + warp.lane / 4;
      __global const REAL *from = query + (size_t)max(min(row, queries - 1), 0) * stride + 2 * (warp.lane & 3);
      UNROLL_WARP for (int chunk = 0; chunk < CHUNKS; ++chunk) {
        uint word = 0;
        if (row < queries) word = load_two(from + 8 * chunk) ^ sign;
        fragments[(chunk / 2 * M_TILES + m) * 4 + (chunk & 1) * 2 + below] = word;
      }
    }
  }
}

// scores = Q K^T
INLINE void score_keys(
    const uint queries[STEPS * M_TILES * 4], __local const uint4 *keys, WARP warp,
    float scores[M_TILES * KEY_TILES * 4]) {
  // Fragments of B are both chunks of 8 keys, twice.
  int place = ((warp.lane & 7) + warp.lane / 16 * 8) * PITCH + ((warp.lane / 8) & 1);
  UNROLL_WARP for (int i = 0; i < M_TILES * KEY_TILES * 4; ++i) scores[i] = 0.0f;
  UNROLL_WARP for (int step = 0; step < STEPS; ++step) {
    uint fragments[2 * KEY_TILES];
    UNROLL_WARP for (int n = 0; n < KEY_TILES; n += 2)
      load_fragments(fragments + 2 * n, keys, place + 8 * n * PITCH + 2 * step, warp);
    multiply_fragments(M_TILES, KEY_TILES, queries + step * M_TILES * 4, fragments, scores, warp);
  }
}

// Scores behind the block's first `seen` keys, with CAUSAL what the warp's first query sees, become -infinity.
INLINE void hide_keys(int seen, WARP warp, float scores[M_TILES * KEY_TILES * 4]) {
  UNROLL_WARP for (int r = 0; r < ROWS; ++r) {
    int left = seen - 2 * (warp.lane & 3) + (CAUSAL ? 8 * r + warp.lane / 4 : 0);
    float *row = scores + r / 2 * (KEY_TILES * 4) + (r & 1) * 2;
    UNROLL_WARP for (int n = 0; n < KEY_TILES; ++n) {
      UNROLL_WARP for (int i = 0; i < 2; ++i)
        if (8 * n + i >= left) row[4 * n + i] = -INFINITY;
    }
  }
}

// Scores become weights: exp2(factor * score - the largest so far), and what was summed before is corrected.
INLINE void weigh_scores(
    float factor, WARP warp, float scores[M_TILES * KEY_TILES * 4], float largest[ROWS], float sums[ROWS],
    float totals[M_TILES * COLUMN_TILES * 4]) {
  UNROLL_WARP for (int r = 0; r < ROWS; ++r) {
    float *row = scores + r / 2 * (KEY_TILES * 4) + (r & 1) * 2;
    float m = fmax(row[0], row[1]);
    UNROLL_WARP for (int n = 1; n < KEY_TILES; ++n) m = fmax(m, fmax(row[4 * n], row[4 * n + 1]));
    // A query's scores are those of the 4 lanes of a quad.
    m = fmax(m, exchange_lanes(m, 1, warp));
    m = fmax(m, exchange_lanes(m, 2, warp));
    m = fmax(largest[r], m * factor);
    // Exactly 1 where the largest stays, as it does over keys that are hidden.
    float correction = exp2_or_zero(largest[r] - m);
    largest[r] = m;
    float sum = sums[r] * correction;
    UNROLL_WARP for (int n = 0; n < KEY_TILES; ++n) {
      row[4 * n] = exp2_or_zero(fma(row[4 * n], factor, -m));
      row[4 * n + 1] = exp2_or_zero(fma(row[4 * n + 1], factor, -m));
      sum += row[4 * n] + row[4 * n + 1];
    }
    sums[r] = sum;
    float *line = totals + r / 2 * (COLUMN_TILES * 4) + (r & 1) * 2;
    UNROLL_WARP for (int n = 0; n < COLUMN_TILES; ++n) {
      line[4 * n] *= correction;
      line[4 * n + 1] *= correction;
    }
  }
}

// totals += P V
INLINE void sum_values(
    const float weights[M_TILES * KEY_TILES * 4], __local const uint4 *values, WARP warp,
    float totals[M_TILES * COLUMN_TILES * 4]) {
  // Fragments of B, transposed, are 8 columns of 16 keys, twice.
  int place = (warp.lane & 15) * PITCH + warp.lane / 16;
  UNROLL_WARP for (int step = 0; step < TILE_KEYS / 16; ++step) {
    uint rounded[M_TILES * 4], fragments[2 * COLUMN_TILES];
    // A result's elements lie as an operand's: two tiles of 8 keys are the two chunks of 16.
    UNROLL_WARP for (int m = 0; m < M_TILES; ++m) {
      UNROLL_WARP for (int i = 0; i < 4; ++i) {
        const float *pair = weights + (m * KEY_TILES + 2 * step) * 4 + 2 * i;
        rounded[4 * m + i] = pack_two(pair[0], pair[1]);
      }
    }
    UNROLL_WARP for (int n = 0; n < COLUMN_TILES; n += 2)
      load_fragments_transposed(fragments + 2 * n, values, place + 16 * step * PITCH + n, warp);
    multiply_fragments(M_TILES, COLUMN_TILES, rounded, fragments, totals, warp);
  }
}

__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void attention_mma(
    __global const REAL *query, __global const REAL *key, __global const REAL *value,
    __global const int *query_offsets, __global const int *key_starts, __global const int *key_ends,
    __global REAL *out, int sequences, int heads, int query_stride, int key_stride, int value_stride, int out_stride,
    int query_column, int key_column, int value_column, float scale) {
  __local uint4 tiles[4 * TILE_CHUNKS];
  int lid = get_local_id(0);
  WARP warp;
  warp.lane = lid & 31;
#if MATRIX_ENGINE == 0
  __local uint words[WARPS * WARP_WORDS(M_TILES, LARGER(KEY_TILES, COLUMN_TILES))];
  warp.words = words + lid / 32 * WARP_WORDS(M_TILES, LARGER(KEY_TILES, COLUMN_TILES));
#endif
  int column = (int)get_group_id(1) * HEAD_SIZE;
  int sequence = get_group_id(2);
  int tile_query = (int)get_group_id(0) * TILE_QUERIES;
  int first_query = query_offsets[sequence] + tile_query;
  int queries = query_offsets[sequence + 1] - first_query;
  int first_key = key_starts[sequence];
  int keys = queries > 0 ? key_ends[sequence] - first_key : 0;
  int warp_query = lid / 32 * WARP_QUERIES;
  int warp_keys = queries > warp_query ? keys : 0;  // that one of the warp's queries sees
#if CAUSAL
  // Keys that the first query sees.
  int seen = keys - queries + 1;
  warp_keys = clamp(seen + min(warp_query + WARP_QUERIES, queries) - 1, 0, warp_keys);
  keys = clamp(seen + min(TILE_QUERIES, queries) - 1, 0, keys);
#endif
  query += (size_t)(first_query + warp_query) * query_stride + query_column + column;
  key += (size_t)first_key * key_stride + key_column + column;
  value += (size_t)first_key * value_stride + value_column + column;
  out += (size_t)(first_query + warp_query) * out_stride + column;
  queries -= warp_query;
#if CAUSAL
  seen += warp_query;  // by the warp's first query
#else
  int seen = keys;
#endif
  uint fragments[STEPS * M_TILES * 4];
  load_queries(query, query_stride, queries, scale < 0.0f ? 0x80008000u : 0u, warp, fragments);
  float factor = fabs(scale) * LOG2_E;
  factor = factor < SMALLEST ? SMALLEST : factor;
  float totals[M_TILES * COLUMN_TILES * 4], largest[ROWS], sums[ROWS];
  UNROLL_WARP for (int i = 0; i < M_TILES * COLUMN_TILES * 4; ++i) totals[i] = 0.0f;
  UNROLL_WARP for (int r = 0; r < ROWS; ++r) {
    largest[r] = LOWEST;
    sums[r] = 0.0f;
  }
  SHARE_OF_COPIES share;
  share.row = lid / CHUNKS;
  share.chunk = lid - mul24(share.row, CHUNKS);
  if (ITEMS % CHUNKS != 0 && share.row == COPY_ROWS) share.row = TILE_KEYS;
#define COPY_PAIR(start, pair) \
  if ((start) < keys) { \
    copy_rows(key + (size_t)(start)*key_stride, key_stride, keys - (start), share, pair); \
    copy_rows(value + (size_t)(start)*value_stride, value_stride, keys - (start), share, (pair) + TILE_CHUNKS); \
  } \
  commit_copies()
  COPY_PAIR(0, tiles);
  int place = 0;  // of the pair that is read
  for (int start = 0; start < keys; start += TILE_KEYS) {
    wait_for_copies(0);
    barrier(CLK_LOCAL_MEM_FENCE);
    // Into the pair that the last block has read.
    COPY_PAIR(start + TILE_KEYS, tiles + (2 * TILE_CHUNKS - place));
    if (!WARPS_ARE_FREE || start < warp_keys) {
      __local const uint4 *pair = tiles + place;
      float scores[M_TILES * KEY_TILES * 4];
      score_keys(fragments, pair, warp, scores);
      if (start + TILE_KEYS > seen) hide_keys(seen - start, warp, scores);
      weigh_scores(factor, warp, scores, largest, sums, totals);
      sum_values(scores, pair + TILE_CHUNKS, warp, totals);
    }
    place = 2 * TILE_CHUNKS - place;
  }
  UNROLL_WARP for (int r = 0; r < ROWS; ++r) {
    float sum = sums[r] + exchange_lanes(sums[r], 1, warp);
    sum += exchange_lanes(sum, 2, warp);
    float share_of_sum = sum != 0.0f ? 1.0f / sum : 0.0f;
    int row = 8 * r + warp.lane / 4;
    if (row < queries) {
      __global REAL *to = out + (size_t)row * out_stride + 2 * (warp.lane & 3);
      const float *line = totals + r / 2 * (COLUMN_TILES * 4) + (r & 1) * 2;
      UNROLL_WARP for (int n = 0; n < COLUMN_TILES; ++n) {
        // + 0: a total that underflowed to -0 is 0 where a hidden key's 0 comes after it, so it is everywhere.
        store_two(pack_two((line[4 * n] + 0.0f) * share_of_sum, (line[4 * n + 1] + 0.0f) * share_of_sum), to + 8 * n);
      }
    }
  }
}
