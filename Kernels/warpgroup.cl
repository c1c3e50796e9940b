// SPDX-License-Identifier: Apache-2.0
// warpgroup: products of 64 rows by WARP_COLUMNS columns of 16 bits that four warps, a warpgroup, make together: sm_90a's
// wgmma, which reads both tiles from local memory itself. The host puts it behind warp.cl, before linear_mma.
//
// Defines    WARPGROUP_SIZE 4; WARP_COLUMNS and TILE_CHUNKS of linear_mma, which the host gives
// Layout     tiles lie as chunk_place has them, which is how the instruction takes them; the result lies as warp.cl's fragments
//            C do, rows 16 w and on in warp w
// Mark       OpenCL's compiler knows no sm_90a: its instructions stand behind a mark that makes them comments, and the host
//            takes the mark out of the program's binary, which is PTX (HopperBinary.swift)
// Emulated   the same descriptors, decoded as the engine does, and the same lanes' sums
// Source     PTX ISA 8.0, 9.7.14 (wgmma, matrix descriptor), 9.7.12.4 (fence.proxy.async)

#ifndef WARPGROUP_SIZE
#define WARPGROUP_SIZE 1  // warps that multiply together: 1, or 4 with NVIDIA's engine or its emulation and 16 bits
#endif
#if WARPGROUP_SIZE == 4 && (PRECISION == 0 || MATRIX_ENGINE == 2)
#error "four warps multiply 16 bits together, on NVIDIA's engine"
#endif
// Bytes that tiles must begin at multiples of.
#define TILE_ALIGNMENT (WARPGROUP_SIZE == 4 ? 1024 : 16)

#if WARPGROUP_SIZE == 4
#if !EMULATED
#define SM_90A "//sm_90a: "  // HopperBinary.mark
#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)
#define TEN(tens) \
  "%" #tens "0,%" #tens "1,%" #tens "2,%" #tens "3,%" #tens "4,%" #tens "5,%" #tens "6,%" #tens "7,%" #tens "8,%" #tens "9,"
#define SUMS_4(c, i) "+f"((c)[i]), "+f"((c)[(i) + 1]), "+f"((c)[(i) + 2]), "+f"((c)[(i) + 3])
#define SUMS_8(c, i) SUMS_4(c, i), SUMS_4(c, (i) + 4)
#define SUMS_16(c, i) SUMS_8(c, i), SUMS_8(c, (i) + 8)
#define SUMS_32(c, i) SUMS_16(c, i), SUMS_16(c, (i) + 16)
#define SUMS_64(c, i) SUMS_32(c, i), SUMS_32(c, (i) + 32)
// A lane's sums, WARP_COLUMNS / 2 of them, as operands, and the names of these and of the two descriptors behind them.
#if WARP_COLUMNS == 16
#define WGMMA_SUMS(c) SUMS_8(c, 0)
#define WGMMA_OPERANDS "{%0,%1,%2,%3,%4,%5,%6,%7}, %8, %9"
#elif WARP_COLUMNS == 32
#define WGMMA_SUMS(c) SUMS_16(c, 0)
#define WGMMA_OPERANDS "{" TEN() "%10,%11,%12,%13,%14,%15}, %16, %17"
#elif WARP_COLUMNS == 64
#define WGMMA_SUMS(c) SUMS_32(c, 0)
#define WGMMA_OPERANDS "{" TEN() TEN(1) TEN(2) "%30,%31}, %32, %33"
#elif WARP_COLUMNS == 128
#define WGMMA_SUMS(c) SUMS_64(c, 0)
#define WGMMA_OPERANDS "{" TEN() TEN(1) TEN(2) TEN(3) TEN(4) TEN(5) "%60,%61,%62,%63}, %64, %65"
#elif WARP_COLUMNS == 256
#define WGMMA_SUMS(c) SUMS_64(c, 0), SUMS_64(c, 64)
#define WGMMA_OPERANDS \
  "{" TEN() TEN(1) TEN(2) TEN(3) TEN(4) TEN(5) TEN(6) TEN(7) TEN(8) TEN(9) TEN(10) TEN(11) \
  "%120,%121,%122,%123,%124,%125,%126,%127}, %128, %129"
#else
#error "a warpgroup makes 16, 32, 64, 128 or 256 columns"
#endif
#if PRECISION == 1
#define WGMMA_TYPES "f32.f16.f16"
#else
#define WGMMA_TYPES "f32.bf16.bf16"
#endif
#endif

