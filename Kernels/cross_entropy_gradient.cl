// SPDX-License-Identifier: Apache-2.0
// cross_entropy_gradient: the gradient of each row's cross entropy with respect to its logits.
//
//   dx[m,c] = dy[m] * (exp(x[m,c] - largest) / sum_k exp(x[m,k] - largest) - [c = labels[m]])
//
// and 0 where the label is -100.
//
// Shapes     dy [rows], x, dx [rows, classes] float, row-major; labels [rows] int
// Launch     one work-group per row: global = rows * WG_SIZE, local = WG_SIZE
// Numerics   fp32 sums in a fixed order; a row whose label is -100 is not read
// Requires   every label -100 or in 0..<classes: the host checks
// Tried      the exponentials computed twice instead of kept: 1.7 times the time
// Measured   (30522 classes, 2 cores, AVX-512, against a copy of the same bytes) 0.65-0.8 of its speed
// Aliasing   none
// Reference  Sources/CPUBackend/Training/LossGradients.swift

#define IGNORED_LABEL -100

// The largest of this work-item's part of a row. In four chains: one comparison waits long for the one before it.
INLINE float largest_logit(__global const float *x, int classes) {
  VEC largest[4] = {(VEC)-INFINITY, (VEC)-INFINITY, (VEC)-INFINITY, (VEC)-INFINITY};
  const int step = WG_SIZE * VECTOR_WIDTH;
  int i = (int)get_local_id(0) * VECTOR_WIDTH;
  for (; i + 3 * step + VECTOR_WIDTH <= classes; i += 4 * step)
#pragma unroll
    for (int chain = 0; chain < 4; ++chain) {
      VEC v = LOAD(x + i + chain * step);
      largest[chain] = LARGER(v, largest[chain]);
    }
  for (; i < classes; i += step) {
    VEC v = load_row_or(x + i, classes - i, -INFINITY);
    largest[0] = LARGER(v, largest[0]);
  }
  for (int chain = 1; chain < 4; ++chain) largest[0] = LARGER(largest[chain], largest[0]);
  return max_lanes(largest[0]);
}

__kernel void cross_entropy_gradient(
    __global const float *dy, __global const float *x, __global const int *labels, __global float *dx, int rows,
    int classes) {
  SCRATCH(scratch);
  int row = get_group_id(0);
  int label = labels[row];
  x += (size_t)row * classes;
  dx += (size_t)row * classes;
  if (label == IGNORED_LABEL) {  // the same for all of the group, so that all meet at the barriers
    FOR_ROW(i, classes) store_row((VEC)0.0f, dx + i, classes - i);
  } else {
    float m = reduce_max(largest_logit(x, classes), scratch);
    // dx holds the exponentials between the passes; each work-item reads back only what it wrote.
    VEC sums = (VEC)0.0f;
    FOR_ROW(i, classes) {
      VEC e = exp_f(load_row_or(x + i, classes - i, -INFINITY) - (VEC)m);
      sums += e;
      store_row(e, dx + i, classes - i);
    }
    float loss = dy[row];
    VEC factor = (VEC)(loss / reduce_sum(sum_lanes(sums), scratch));
    FOR_ROW(i, classes) store_row(load_row(dx + i, classes - i) * factor, dx + i, classes - i);
    if (label / VECTOR_WIDTH % WG_SIZE == (int)get_local_id(0)) dx[label] -= loss;
  }
}
