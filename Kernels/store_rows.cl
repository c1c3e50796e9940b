// SPDX-License-Identifier: Apache-2.0
// store_rows: writes columns of a matrix to rows of a state, which keeps its other rows.
//
//   state[row_ids[m],:] = x[m,column..<column + columns]
//
// Shapes     state [any, columns], x [rows, x_stride] float, row-major; row_ids [rows] int
// Launch     one work-group per row: global = rows * WG_SIZE, local = WG_SIZE
// Requires   every number a row of the state, none twice: the host checks
// Aliasing   none
// Reference  Sources/CPUBackend/StoreRows.swift

__kernel void store_rows(
    __global REAL *state, __global const REAL *x, __global const int *row_ids, int rows, int columns, int x_stride,
    int column) {
  int row = get_group_id(0);
  state += (size_t)row_ids[row] * columns;
  x += (size_t)row * x_stride + column;
  FOR_ROW(i, columns) store_row(load_row(x + i, columns - i), state + i, columns - i);
}
