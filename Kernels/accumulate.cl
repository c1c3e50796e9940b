// SPDX-License-Identifier: Apache-2.0
// accumulate: adds a tensor to a state in place.
//
//   state[i] += x[i]
//
// Shapes     state, x [rows, columns] float
// Launch     one work-group per GROUP_ELEMENTS elements: global = groups * WG_SIZE, local = WG_SIZE
// Numerics   one addition an element
// Aliasing   none
// Reference  Sources/CPUBackend/Training/Optimizer.swift

__kernel void accumulate(__global float *state, __global const float *x, int rows, int columns) {
  FOR_ELEMENTS(i, left, (size_t)rows * columns)
  store_row(load_row(state + i, left) + load_row(x + i, left), state + i, left);
}
