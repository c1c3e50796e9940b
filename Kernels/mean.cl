// SPDX-License-Identifier: Apache-2.0
// mean: the mean of all elements, or of those whose label is not -100.
//
//   out[0] = sum x / count                                NaN where count is 0, as PyTorch has it
//
// Shapes     x [rows, columns] float; labels [rows] int, with which columns is 1; out [1] float
// Defines    HAS_LABELS (without it labels is not read and may be any buffer)
// Launch     one work-group: global = WG_SIZE, local = WG_SIZE
// Numerics   fp32 sums in a fixed tree: runs of RUN vectors, then pairs of runs, pairs of pairs; x is not read into the sum
//            where its label is -100
// Aliasing   none
// Reference  Sources/CPUBackend/Mean.swift

#ifndef HAS_LABELS
#define HAS_LABELS 0
#endif
#define IGNORED_LABEL -100
#define RUN 16     // vectors that are summed one after the other
#define LEVELS 32  // 2^LEVELS runs: more than there can be

// A vector of x, with 0 where it does not count; `counts` grows by the lanes that do.
INLINE VEC counted(__global const REAL *x, __global const int *labels, int left, float *counts) {
#if HAS_LABELS
  VEC v;
  float *lanes = (float *)&v;
  for (int i = 0; i < VECTOR_WIDTH; ++i) {
    bool counts_here = i < left && labels[i] != IGNORED_LABEL;
    lanes[i] = counts_here ? load_one(x + i) : 0.0f;
    *counts += counts_here ? 1.0f : 0.0f;
  }
  return v;
#else
  return load_row(x, left);
#endif
}

__kernel void mean(__global const REAL *x, __global const int *labels, __global REAL *out, int rows, int columns) {
  SCRATCH(scratch);
  long count = (long)rows * columns;
  // Like adding 1 to a binary number: a run meets the run before it, and the two of them a pair.
  VEC levels[LEVELS];
  int runs = 0;
  float counts = 0.0f;
  long step = WG_SIZE * VECTOR_WIDTH;
  for (long start = (long)get_local_id(0) * VECTOR_WIDTH; start < count; start += RUN * step) {
    VEC sums = (VEC)0.0f;
    for (long i = start; i < min(start + RUN * step, count); i += step)
      sums += counted(x + i, labels + i, (int)min(count - i, (long)VECTOR_WIDTH), &counts);
    int level = 0;
    for (; (runs >> level) & 1; ++level) sums += levels[level];
    levels[level] = sums;
    ++runs;
  }
  VEC sums = (VEC)0.0f;
  for (int level = 0; level < LEVELS - 1; ++level)
    if ((runs >> level) & 1) sums += levels[level];
  float total = reduce_sum(sum_lanes(sums), scratch);
#if HAS_LABELS
  float divisor = reduce_sum(counts, scratch);
#else
  float divisor = (float)count;
#endif
  if (get_local_id(0) == 0) store_one(total / divisor, out);
}
