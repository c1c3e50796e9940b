// SPDX-License-Identifier: Apache-2.0
// masked_softmax_gradient: the gradient through a softmax with a scale.
//
//   dx[r,k] = scale * p[r,k] * (dy[r,k] - sum_j dy[r,j] * p[r,j])
//
// Shapes     dy, p (the softmax's result), dx [rows, keys] float, row-major
// Launch     one work-group per row: global = rows * WG_SIZE, local = WG_SIZE
// Numerics   fp32 sums in a fixed order; where p is 0, the key having been hidden, so is dx
// Aliasing   dx may be dy or p
// Reference  Sources/CPUBackend/Training/MaskedSoftmaxGradient.swift

__kernel void masked_softmax_gradient(
    __global const float *dy, __global const float *p, __global float *dx, int rows, int keys, float scale) {
  SCRATCH(scratch);
  size_t start = (size_t)get_group_id(0) * keys;
  dy += start;
  p += start;
  VEC products = (VEC)0.0f;
  FOR_ROW(k, keys) products = fma(load_row(dy + k, keys - k), load_row(p + k, keys - k), products);
  VEC sum = (VEC)reduce_sum(sum_lanes(products), scratch);
  FOR_ROW(k, keys) {
    int left = keys - k;
    store_row((load_row(dy + k, left) - sum) * load_row(p + k, left) * (VEC)scale, dx + start + k, left);
  }
}
