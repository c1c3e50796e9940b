// SPDX-License-Identifier: Apache-2.0
// warp: what 32 work-items do together: fragments from local memory, products of fragments on matrix engines, copies
// that run beside the arithmetic. The host puts it between common.cl and the kernels that use it.
//
// Each function has two bodies. With MATRIX_ENGINE 1 it is NVIDIA's instruction as inline PTX (ldmatrix, mma.sync,
// cp.async; sm_80 and later). With MATRIX_ENGINE 0 the same lanes hold the same fragments and exchange them through
// local memory: slow, portable, and index for index the same kernel, which is how it is tested where there is no such
// GPU. The emulation has barriers of the whole work-group: every warp must come by equally often. With MATRIX_ENGINE 2 it
// is AMD's WMMA (RDNA 3, waves of 32, 16 bits only), or with EMULATED 1 the same exchange in AMD's layout.
//
// A chunk is 16 bytes, the unit of copies and of local memory: 8 elements of 16 bits or 4 floats. A step of the engines
// is 2 chunks (32 bytes) of k: 16 elements of 16 bits, or 8 of tf32. So the fragments of all types lie alike:
//
//   A (16 rows)     a[0], a[1]: chunk 0 of rows g and g + 8; a[2], a[3]: chunk 1 of them     word l % 4, g = l / 4
//   B (8 columns)   b[0], b[1]: chunks 0 and 1 of column g                                 word l % 4
//   C (16 x 8)      c[0], c[1]: row g, columns 2 (l % 4) and the next; c[2], c[3]: row g + 8     of lane l
//
// AMD's engine takes 16 columns of B at once, and both halves of a wave hold the operands:
//
//   A (16 rows)     a[0...3], a[4...7]: chunks 0 and 1 of row l % 16
//   B (16 columns)  b[0...3], b[4...7]: chunks 0 and 1 of column l % 16
//   C (16 x 16)     c[i]: row 2 i + l / 16, column l % 16                                        of lane l
//
// Attention's functions (transposed fragments) are not there for AMD: attention_tiled serves. AMD's body was compiled, for
// gfx1100 by clang 19 (clang 15 crashes), and its layout emulated; no such GPU has run it. Its fragments take twice the
// registers: 64 x 64 of the result per warp spill 98...124 of them, 64 x 32 take 236 and spill none. Not built: Intel's
// matrix_mad, for which there was no compiler here; a lane has elements of one column of its first operand, so that loads
// from these tiles would be strided.
//
// Source: PTX ISA 8.0, 9.7.13 (ldmatrix, mma.m16n8k16, mma.m16n8k8), 9.7.8.22 (cp.async), 9.7.8.6 (shfl.sync), 9.7.3.20
// (ex2); AMD, GPUOpen: "How to accelerate AI applications on RDNA 3 using WMMA", and Test/WMMA of its Orochi.

#ifndef MATRIX_ENGINE
#define MATRIX_ENGINE 0  // 0 NVIDIA's emulated, 1 NVIDIA, 2 AMD
#endif
#ifndef EMULATED
#define EMULATED (MATRIX_ENGINE == 0)  // 1: exchange through local memory in place of the engine
#endif
#if MATRIX_ENGINE == 2 && PRECISION == 0
#error "AMD's matrix engine has no product of floats: linear_tiled serves"
#endif
#ifndef PASSES
#define PASSES 3  // products that make one of two floats: 1 tf32, 3 tf32 with both remainders (fp32's accuracy)
#endif
#if PRECISION == 0
#define CHUNK 4  // elements of a chunk
#else
#define CHUNK 8
#endif
#define SPLITS (PRECISION == 0 && PASSES == 3)
#define MOST_TILES 8  // fragments of a side that multiply_fragments takes at once

// Words of a lane for 16 rows of A and for 8 columns of B. The result's fragments: their columns, the neighbouring columns
// of a lane and its rows.
#if MATRIX_ENGINE == 2
#define A_WORDS 8
#define B_WORDS 4
#define RESULT_WIDTH 16
#define RESULT_RUN 1
#define RESULT_ROWS 8
#else
#define A_WORDS 4
#define B_WORDS 2
#define RESULT_WIDTH 8
#define RESULT_RUN 2
#define RESULT_ROWS 2
#endif

#if EMULATED
#define UNROLL_WARP
// Words of local memory that a warp needs for the fragments of a product.
#define WARP_WORDS(m_tiles, n_tiles) (32 * (A_WORDS * (m_tiles) + B_WORDS * (n_tiles)))
#else
// Where loops must be unrolled, so that fragments are registers.
#define UNROLL_WARP _Pragma("unroll")
#define WARP_WORDS(m_tiles, n_tiles) 1
#endif

