// SPDX-License-Identifier: Apache-2.0
// fma_peak: nothing but fused multiply-adds, to find out how many a device does in a second: what shares of the peak in
// `bert bench` refer to.
//
//   out[i] = sum over c of x[c] after `steps` times x[c] = x[c] * factor + addend, from x[c] = 1 + c/1000
//
// Shapes     out [work-items, VECTOR_WIDTH] float
// Defines    CHAINS: vectors that a work-item works on at once
// Launch     1-D, any size: several work-items per core of a CPU, thousands per unit of a GPU; any local size
// Numerics   with 1/2 and 1/2 every chain ends at exactly 1, so nothing overflows or turns denormal
// Aliasing   none
// Reference  Tests/OpenCLBackendTests/PeakTests.swift
// Tried      factor and addend as literals: PoCL 3.1's compiler sees that the chain from 1 stays there and drops it, which
//            makes the peak 12/11 of what it is. In its machine code now: CHAINS fma on registers, a decrement and a jump

#ifndef CHAINS
#define CHAINS 12  // at least latency times throughput of the device's fma (8 on x86 cores), at most its registers less 2
#endif

__kernel void fma_peak(__global float *out, int steps, float factor, float addend) {
  VEC chains[CHAINS];
#pragma unroll
  for (int c = 0; c < CHAINS; ++c) chains[c] = (VEC)(1.0f + 0.001f * (float)c);
  for (int step = 0; step < steps; ++step) {
#pragma unroll
    for (int c = 0; c < CHAINS; ++c) chains[c] = fma(chains[c], (VEC)factor, (VEC)addend);
  }
  VEC sum = chains[0];
#pragma unroll
  for (int c = 1; c < CHAINS; ++c) sum += chains[c];
  STORE(sum, out + get_global_id(0) * VECTOR_WIDTH);
}
