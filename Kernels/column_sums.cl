// SPDX-License-Identifier: Apache-2.0
// column_sums: adds up what was summed over blocks of rows: the second half of bias_gradient and layer_norm_gradient.
//
//   state[n] += sum_b partials[b,n]
//
// Shapes     partials [blocks, columns] float, rows of `stride` floats; state [columns]
// Launch     global = ceil(columns / (VECTOR_WIDTH * WG_SIZE)) * WG_SIZE, local = WG_SIZE
// Numerics   fp32 sums, blocks ascending, then the state
// Aliasing   none
// Reference  Sources/CPUBackend/Training/LinearGradients.swift

__kernel void column_sums(
    __global const float *partials, __global float *state, int blocks, int columns, int stride, int first_column) {
  int column = (int)get_global_id(0) * VECTOR_WIDTH;
  int left = columns - column;
  if (left > 0) {
    partials += first_column + column;
    VEC sum = (VEC)0.0f;
    for (int b = 0; b < blocks; ++b) sum += load_row(partials + (size_t)b * stride, left);
    store_row(load_row(state + column, left) + sum, state + column, left);
  }
}
