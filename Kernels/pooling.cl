// SPDX-License-Identifier: Apache-2.0
// pooling: one vector per sequence from the vectors of its tokens, as sentence-transformers' Pooling.
//
//   CLS            out[b] = x[first]
//   MEAN           out[b] = sum x / max(n, 1e-9)
//   MAX            out[b] = max x, per column
//   MEAN_SQRT_LEN  out[b] = sum x / sqrt(n)
//   WEIGHTED_MEAN  out[b] = sum w x / sum w, w = 1...n along the tokens
//   LAST_TOKEN     out[b] = x[last]
//
// Shapes     x [T, hidden] float, offsets [sequences + 1] int; sequence b has the rows offsets[b]..<offsets[b + 1];
//            out [sequences, out_stride] float, written in the columns out_column..<out_column + hidden
// Launch     2-D, any local size: dim 0 at least ceil(hidden / VECTOR_WIDTH), dim 1 = sequences
// Numerics   fp32 sums over the tokens in four interleaved chains counted from the sequence's first; a sequence without
//            tokens gives zeros
// Aliasing   none
// Reference  Sources/CPUBackend/Pooling.swift

#define POOLING_CLS 0
#define POOLING_MEAN 1
#define POOLING_MAX 2
#define POOLING_MEAN_SQRT_LEN 3
#define POOLING_WEIGHTED_MEAN 4
#define POOLING_LAST_TOKEN 5

__kernel void pooling(
    __global const REAL *x, __global const int *offsets, __global REAL *out, int sequences, int hidden,
    int out_stride, int out_column, int mode) {
  int column = (int)get_global_id(0) * VECTOR_WIDTH;
  int sequence = get_global_id(1);
  if (column < hidden && sequence < sequences) {
    int left = hidden - column;
    int count = offsets[sequence + 1] - offsets[sequence];
    x += (size_t)offsets[sequence] * hidden + column;
    VEC result = (VEC)0.0f;
    if (count > 0) {
      if (mode == POOLING_CLS) {
        result = load_row(x, left);
      } else if (mode == POOLING_LAST_TOKEN) {
        result = load_row(x + (size_t)(count - 1) * hidden, left);
      } else if (mode == POOLING_MAX) {
        result = (VEC)-INFINITY;
        for (int t = 0; t < count; ++t) {
          VEC v = load_row(x + (size_t)t * hidden, left);
          result = CHOOSE(v, result, v <= result);  // a NaN is larger than anything, as in torch.max
          result = CHOOSE(result, v, v != v);
        }
      } else {
        VEC sums[4] = {(VEC)0.0f, (VEC)0.0f, (VEC)0.0f, (VEC)0.0f};
        bool weighted = mode == POOLING_WEIGHTED_MEAN;
        for (int t = 0; t < count; t += 4)
          for (int j = 0; j < 4; ++j)
            if (t + j < count) {
              VEC w = (VEC)(weighted ? (float)(t + j + 1) : 1.0f);
              sums[j] = fma(load_row(x + (size_t)(t + j) * hidden, left), w, sums[j]);
            }
        float n = (float)count;
        float divisor = n;
        if (mode == POOLING_MEAN_SQRT_LEN) divisor = sqrt(n);
        if (weighted) divisor = 0.5f * n * (n + 1.0f);
        result = ((sums[0] + sums[1]) + (sums[2] + sums[3])) / (VEC)divisor;
      }
    }
    store_row(result, out + (size_t)sequence * out_stride + out_column + column, left);
  }
}
