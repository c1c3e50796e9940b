// SPDX-License-Identifier: Apache-2.0
// layer_norm_gradient: the gradient through add_layer_norm or layer_norm, and the sums over each block of rows that
// column_sums then adds to the gradients of weight and bias.
//
//   h = x + residual,   xhat = (h - mean(h)) / sqrt(var(h) + epsilon),   g = dy * weight
//   dh = (g - mean(g) - xhat * mean(g * xhat)) / sqrt(var(h) + epsilon)
//   partials[b,0] = sum_m dy * xhat,   partials[b,1] = sum_m dy                 m over the rows of block b
//
// Shapes     dy, x, residual, dh [rows, hidden], weight [hidden], partials [ceil(rows / ROW_BLOCK), 2, hidden] float
// Defines    HAS_RESIDUAL (with 0 residual is not read and may be any buffer); ROW_BLOCK, the host's
// Launch     one work-group per block of rows: global = ceil(rows / ROW_BLOCK) * WG_SIZE, local = WG_SIZE
// Numerics   fp32 sums in a fixed order, the mean first and then the centred squares; over rows ascending
// Measured   (N 768, 2 cores, AVX-512, with both column_sums, against a copy of the same bytes) 0.5-0.6 of its speed
//            within the third-level cache, 0.8-0.9 from memory
// Aliasing   dh may be dy, x or residual
// Reference  Sources/CPUBackend/Training/LayerNormGradient.swift

#ifndef HAS_RESIDUAL
#define HAS_RESIDUAL 1
#endif
#ifndef ROW_BLOCK
#define ROW_BLOCK 32
#endif

// A vector of h, with `filling` behind the row's end.
INLINE VEC load_hidden(__global const float *x, __global const float *residual, int left, float filling) {
  VEC h = load_row_or(x, left, filling);
#if HAS_RESIDUAL
  h += load_row(residual, left);
#endif
  return h;
}

__kernel void layer_norm_gradient(
    __global const float *dy, __global const float *x, __global const float *residual, __global const float *weight,
    __global float *partials, __global float *dh, int rows, int hidden, float epsilon) {
  SCRATCH(scratch);
  int first = (int)get_group_id(0) * ROW_BLOCK;
  __global float *weight_sums = partials + (size_t)get_group_id(0) * 2 * hidden;
  __global float *bias_sums = weight_sums + hidden;
  // The sums stay in the nearest cache; each work-item reads back only what it wrote.
  for (int row = first; row < min(first + ROW_BLOCK, rows); ++row) {
    size_t start = (size_t)row * hidden;
    VEC sums = (VEC)0.0f;
    FOR_ROW(i, hidden) sums += load_hidden(x + start + i, residual + start + i, hidden - i, 0.0f);
    float mean = reduce_sum(sum_lanes(sums), scratch) / (float)hidden;
    VEC squares = (VEC)0.0f, gradients = (VEC)0.0f, products = (VEC)0.0f;
    FOR_ROW(i, hidden) {
      int left = hidden - i;
      VEC centred = load_hidden(x + start + i, residual + start + i, left, mean) - (VEC)mean;
      VEC g = load_row(dy + start + i, left) * load_row(weight + i, left);
      squares = fma(centred, centred, squares);
      gradients += g;
      products = fma(g, centred, products);
    }
    float variance = reduce_sum(sum_lanes(squares), scratch) / (float)hidden;
    float scale = 1.0f / sqrt(variance + epsilon);
    float mean_gradient = reduce_sum(sum_lanes(gradients), scratch) / (float)hidden;
    float mean_product = reduce_sum(sum_lanes(products), scratch) * scale / (float)hidden;
    FOR_ROW(i, hidden) {
      int left = hidden - i;
      VEC xhat = (load_hidden(x + start + i, residual + start + i, left, 0.0f) - (VEC)mean) * (VEC)scale;
      VEC y = load_row(dy + start + i, left);
      VEC weight_sum = y * xhat, bias_sum = y;
      if (row > first) {
        weight_sum += load_row(weight_sums + i, left);
        bias_sum += load_row(bias_sums + i, left);
      }
      store_row(weight_sum, weight_sums + i, left);
      store_row(bias_sum, bias_sums + i, left);
      // The product rounded as it was in the mean: in a row of one element the difference is then exactly 0.
      VEC g = y * load_row(weight + i, left) - (VEC)mean_gradient;
      store_row(fma(-xhat, (VEC)mean_product, g) * (VEC)scale, dh + start + i, left);
    }
  }
}
