// SPDX-License-Identifier: Apache-2.0
// segment_cross_entropy: cross entropy over the rows of each sequence in one column of the logits: where an answer
// begins, or ends.
//
//   out[b] = log(sum_t exp(x[t,column] - largest)) + largest - x[offsets[b] + labels[b],column];  0 where labels[b] is -100
//
// Shapes     x [T, columns] float, row-major; offsets [sequences + 1] int: sequence b has the rows
//            offsets[b]..<offsets[b + 1]; labels [sequences] int; out [sequences] float
// Launch     one work-group per sequence: global = sequences * WG_SIZE, local = WG_SIZE
// Numerics   fp32 sums in a fixed order, counted from the sequence's first row; with label -100 x is not read
// Requires   every label -100 or below its sequence's length: the host checks
// Aliasing   none
// Reference  Sources/CPUBackend/CrossEntropy.swift

#define IGNORED_LABEL -100

// The column's elements in `left` rows from p on, as many as a vector holds, and -infinity behind them.
INLINE VEC load_column(__global const REAL *p, int left, int columns) {
  VEC v;
  float *lanes = (float *)&v;
  for (int i = 0; i < VECTOR_WIDTH; ++i) lanes[i] = i < left ? load_one(p + (size_t)i * columns) : -INFINITY;
  return v;
}

__kernel void segment_cross_entropy(
    __global const REAL *x, __global const int *offsets, __global const int *labels, __global REAL *out,
    int sequences, int columns, int column) {
  SCRATCH(scratch);
  int sequence = get_group_id(0);
  int label = labels[sequence];
  float loss = 0.0f;
  if (label != IGNORED_LABEL) {  // the same for all of the group, so that all meet at the barriers
    int count = offsets[sequence + 1] - offsets[sequence];
    x += (size_t)offsets[sequence] * columns + column;
    VEC largest = (VEC)-INFINITY;
    FOR_ROW(t, count) {
      VEC v = load_column(x + (size_t)t * columns, count - t, columns);
      largest = LARGER(v, largest);
    }
    float m = reduce_max(max_lanes(largest), scratch);
    VEC sums = (VEC)0.0f;
    FOR_ROW(t, count) sums += exp_f(load_column(x + (size_t)t * columns, count - t, columns) - (VEC)m);
    loss = log(reduce_sum(sum_lanes(sums), scratch)) + (m - load_one(x + (size_t)label * columns));
  }
  if (get_local_id(0) == 0) store_one(loss, out + sequence);
}