// How the engine finds the rows of a tile: where it begins, how far 8 rows are from the next 8, in units of 16 bytes, and how
// the chunks of a row are exchanged: 1 among 8, 2 among 4. A step of 2 chunks further is 2 more.
INLINE ulong tile_descriptor(uint address, const int chunks) {
  return (address & 0x3ffffu) >> 4 | 1ul << 16 | (ulong)(8 * chunks) << 32 | (chunks == 8 ? 1ul : 2ul) << 62;
}

#if EMULATED
// Chunk `chunk` of row `row` of what a descriptor describes, in units of 16 bytes: bits 4 to 6 of its address are exchanged by
// bits 7 to 9, or bits 4 and 5 by 7 and 8.
INLINE uint described_place(ulong descriptor, int row, int chunk) {
  uint start = (uint)descriptor & 0x3fffu;
  uint stride = (uint)(descriptor >> 32) & 0x3fffu;
  uint swizzle = (uint)(descriptor >> 62);
  uint place = start + row / 8 * stride + (row & 7) * (swizzle == 1 ? 8 : 4) + chunk;
  return place ^ ((place >> 3) & (swizzle == 1 ? 7 : 3));
}
#endif

// Before a barrier: the engine, too, is to see what this work-item has copied.
INLINE void show_copies(void) {
#if !EMULATED
  __asm__ volatile(SM_90A "fence.proxy.async.shared::cta;" : : : "memory");
#endif
}

// Before the products of a pair of tiles, and behind them.
INLINE void begin_products(void) {
#if !EMULATED
  __asm__ volatile(SM_90A "wgmma.fence.sync.aligned;" : : : "memory");
#endif
}
INLINE void commit_products(void) {
#if !EMULATED
  __asm__ volatile(SM_90A "wgmma.commit_group.sync.aligned;" : : : "memory");
#endif
}

// Until all products are there; nobody may touch the sums `c` before.
INLINE void wait_for_products(float *c) {
#if !EMULATED
  __asm__ volatile(SM_90A "wgmma.wait_group.sync.aligned 0;" : WGMMA_SUMS(c) : : "memory");
#endif
}

// c += x weight^T over step `step` (2 chunks of k) of tiles of 64 and WARP_COLUMNS rows of TILE_CHUNKS chunks, which lie in
// `tiles`, memory that begins at a multiple of TILE_ALIGNMENT, from chunks `x` and `weights` on; c: what is this lane's of the
// rows from `row_of_warp` on.
INLINE void multiply_warpgroup(
    __local const uint4 *tiles, int x, int weights, int step, int row_of_warp, float *c, WARP warp) {
#if EMULATED
  uint base = 0;  // addresses count from the tiles
#else
  uint base = (uint)(size_t)tiles;
#endif
  ulong rows = tile_descriptor(base + 16 * x, TILE_CHUNKS) + 2 * step;
  ulong columns = tile_descriptor(base + 16 * weights, TILE_CHUNKS) + 2 * step;
#if !EMULATED
  __asm__ volatile(SM_90A "wgmma.mma_async.sync.aligned.m64n" TEXT(WARP_COLUMNS) "k16." WGMMA_TYPES " " WGMMA_OPERANDS
                   ", 1, 1, 1, 0, 0;"
                   : WGMMA_SUMS(c)
                   : "l"(rows), "l"(columns)
                   : "memory");
#else
  for (int n = 0; n < WARP_COLUMNS / RESULT_WIDTH; ++n)
    for (int i = 0; i < RESULT_ROWS * RESULT_RUN; ++i) {
      int row = row_of_warp + result_row(warp.lane, i / RESULT_RUN);
      int column = n * RESULT_WIDTH + result_column(warp.lane) + i % RESULT_RUN;
      float sum = c[n * 4 + i];
      for (int w = 0; w < 8; ++w) {
        uint x_word = ((__local const uint *)(tiles + described_place(rows, row, w / 4)))[w & 3];
        uint weight_word = ((__local const uint *)(tiles + described_place(columns, column, w / 4)))[w & 3];
        sum = fma(word_as_float(x_word, 0), word_as_float(weight_word, 0), sum);
        sum = fma(word_as_float(x_word, 1), word_as_float(weight_word, 1), sum);
      }
      c[n * 4 + i] = sum;
    }
#endif
}
#endif
