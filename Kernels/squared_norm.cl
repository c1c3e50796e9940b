// SPDX-License-Identifier: Apache-2.0
// squared_norm: the sum of all squares, in two launches: sums over blocks of fixed size, then their sum.
//
//   partials[b] = sum_i x[b * NORM_BLOCK + i]^2,   out[0] = sum_b partials[b]
//
// Shapes     x [count], partials [ceil(count / NORM_BLOCK)], out [1] float
// Defines    NORM_BLOCK: the host's Operation.normBlock
// Launch     squared_norm: local = WG_SIZE, any number of groups >= 1, over which the blocks are dealt out evenly;
//            squared_norm_total: one group
// Numerics   fp32; the order of the sums depends on WG_SIZE and VECTOR_WIDTH alone, not on the launch. Infinite where a
//            square is beyond 3.4e38, NaN where an element is
// Measured   (Zen 4, 2 cores, PoCL 3.1, 22 million elements) 28-30 GB/s
// Aliasing   none
// Reference  Sources/CPUBackend/Training/Optimizer.swift

#ifndef NORM_BLOCK
#define NORM_BLOCK 4096
#endif
#define CHAINS 4  // sums that wait for nothing of each other: an addition takes 4 cycles

__kernel void squared_norm(__global const float *x, __global float *partials, int count) {
  SCRATCH(scratch);
  int blocks = (int)(((long)count + NORM_BLOCK - 1) / NORM_BLOCK);
  int first = (int)((long)get_group_id(0) * blocks / (long)get_num_groups(0));
  int last = (int)((long)(get_group_id(0) + 1) * blocks / (long)get_num_groups(0));
  for (int b = first; b < last; ++b) {
    __global const float *block = x + (size_t)b * NORM_BLOCK;
    int length = (int)min((long)NORM_BLOCK, (long)count - (long)b * NORM_BLOCK);
    VEC sums[CHAINS];
#pragma unroll
    for (int c = 0; c < CHAINS; ++c) sums[c] = (VEC)0.0f;
    for (int i = (int)get_local_id(0) * VECTOR_WIDTH; i < length; i += CHAINS * WG_SIZE * VECTOR_WIDTH)
#pragma unroll
      for (int c = 0; c < CHAINS; ++c) {
        int place = i + c * WG_SIZE * VECTOR_WIDTH;
        if (place < length) {
          VEC v = load_row(block + place, length - place);
          sums[c] = fma(v, v, sums[c]);
        }
      }
    float sum = reduce_sum(sum_lanes((sums[0] + sums[1]) + (sums[2] + sums[3])), scratch);
    if (get_local_id(0) == 0) partials[b] = sum;
  }
}

__kernel void squared_norm_total(__global const float *partials, __global float *out, int blocks) {
  SCRATCH(scratch);
  VEC sums = (VEC)0.0f;
  FOR_ROW(i, blocks) sums += load_row(partials + i, blocks - i);
  float sum = reduce_sum(sum_lanes(sums), scratch);
  if (get_local_id(0) == 0) out[0] = sum;
}
