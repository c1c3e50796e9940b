// SPDX-License-Identifier: Apache-2.0
// cross_entropy: the negative logarithm of the softmax at each row's label, as torch.nn.functional.cross_entropy.
//
//   out[m] = log(sum_c exp(x[m,c] - largest)) + largest - x[m,labels[m]];  0 where the label is -100
//
// Shapes     x [rows, classes] float, row-major; labels [rows] int; out [rows] float
// Launch     one work-group per row: global = rows * WG_SIZE, local = WG_SIZE
// Numerics   fp32 sums in a fixed order; a row whose label is -100 is not read
// Requires   every label -100 or in 0..<classes: the host checks
// Aliasing   none
// Reference  Sources/CPUBackend/CrossEntropy.swift

#define IGNORED_LABEL -100

__kernel void cross_entropy(
    __global const REAL *x, __global const int *labels, __global REAL *out, int rows, int classes) {
  SCRATCH(scratch);
  int row = get_group_id(0);
  int label = labels[row];
  float loss = 0.0f;
  if (label != IGNORED_LABEL) {  // the same for all of the group, so that all meet at the barriers
    x += (size_t)row * classes;
    VEC largest = (VEC)-INFINITY;
    FOR_ROW(i, classes) {
      VEC v = load_row_or(x + i, classes - i, -INFINITY);
      largest = LARGER(v, largest);
    }
    float m = reduce_max(max_lanes(largest), scratch);
    VEC sums = (VEC)0.0f;
    FOR_ROW(i, classes) sums += exp_f(load_row_or(x + i, classes - i, -INFINITY) - (VEC)m);
    loss = log(reduce_sum(sum_lanes(sums), scratch)) + (m - load_one(x + label));
  }
  if (get_local_id(0) == 0) store_one(loss, out + row);
}
