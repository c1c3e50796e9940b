// SPDX-License-Identifier: Apache-2.0
// fma_peak: nothing but fused multiply-adds, to find out how many a device can do: what shares of a peak refer to.
//
//   out[i] = CHAINS chains of `steps` fma each, summed
//
// Shapes     out [work-items, VECTOR_WIDTH] float
// Launch     1-D: as many work-items as fill the device; any local size
// Numerics   every chain converges to a fixed point near 1, so that no number overflows or turns denormal
// Aliasing   none
// Reference  none: only its time is of interest, and that the result is finite

#ifndef CHAINS
#define CHAINS 12  // independent chains per work-item: latency times throughput of the device's fma, and within its registers
#endif

__kernel void fma_peak(__global float *out, int steps) {
  VEC chains[CHAINS];
  VEC factor = (VEC)0.5f;
  VEC addend = (VEC)0.5f;
#pragma unroll
  for (int i = 0; i < CHAINS; ++i) chains[i] = (VEC)(1.0f + 0.001f * (float)i);
  for (int step = 0; step < steps; ++step) {
#pragma unroll
    for (int i = 0; i < CHAINS; ++i) chains[i] = fma(chains[i], factor, addend);
  }
  VEC sum = (VEC)0.0f;
#pragma unroll
  for (int i = 0; i < CHAINS; ++i) sum += chains[i];
  STORE(sum, out + (size_t)get_global_id(0) * VECTOR_WIDTH);
}