#if PRECISION != 0
#if MATRIX_ENGINE != 1
// The bits of a float's nearest REAL.
INLINE uint real_bits(float v) {
#if PRECISION == 1
  ushort bits;
  vstore_half_rte(v, 0, (half *)&bits);
  return bits;
#else
  uint u = as_uint(v);
  return BFLOAT16_BITS(u, uint);
#endif
}
#endif

// Two floats as the two halves of a word, rounded to nearest even.
INLINE uint pack_two(float first, float second) {
#if MATRIX_ENGINE == 1
  uint word;
#if PRECISION == 1
  __asm__("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(second), "f"(first));
#else
  __asm__("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(second), "f"(first));
#endif
  return word;
#else
  return real_bits(first) | real_bits(second) << 16;
#endif
}
#endif

// This work-item's place in its warp, and the warp's share of the memory that the emulation exchanges through.
typedef struct {
  int lane;
  __local uint *words;
} WARP;

// The row and the chunk of a step that a lane names, so that load_fragments gives 16 rows of A, or 16 columns of B.
INLINE int a_row(int lane) { return lane & 15; }
#if MATRIX_ENGINE == 2
INLINE int a_chunk(int lane) { return 0; }
INLINE int b_row(int lane) { return lane & 15; }
INLINE int b_chunk(int lane) { return 0; }
#else
INLINE int a_chunk(int lane) { return lane / 16; }
INLINE int b_row(int lane) { return (lane & 7) + lane / 16 * 8; }
INLINE int b_chunk(int lane) { return (lane / 8) & 1; }
#endif

// Where the result's fragment c of a lane lies: c[RESULT_RUN * i] at row result_row(lane, i), column result_column(lane).
#if MATRIX_ENGINE == 2
INLINE int result_row(int lane, int i) { return 2 * i + lane / 16; }
INLINE int result_column(int lane) { return lane & 15; }
#else
INLINE int result_row(int lane, int i) { return lane / 4 + 8 * i; }
INLINE int result_column(int lane) { return (lane & 3) * 2; }
#endif

// Four matrices of 8 rows of a chunk: lane i names the chunk that is row i % 8 of matrix i / 8, and gets of every matrix
// word i % 4 of row i / 4. For AMD lane i names an even chunk of a row of chunk_place's tiles, and gets it and the next.
INLINE void load_fragments(uint *fragments, __local const uint4 *memory, int chunk, WARP warp) {
#if MATRIX_ENGINE == 2
  for (int i = 0; i < 4; ++i) {
    fragments[i] = ((__local const uint *)(memory + chunk))[i];
    fragments[4 + i] = ((__local const uint *)(memory + (chunk ^ 1)))[i];
  }
#elif MATRIX_ENGINE == 1
  uint address = (uint)(size_t)(memory + chunk);
  __asm__ volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(fragments[0]), "=r"(fragments[1]), "=r"(fragments[2]), "=r"(fragments[3])
               : "r"(address)
               : "memory");
#else
  warp.words[warp.lane] = (uint)chunk;
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int i = 0; i < 4; ++i) {
    int row = (int)warp.words[8 * i + warp.lane / 4];
    fragments[i] = ((__local const uint *)(memory + row))[warp.lane & 3];
  }
  barrier(CLK_LOCAL_MEM_FENCE);
#endif
}

#if MATRIX_ENGINE != 2
// The same of four matrices of 8 x 8 elements of 16 bits, which come transposed: a lane gets elements i / 4 of rows
// 2 (i % 4) and the next.
INLINE void load_fragments_transposed(uint fragments[4], __local const uint4 *memory, int chunk, WARP warp) {
#if MATRIX_ENGINE == 1
  uint address = (uint)(size_t)(memory + chunk);
  __asm__ volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(fragments[0]), "=r"(fragments[1]), "=r"(fragments[2]), "=r"(fragments[3])
               : "r"(address)
               : "memory");
#else
  warp.words[warp.lane] = (uint)chunk;
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int i = 0; i < 4; ++i) {
    int row = 8 * i + 2 * (warp.lane & 3);
    uint low = ((__local const ushort *)(memory + warp.words[row]))[warp.lane / 4];
    uint high = ((__local const ushort *)(memory + warp.words[row + 1]))[warp.lane / 4];
    fragments[i] = low | high << 16;
  }
  barrier(CLK_LOCAL_MEM_FENCE);
#endif
}
#endif

// The value of lane `lane ^ mask`.
INLINE float exchange_lanes(float value, const int mask, WARP warp) {
#if MATRIX_ENGINE == 1
  float other;
  __asm__ volatile("shfl.sync.bfly.b32 %0, %1, %2, 0x1f, 0xffffffff;"
                   : "=f"(other)
                   : "f"(value), "r"(mask));
  return other;
#else
  warp.words[warp.lane] = as_uint(value);
  barrier(CLK_LOCAL_MEM_FENCE);
  float other = as_float(warp.words[warp.lane ^ mask]);
  barrier(CLK_LOCAL_MEM_FENCE);
  return other;
#endif
}

