// SPDX-License-Identifier: Apache-2.0
// l2_normalize: scales each row to Euclidean length 1, as torch.nn.functional.normalize.
//
//   out = x / max(sqrt(sum x^2), epsilon)
//
// Shapes     x, out [rows, columns] float, row-major
// Launch     one work-group per row: global = rows * WG_SIZE, local = WG_SIZE
// Numerics   fp32 sums in a fixed order; a row of zeros stays zeros
// Aliasing   out may be x
// Reference  Sources/CPUBackend/L2Normalize.swift

__kernel void l2_normalize(__global const REAL *x, __global REAL *out, int rows, int columns, float epsilon) {
  SCRATCH(scratch);
  size_t start = (size_t)get_group_id(0) * columns;
  x += start;
  out += start;
  VEC squares = (VEC)0.0f;
  FOR_ROW(i, columns) {
    VEC v = load_row(x + i, columns - i);
    squares = fma(v, v, squares);
  }
  float norm = sqrt(reduce_sum(sum_lanes(squares), scratch));
  VEC divisor = (VEC)(norm < epsilon ? epsilon : norm);
  FOR_ROW(i, columns) {
    int left = columns - i;
    store_row(load_row(x + i, left) / divisor, out + i, left);
  }
}
