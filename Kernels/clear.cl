// SPDX-License-Identifier: Apache-2.0
// clear: zeros, in a state or in a result to which kernels then add.
//
//   out[i] = 0
//
// Shapes     out [rows, columns] float
// Launch     one work-group per GROUP_ELEMENTS elements: global = groups * WG_SIZE, local = WG_SIZE
// Aliasing   none
// Reference  Sources/CPUBackend/Training/Optimizer.swift
// Tried      clEnqueueFillBuffer: Oclgrind 21.10 forgets what a filled buffer gets from kernels, and calls it uninitialized

__kernel void clear(__global float *out, int rows, int columns) {
  FOR_ELEMENTS(i, left, (size_t)rows * columns) store_row((VEC)0.0f, out + i, left);
}
