// SPDX-License-Identifier: Apache-2.0
// gather_rows: rows of a matrix, by their numbers.
//
//   out[r,:] = x[row_ids[r],:]
//
// Shapes     x [any, columns], out [rows, columns] float, row-major; row_ids [rows] int
// Launch     one work-group per row: global = rows * WG_SIZE, local = WG_SIZE
// Requires   every number a row of x: the host checks
// Aliasing   none
// Reference  Sources/CPUBackend/GatherRows.swift

__kernel void gather_rows(
    __global const REAL *x, __global const int *row_ids, __global REAL *out, int rows, int columns) {
  int row = get_group_id(0);
  x += (size_t)row_ids[row] * columns;
  out += (size_t)row * columns;
  FOR_ROW(i, columns) store_row(load_row(x + i, columns - i), out + i, columns - i);
}
