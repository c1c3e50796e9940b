// SPDX-License-Identifier: Apache-2.0
// pooling_gradient: the gradient through one mode of pooling, in all rows of each sequence.
//
//   CLS            dx[first] = dy[b]
//   MEAN           dx[t] = dy[b] / n
//   MAX            dx[t] = dy[b] in the first row where x is largest, per column
//   MEAN_SQRT_LEN  dx[t] = dy[b] / sqrt(n)
//   WEIGHTED_MEAN  dx[t] = dy[b] * w[t] / sum w, w = 1...n along the tokens
//   LAST_TOKEN     dx[last] = dy[b]
//
// Shapes     dy [sequences, dy_stride] float, read in the columns dy_column..<dy_column + hidden; x, dx [T, hidden] float;
//            offsets [sequences + 1] int: sequence b has the rows offsets[b]..<offsets[b + 1]
// Launch     2-D, any local size: dim 0 at least ceil(hidden / VECTOR_WIDTH), dim 1 = sequences; once per mode, which with
//            is_first writes dx and else adds to it
// Numerics   a NaN is larger than anything, as in the forward pass
// Aliasing   none
// Reference  Sources/CPUBackend/Training/PoolingGradient.swift

#define POOLING_CLS 0
#define POOLING_MEAN 1
#define POOLING_MAX 2
#define POOLING_MEAN_SQRT_LEN 3
#define POOLING_WEIGHTED_MEAN 4
#define POOLING_LAST_TOKEN 5

// The first of `count` rows where each column is largest.
INLINE IVEC largest_row(__global const float *x, int count, int hidden, int left) {
  VEC largest = load_row(x, left);
  IVEC at = (IVEC)0;
  for (int t = 1; t < count; ++t) {
    VEC v = load_row(x + (size_t)t * hidden, left);
    IVEC larger = (v > largest) | ((v != v) & (largest == largest));
    largest = CHOOSE(largest, v, larger);
    at = CHOOSE(at, (IVEC)t, larger);
  }
  return at;
}

__kernel void pooling_gradient(
    __global const float *dy, __global const float *x, __global const int *offsets, __global float *dx, int sequences,
    int hidden, int dy_stride, int dy_column, int mode, int is_first) {
  int column = (int)get_global_id(0) * VECTOR_WIDTH;
  int sequence = get_global_id(1);
  if (column < hidden && sequence < sequences) {
    int left = hidden - column;
    int count = offsets[sequence + 1] - offsets[sequence];
    size_t start = (size_t)offsets[sequence] * hidden + column;
    VEC y = load_row(dy + (size_t)sequence * dy_stride + dy_column + column, left);
    IVEC at = (IVEC)0;
    if (mode == POOLING_MAX && count > 0) at = largest_row(x + start, count, hidden, left);
    if (mode == POOLING_LAST_TOKEN) at = (IVEC)(count - 1);
    bool picks = mode == POOLING_CLS || mode == POOLING_MAX || mode == POOLING_LAST_TOKEN;
    bool weighted = mode == POOLING_WEIGHTED_MEAN;
    float n = (float)count;
    float divisor = n;
    if (mode == POOLING_MEAN_SQRT_LEN) divisor = sqrt(n);
    if (weighted) divisor = 0.5f * n * (n + 1.0f);
    for (int t = 0; t < count; ++t) {
      VEC v = y * (VEC)((weighted ? (float)(t + 1) : 1.0f) / divisor);
      if (picks) v = CHOOSE((VEC)0.0f, y, at == (IVEC)t);
      __global float *row = dx + start + (size_t)t * hidden;
      if (!is_first) v += load_row(row, left);
      store_row(v, row, left);
    }
  }
}
