// SPDX-License-Identifier: Apache-2.0
// weighted_sum: one term of a weighted sum of tensors; a launch for each, in their order.
//
//   out = weight * x where it is the first, else out + weight * x
//
// Shapes     x, out [rows, columns] float
// Launch     global = ceil(rows * columns / GROUP_ELEMENTS) * WG_SIZE, local = WG_SIZE
// Aliasing   none
// Reference  Sources/CPUBackend/WeightedSum.swift

__kernel void weighted_sum(
    __global const REAL *x, __global REAL *out, int rows, int columns, int is_first, float weight) {
  FOR_ELEMENTS(i, left, (size_t)rows * columns) {
    VEC term = load_row(x + i, left) * (VEC)weight;
    if (!is_first) term += load_row(out + i, left);
    store_row(term, out + i, left);
  }
}
