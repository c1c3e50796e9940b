// SPDX-License-Identifier: Apache-2.0
// binary_cross_entropy: binary cross entropy with logits, elementwise, as
// torch.nn.functional.binary_cross_entropy_with_logits.
//
//   out = max(x, 0) - x * target + log(1 + exp(-|x|))
//
// Shapes     x, target, out [rows, columns] float
// Launch     global = ceil(rows * columns / GROUP_ELEMENTS) * WG_SIZE, local = WG_SIZE
// Aliasing   out may be x or target
// Reference  Sources/CPUBackend/ElementLosses.swift

__kernel void binary_cross_entropy(
    __global const REAL *x, __global const REAL *target, __global REAL *out, int rows, int columns) {
  FOR_ELEMENTS(i, left, (size_t)rows * columns) {
    VEC v = load_row(x + i, left);
    VEC positive = CHOOSE(v, (VEC)0.0f, v < (VEC)0.0f);
    VEC loss = positive - v * load_row(target + i, left) + log1p(exp_f(-fabs(v)));
    store_row(loss, out + i, left);
  }
}
