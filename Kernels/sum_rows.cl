// SPDX-License-Identifier: Apache-2.0
// sum_rows: the last step of VECTOR_WIDTH dot products at once. The host puts it between common.cl and the kernels that
// take products of rows.

// The lanes' sums of VECTOR_WIDTH vectors, as one vector. Each round adds halves, of two vectors at once.
INLINE VEC sum_rows(VEC rows[VECTOR_WIDTH]) {
#if defined(LOWER) && !defined(__SPIR__)  // Oclgrind 21.10 --uninitialized crashes on shuffles whose lanes are half unused
#pragma unroll
  for (int width = VECTOR_WIDTH / 2; width > 0; width /= 2)
#pragma unroll
    for (int i = 0; i < width; ++i) rows[i] = LOWER(rows[i], rows[i + width]) + UPPER(rows[i], rows[i + width]);
  return rows[0];
#else
  VEC sums;
  float *lanes = (float *)&sums;
  for (int i = 0; i < VECTOR_WIDTH; ++i) lanes[i] = sum_lanes(rows[i]);
  return sums;
#endif
}
