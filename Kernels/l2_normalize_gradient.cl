// SPDX-License-Identifier: Apache-2.0
// l2_normalize_gradient: the gradient through the scaling of each row to length 1.
//
//   n = max(sqrt(sum x^2), epsilon),   dx = (dy - x * (sum dy * x) / n^2) / n;   dy / epsilon where |x| < epsilon
//
// Shapes     dy, x, dx [rows, columns] float, row-major
// Launch     one work-group per row: global = rows * WG_SIZE, local = WG_SIZE
// Numerics   fp32 sums in a fixed order
// Aliasing   dx may be dy or x
// Reference  Sources/CPUBackend/Training/RowGradients.swift

__kernel void l2_normalize_gradient(
    __global const float *dy, __global const float *x, __global float *dx, int rows, int columns, float epsilon) {
  SCRATCH(scratch);
  size_t start = (size_t)get_group_id(0) * columns;
  dy += start;
  x += start;
  VEC squares = (VEC)0.0f, products = (VEC)0.0f;
  FOR_ROW(i, columns) {
    VEC v = load_row(x + i, columns - i);
    squares = fma(v, v, squares);
    products = fma(v, load_row(dy + i, columns - i), products);
  }
  float norm = sqrt(reduce_sum(sum_lanes(squares), scratch));
  float product = reduce_sum(sum_lanes(products), scratch);
  VEC scale = (VEC)(1.0f / (norm < epsilon ? epsilon : norm));
  VEC factor = norm < epsilon ? (VEC)0.0f : (VEC)product * scale * scale;  // in two steps: norm^2 may overflow
  FOR_ROW(i, columns) {
    int left = columns - i;
    store_row(fma(-load_row(x + i, left), factor, load_row(dy + i, left)) * scale, dx + start + i, left);
  }
}
