// SPDX-License-Identifier: Apache-2.0
// bias_activation: adds the bias to each row and applies the activation: what follows a matrix product that has no
// epilogue of its own.
//
//   out[m,n] = activation(x[m,n] + bias[n])
//
// Shapes     x, out [first_row + rows, columns], bias [columns] float, row-major; rows before first_row are left alone
// Defines    ACTIVATION; HAS_BIAS (default 1; with 0 bias is not read and may be any buffer)
// Launch     one work-group per row: global = rows * WG_SIZE, local = WG_SIZE
// Aliasing   out may be x
// Reference  Sources/CPUBackend/BiasActivation.swift

#ifndef HAS_BIAS
#define HAS_BIAS 1
#endif

__kernel void bias_activation(
    __global const REAL *x, __global const REAL *bias, __global REAL *out, int first_row, int rows,
    int columns) {
  size_t start = (first_row + get_group_id(0)) * columns;
  FOR_ROW(i, columns) {
    int left = columns - i;
    VEC v = load_row(x + start + i, left);
#if HAS_BIAS
    v += load_row(bias + i, left);
#endif
    store_row(activate(v), out + start + i, left);
  }
}
