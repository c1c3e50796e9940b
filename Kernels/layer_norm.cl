// SPDX-License-Identifier: Apache-2.0
// layer_norm: normalises each row, then scales and shifts it.
//
//   out = (x - mean(x)) / sqrt(var(x) + epsilon) * weight + bias          (biased variance, per row)
//
// Shapes     x, out [rows, hidden], weight, bias [hidden] float, row-major
// Launch     one work-group per row: global = rows * WG_SIZE, local = WG_SIZE
// Numerics   fp32 sums in a fixed order, the mean first and then the centred squares
// Aliasing   out may be x
// Reference  Sources/CPUBackend/LayerNorm.swift

__kernel void layer_norm(
    __global const REAL *x, __global const REAL *weight, __global const REAL *bias, __global REAL *out, int rows,
    int hidden, float epsilon) {
  SCRATCH(scratch);
  size_t start = (size_t)get_group_id(0) * hidden;
  x += start;
  VEC sums = (VEC)0.0f;
  FOR_ROW(i, hidden) sums += load_row(x + i, hidden - i);
  float mean = reduce_sum(sum_lanes(sums), scratch) / (float)hidden;
  normalize_row(1, x, x, x, mean, weight, bias, out + start, hidden, epsilon WITH_SCRATCH);
}
