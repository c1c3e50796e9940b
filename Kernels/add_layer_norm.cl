// SPDX-License-Identifier: Apache-2.0
// add_layer_norm: adds the residual and normalises each row.
//
//   h = x + residual
//   out = (h - mean(h)) / sqrt(var(h) + epsilon) * weight + bias          (biased variance, per row)
//
// Shapes     x, residual, out [rows, hidden], weight, bias [hidden] float, row-major
// Launch     one work-group per row: global = rows * WG_SIZE, local = WG_SIZE
// Numerics   fp32 sums in a fixed order, the mean first and then the centred squares
// Aliasing   out may be x or residual
// Reference  Sources/CPUBackend/AddLayerNorm.swift

__kernel void add_layer_norm(
    __global const REAL *x, __global const REAL *residual, __global const REAL *weight, __global const REAL *bias,
    __global REAL *out, int rows, int hidden, float epsilon) {
  SCRATCH(scratch);
  size_t start = (size_t)get_group_id(0) * hidden;
  x += start;
  residual += start;
  out += start;
  // out holds h between the passes, unless it would round it; each work-item reads back only what it wrote.
  VEC sums = (VEC)0.0f;
  FOR_ROW(i, hidden) {
    int left = hidden - i;
    VEC h = load_row(x + i, left) + load_row(residual + i, left);
    if (KEEPS_FLOATS) store_row(h, out + i, left);
    sums += h;
  }
  float mean = reduce_sum(sum_lanes(sums), scratch) / (float)hidden;
  normalize_row(KEEPS_FLOATS ? 1 : 2, KEEPS_FLOATS ? out : x, residual, residual, mean, weight, bias, out, hidden,
      epsilon WITH_SCRATCH);
}