// 2^x for x <= 0: 1 ulp, the engine's device 2 ulp (not measured; CUDA's guide says so of exp2f); 0 where it would
// be below 2^-126, NaN stays NaN, 2^0 is 1.
INLINE float exp2_or_zero(float x) {
#if MATRIX_ENGINE == 1
  float power;
  __asm__("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(x));
  return power;
#elif VECTOR_WIDTH == 1
  return x < -126.0f ? 0.0f : exp2_f(x);
#else
  return x < -126.0f ? 0.0f : exp2_f((VEC)x).s0;
#endif
}

#if MATRIX_ENGINE == 1
INLINE void multiply_one(const uint a[4], const uint b[2], float c[4]) {
#if PRECISION == 1
#define MMA "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32"
#elif PRECISION == 2
#define MMA "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32"
#else
#define MMA "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32"
#endif
  __asm__ volatile(MMA " {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
               : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#undef MMA
}
#elif !EMULATED
#pragma OPENCL EXTENSION cl_khr_fp16 : enable
INLINE void multiply_one(const uint a[8], const uint b[8], float c[8]) {
  uint8 rows = (uint8)(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]);
  uint8 columns = (uint8)(b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]);
  float8 sums = (float8)(c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]);
#if PRECISION == 1
  sums = __builtin_amdgcn_wmma_f32_16x16x16_f16_w32(
      __builtin_astype(rows, half16), __builtin_astype(columns, half16), sums);
#else
  sums = __builtin_amdgcn_wmma_f32_16x16x16_bf16_w32(
      __builtin_astype(rows, short16), __builtin_astype(columns, short16), sums);
#endif
  c[0] = sums.s0, c[1] = sums.s1, c[2] = sums.s2, c[3] = sums.s3;
  c[4] = sums.s4, c[5] = sums.s5, c[6] = sums.s6, c[7] = sums.s7;
}
#else
// The engine reads the upper 19 bits of a tf32.
INLINE float word_as_float(uint word, int half_word) {
#if PRECISION == 1
  ushort bits = (ushort)(word >> (16 * half_word));
  return vload_half(0, (const half *)&bits);
#elif PRECISION == 2
  return as_float(half_word ? word & 0xffff0000u : word << 16);
#else
  return as_float(word & 0xffffe000u);
#endif
}

// c += A B of m_tiles x n_tiles tiles, k ascending.
INLINE void multiply_emulated(
    const int m_tiles, const int n_tiles, const uint *a, const uint *b, float *c, WARP warp) {
  __local uint *a_words = warp.words;
  __local uint *b_words = warp.words + 32 * A_WORDS * m_tiles;
  for (int i = 0; i < A_WORDS * m_tiles; ++i) a_words[i * 32 + warp.lane] = a[i];
  for (int i = 0; i < B_WORDS * n_tiles; ++i) b_words[i * 32 + warp.lane] = b[i];
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int m = 0; m < m_tiles; ++m)
    for (int n = 0; n < n_tiles; n += RESULT_WIDTH / 8)
      for (int i = 0; i < RESULT_ROWS * RESULT_RUN; ++i) {
        int row = result_row(warp.lane, i / RESULT_RUN);
        int column = result_column(warp.lane) + i % RESULT_RUN;
        float sum = c[(m * n_tiles + n) * 4 + i];
        for (int w = 0; w < 8; ++w) {
#if MATRIX_ENGINE == 2
          // Each half of the wave has operands of its own.
          uint a_word = a_words[(m * 8 + w) * 32 + (warp.lane & 16) + row];
          uint b_word = b_words[(n * 4 + w) * 32 + (warp.lane & 16) + column];
#else
          uint a_word = a_words[(m * 4 + row / 8 + w / 4 * 2) * 32 + (row & 7) * 4 + (w & 3)];
          uint b_word = b_words[(n * 2 + w / 4) * 32 + column * 4 + (w & 3)];
#endif
          sum = fma(word_as_float(a_word, 0), word_as_float(b_word, 0), sum);
#if PRECISION != 0
          sum = fma(word_as_float(a_word, 1), word_as_float(b_word, 1), sum);
#endif
        }
        c[(m * n_tiles + n) * 4 + i] = sum;
      }
  barrier(CLK_LOCAL_MEM_FENCE);
}
#endif

#if SPLITS
// x = high + low, high rounded to tf32 (to nearest, ties away); the engine cuts low off behind 11 more bits.
INLINE void split_word(uint word, uint *high, uint *low) {
  *high = (word + 0x1000u) & 0xffffe000u;
  *low = as_uint(as_float(word) - as_float(*high));
}
#endif

