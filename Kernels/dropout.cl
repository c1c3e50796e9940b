// SPDX-License-Identifier: Apache-2.0
// dropout: drops elements and scales up the others, forward and backward alike.
//
//   out[i] = scale * x[i] where word i % 4 of Philox(counter (i / 4, site), key seed) >= threshold, else 0
//
// Shapes     x, out [rows, columns] float; seed [2] int
// Launch     global = ceil(rows * columns / GROUP_ELEMENTS) * WG_SIZE, local = WG_SIZE
// Numerics   i counts over the whole tensor, so what is dropped depends on neither launch nor vector
// Aliasing   out may be x
// Reference  Sources/CPUBackend/Training/Dropout.swift

// Moves the draws of VECTOR_WIDTH counters, a vector for each of their four words, to the order of the elements.
INLINE void order_draws(UVEC draws[4]) {
#if defined(LOWER) && !defined(__SPIR__)  // Oclgrind 21.10 --uninitialized crashes on shuffles whose lanes are half unused
  VEC w0 = AS_VEC(draws[0]), w1 = AS_VEC(draws[1]), w2 = AS_VEC(draws[2]), w3 = AS_VEC(draws[3]);
  VEC even = LOWER(w0, w2), odd = LOWER(w1, w3), later_even = UPPER(w0, w2), later_odd = UPPER(w1, w3);
  draws[0] = AS_UVEC(LOWER(even, odd));
  draws[1] = AS_UVEC(UPPER(even, odd));
  draws[2] = AS_UVEC(LOWER(later_even, later_odd));
  draws[3] = AS_UVEC(UPPER(later_even, later_odd));
#elif VECTOR_WIDTH > 1
  UVEC ordered[4];
  for (int i = 0; i < 4 * VECTOR_WIDTH; ++i) ((uint *)ordered)[i] = ((const uint *)draws)[i % 4 * VECTOR_WIDTH + i / 4];
  for (int i = 0; i < 4; ++i) draws[i] = ordered[i];
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
    order_draws(draws);
#pragma unroll
    for (int v = 0; v < 4; ++v) {
      size_t at = i + v * VECTOR_WIDTH;
      int left = (int)(end - i) - v * VECTOR_WIDTH;
      if (left > 0) {
        VEC y = load_row(x + at, left) * (VEC)scale;
        store_row(CHOOSE((VEC)0.0f, y, draws[v] >= (UVEC)threshold), out + at, left);
      }
    }
  }
}
