// SPDX-License-Identifier: Apache-2.0
// scale_heads: a factor for each head.
//
//   out[m,h,i] = x[m,h,i] * factors[h]
//
// Shapes     x, out [rows, heads, width] float, row-major; factors [heads] float
// Launch     one work-group per row: global = rows * WG_SIZE, local = WG_SIZE
// Aliasing   out may be x
// Reference  Sources/CPUBackend/ScaleHeads.swift

__kernel void scale_heads(
    __global const REAL *x, __global const REAL *factors, __global REAL *out, int rows, int heads, int width) {
  size_t start = (size_t)get_group_id(0) * heads * width;
  for (int head = 0; head < heads; ++head, start += width) {
    VEC factor = (VEC)load_one(factors + head);
    FOR_ROW(i, width) store_row(load_row(x + start + i, width - i) * factor, out + start + i, width - i);
  }
}
