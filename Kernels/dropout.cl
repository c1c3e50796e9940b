// SPDX-License-Identifier: Apache-2.0
// dropout: drops elements and scales up the others, forward and backward alike.
//
//   out[i] = scale * x[i] where word i % 4 of Philox(counter (i / 4, site), key seed) >= threshold, else 0
//
// Shapes     x, out [rows, columns] float; seed [2] int
// Launch     global = ceil(rows * columns / GROUP_ELEMENTS) * WG_SIZE, local = WG_SIZE
// Numerics   i counts over the whole tensor, so what is dropped depends on neither launch nor vector
// Tried      (AVX-512, N 768) the draws themselves moved to the order of the elements by shuffles: 1.5 times the time
// Measured   (1024 x 768, 2 cores, AVX-512) 0.53 ns an element, of which Philox takes two thirds; a copy within
//            the third-level cache 0.13
// Aliasing   out may be x
// Reference  Sources/CPUBackend/Training/Dropout.swift

// Which of 4 * VECTOR_WIDTH elements are kept, 0 where not, from a vector of draws for each word of VECTOR_WIDTH counters.
// A flag per byte: the four of a counter, put together in its lane, then stand in the order of the elements.
INLINE void kept_elements(const UVEC draws[4], uint threshold, BVEC kept[4]) {
#if VECTOR_WIDTH == 1
  for (int w = 0; w < 4; ++w) kept[w] = draws[w] >= threshold;
#else
  union {
    UVEC words;
    BVEC bytes[4];
  } flags;
  flags.words = (UVEC)0u;
#pragma unroll
  for (int w = 0; w < 4; ++w) flags.words |= AS_UVEC(draws[w] >= (UVEC)threshold) & (UVEC)(0xFFu << 8 * w);
  for (int v = 0; v < 4; ++v) kept[v] = flags.bytes[v];
#endif
}

__kernel void dropout(
    __global const float *x, __global const int *seed, __global float *out, int rows, int columns, uint threshold,
    uint site, float scale) {
  size_t count = (size_t)rows * columns;
  size_t first = (size_t)get_group_id(0) * GROUP_ELEMENTS;
  size_t end = min(first + GROUP_ELEMENTS, count);
  UVEC lanes;
  for (int lane = 0; lane < VECTOR_WIDTH; ++lane) ((uint *)&lanes)[lane] = (uint)lane;
  for (size_t i = first + get_local_id(0) * (4 * VECTOR_WIDTH); i < end; i += WG_SIZE * 4 * VECTOR_WIDTH) {
    size_t counter = i / 4;  // a multiple of VECTOR_WIDTH, so that no lane carries into the high word
    UVEC draws[4];
    philox((UVEC)(uint)counter + lanes, (UVEC)(uint)(counter >> 32), (UVEC)site, seed[0], seed[1], draws);
    BVEC kept[4];
    kept_elements(draws, threshold, kept);
#pragma unroll
    for (int v = 0; v < 4; ++v) {
      size_t at = i + v * VECTOR_WIDTH;
      int left = (int)(end - i) - v * VECTOR_WIDTH;
      if (left > 0) {
        VEC y = load_row(x + at, left) * (VEC)scale;
        store_row(CHOOSE((VEC)0.0f, y, TO_IVEC(kept[v]) != (IVEC)0), out + at, left);
      }
    }
  }
}