// c += A B: m_tiles fragments of A (A_WORDS each), n_tiles of B (B_WORDS each), m_tiles * n_tiles of C (4 floats each).
INLINE void multiply_fragments(
    const int m_tiles, const int n_tiles, const uint *a, const uint *b, float *c, WARP warp) {
#if MATRIX_ENGINE == 1 && SPLITS
  uint a_high[4 * MOST_TILES], a_low[4 * MOST_TILES];
#pragma unroll
  for (int i = 0; i < m_tiles * 4; ++i) split_word(a[i], a_high + i, a_low + i);
#pragma unroll
  for (int n = 0; n < n_tiles; ++n) {
    uint b_high[2], b_low[2];
    split_word(b[2 * n], b_high, b_low);
    split_word(b[2 * n + 1], b_high + 1, b_low + 1);
#pragma unroll
    for (int m = 0; m < m_tiles; ++m) multiply_one(a_low + 4 * m, b_high, c + (m * n_tiles + n) * 4);
#pragma unroll
    for (int m = 0; m < m_tiles; ++m) multiply_one(a_high + 4 * m, b_low, c + (m * n_tiles + n) * 4);
#pragma unroll
    for (int m = 0; m < m_tiles; ++m) multiply_one(a_high + 4 * m, b_high, c + (m * n_tiles + n) * 4);
  }
#elif !EMULATED
#pragma unroll
  for (int n = 0; n < n_tiles; n += RESULT_WIDTH / 8)
#pragma unroll
    for (int m = 0; m < m_tiles; ++m) multiply_one(a + A_WORDS * m, b + B_WORDS * n, c + (m * n_tiles + n) * 4);
#elif SPLITS
  uint a_high[4 * MOST_TILES], a_low[4 * MOST_TILES], b_high[2 * MOST_TILES], b_low[2 * MOST_TILES];
  for (int i = 0; i < m_tiles * 4; ++i) split_word(a[i], a_high + i, a_low + i);
  for (int i = 0; i < n_tiles * 2; ++i) split_word(b[i], b_high + i, b_low + i);
  multiply_emulated(m_tiles, n_tiles, a_low, b_high, c, warp);
  multiply_emulated(m_tiles, n_tiles, a_high, b_low, c, warp);
  multiply_emulated(m_tiles, n_tiles, a_high, b_high, c, warp);
#else
  multiply_emulated(m_tiles, n_tiles, a, b, c, warp);
#endif
}

// Copies the chunk at `from`, a multiple of 16 bytes, to local memory, or zeros where it is not `inside`; runs beside what
// follows until it is waited for. Through the first-level cache (.ca): around it (.cg) an H200 moves 4.1 TB/s however the
// rows lie, and a product that is limited by it makes 250 TFLOP/s, with .ca 332.
INLINE void copy_chunk(__local uint4 *to, __global const REAL *from, bool inside) {
#if MATRIX_ENGINE == 1
  __asm__ volatile("cp.async.ca.shared.global [%0], [%1], 16, %2;"
                   :
                   : "r"((uint)(size_t)to), "l"(from), "r"(inside ? 16 : 0)
                   : "memory");
#elif !EMULATED
  *to = inside ? *(__global const uint4 *)from : (uint4)0u;
#else
  // Word by word: Oclgrind 21.10 takes vectors that are put together for undefined.
  __global const uint *words = (__global const uint *)from;
  for (int i = 0; i < 4; ++i) ((__local uint *)to)[i] = inside ? words[i] : 0u;
#endif
}

// Ends a batch of copies.
INLINE void commit_copies(void) {
#if MATRIX_ENGINE == 1
  __asm__ volatile("cp.async.commit_group;" : : : "memory");
#endif
}

// Waits until at most `batches` batches of this work-item are under way; a barrier must follow before others read.
INLINE void wait_for_copies(const int batches) {
#if MATRIX_ENGINE == 1
  if (batches == 0) __asm__ volatile("cp.async.wait_group 0;" : : : "memory");
  if (batches == 1) __asm__ volatile("cp.async.wait_group 1;" : : : "memory");
  if (batches == 2) __asm__ volatile("cp.async.wait_group 2;" : : : "memory");
  if (batches == 3) __asm__ volatile("cp.async.wait_group 3;" : : : "memory");
#endif
}

// Where chunk `chunk` of row `row` lies in a tile of `chunks` (4 or 8) chunks a row: exchanged within the row so that
// 8 neighbouring rows of one chunk fall into all 32 banks, as do the chunks of a copy.
INLINE int chunk_place(const int chunks, int row, int chunk) {
  return row * chunks + (chunk ^ (chunks == 8 ? row & 7 : (row >> 1) & 3));
}
