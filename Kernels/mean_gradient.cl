// SPDX-License-Identifier: Apache-2.0
// mean_gradient: the gradient through the mean of all elements, or of those whose label is not -100.
//
//   dx = dy[0] / count, and 0 where the label is -100; NaN everywhere where count is 0, as the mean was
//
// Shapes     dy [1] float; labels [rows] int, with which columns is 1; dx [rows, columns] float
// Defines    HAS_LABELS (without it labels is not read and may be any buffer)
// Launch     global = ceil(rows * columns / GROUP_ELEMENTS) * WG_SIZE, local = WG_SIZE
// Numerics   every work-group counts the labels for itself: there are few groups, a label being 4 bytes of a whole token
// Aliasing   none
// Reference  Sources/CPUBackend/Training/LossGradients.swift

#ifndef HAS_LABELS
#define HAS_LABELS 0
#endif
#define IGNORED_LABEL -100

__kernel void mean_gradient(
    __global const float *dy, __global const int *labels, __global float *dx, int rows, int columns) {
#if HAS_LABELS
  SCRATCH(scratch);
  int counted = 0;
  for (int m = get_local_id(0); m < rows; m += WG_SIZE) counted += labels[m] != IGNORED_LABEL ? 1 : 0;
  float count = reduce_sum((float)counted, scratch);
#else
  float count = (float)((long)rows * columns);
#endif
  float share = count > 0.0f ? dy[0] / count : NAN;
  FOR_ELEMENTS(i, left, (size_t)rows * columns) {
    VEC v = (VEC)share;
#if HAS_LABELS
    float *lanes = (float *)&v;
    for (int lane = 0; lane < min(VECTOR_WIDTH, left); ++lane)
      if (labels[i + lane] == IGNORED_LABEL && count > 0.0f) lanes[lane] = 0.0f;
#endif
    store_row(v, dx + i, left);
  }
}
