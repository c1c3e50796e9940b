// SPDX-License-Identifier: Apache-2.0
// squared_error: (x - target)^2, elementwise.
//
// Shapes     x, target, out [rows, columns] float
// Launch     global = ceil(rows * columns / GROUP_ELEMENTS) * WG_SIZE, local = WG_SIZE
// Aliasing   out may be x or target
// Reference  Sources/CPUBackend/ElementLosses.swift

__kernel void squared_error(
    __global const REAL *x, __global const REAL *target, __global REAL *out, int rows, int columns) {
  FOR_ELEMENTS(i, left, (size_t)rows * columns) {
    VEC difference = load_row(x + i, left) - load_row(target + i, left);
    store_row(difference * difference, out + i, left);
  }
}
