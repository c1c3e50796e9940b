// SPDX-License-Identifier: Apache-2.0
// segment_cross_entropy_gradient: the gradient of each sequence's cross entropy in one column of the logits.
//
//   dx[t,column] = dy[b] * (exp(x[t,column] - largest) / sum_s exp(x[s,column] - largest) - [t = offsets[b] + labels[b]])
//
// and 0 in all other columns, and where labels[b] is -100.
//
// Shapes     dy [sequences], x, dx [T, columns] float, row-major; offsets [sequences + 1] int: sequence b has the rows
//            offsets[b]..<offsets[b + 1]; labels [sequences] int
// Launch     one work-group per sequence: global = sequences * WG_SIZE, local = WG_SIZE
// Numerics   fp32 sums in a fixed order, counted from the sequence's first row; with label -100 x is not read
// Requires   every label -100 or below its sequence's length: the host checks
// Aliasing   none
// Reference  Sources/CPUBackend/Training/LossGradients.swift

#define IGNORED_LABEL -100

// The column's elements in `left` rows from p on, as many as a vector holds, and -infinity behind them.
INLINE VEC load_column(__global const float *p, int left, int columns) {
  VEC v;
  float *lanes = (float *)&v;
  for (int i = 0; i < VECTOR_WIDTH; ++i) lanes[i] = i < left ? p[(size_t)i * columns] : -INFINITY;
  return v;
}

__kernel void segment_cross_entropy_gradient(
    __global const float *dy, __global const float *x, __global const int *offsets, __global const int *labels,
    __global float *dx, int sequences, int columns, int column) {
  SCRATCH(scratch);
  int sequence = get_group_id(0);
  int label = labels[sequence];
  int count = offsets[sequence + 1] - offsets[sequence];
  x += (size_t)offsets[sequence] * columns + column;
  dx += (size_t)offsets[sequence] * columns;
  float m = 0.0f, factor = 0.0f, loss = 0.0f;
  if (label != IGNORED_LABEL) {  // the same for all of the group, so that all meet at the barriers
    VEC largest = (VEC)-INFINITY;
    FOR_ROW(t, count) {
      VEC v = load_column(x + (size_t)t * columns, count - t, columns);
      largest = LARGER(v, largest);
    }
    m = reduce_max(max_lanes(largest), scratch);
    VEC sums = (VEC)0.0f;
    FOR_ROW(t, count) sums += exp_f(load_column(x + (size_t)t * columns, count - t, columns) - (VEC)m);
    loss = dy[sequence];
    factor = loss / reduce_sum(sum_lanes(sums), scratch);
  }
  FOR_ROW(t, count) {
    VEC weights = (VEC)0.0f;
    if (label != IGNORED_LABEL)
      weights = exp_f(load_column(x + (size_t)t * columns, count - t, columns) - (VEC)m) * (VEC)factor;
    const float *lanes = (const float *)&weights;
    for (int i = 0; i < min(VECTOR_WIDTH, count - t); ++i)
      for (int c = 0; c < columns; ++c) {
        float weight = t + i == label ? lanes[i] - loss : lanes[i];
        dx[(size_t)(t + i) * columns + c] = c == column ? weight : 0.0f;
      }
  }
}
