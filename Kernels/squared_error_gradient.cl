// SPDX-License-Identifier: Apache-2.0
// squared_error_gradient: 2 * dy * (x - target), elementwise.
//
// Shapes     dy, x, target, dx [rows, columns] float
// Launch     global = ceil(rows * columns / GROUP_ELEMENTS) * WG_SIZE, local = WG_SIZE
// Aliasing   dx may be dy, x or target
// Reference  Sources/CPUBackend/Training/LossGradients.swift

__kernel void squared_error_gradient(
    __global const float *dy, __global const float *x, __global const float *target, __global float *dx, int rows,
    int columns) {
  FOR_ELEMENTS(i, left, (size_t)rows * columns) {
    VEC difference = load_row(x + i, left) - load_row(target + i, left);
    store_row((VEC)2.0f * load_row(dy + i, left) * difference, dx + i, left);
  }
}
