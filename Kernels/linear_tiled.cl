// SPDX-License-Identifier: Apache-2.0
// linear_tiled: a dense layer on GPUs, tiles of both operands passing through local memory.
//
//   out[m,n] = activation(sum_k x[m,k] * weight[n,k] + bias[n])
//
// Shapes     x [rows, depth], weight [columns, depth], bias [columns], out [rows, columns] float, row-major; the first of
//            the rows is row x_row of x and row out_row of out
// Defines    ACTIVATION; HAS_BIAS (without it, bias is not read and may be any buffer)
// Launch     2-D: local = (TILE_COLUMNS / ITEM_COLUMNS, TILE_ROWS / ITEM_ROWS), groups = (ceil(columns / TILE_COLUMNS),
//            ceil(rows / TILE_ROWS))
// Numerics   one fp32 fma chain per element, k ascending: a row's bits do not depend on the others'
// Aliasing   none
// Reference  Sources/CPUBackend/Linear.swift

#ifndef HAS_BIAS
#define HAS_BIAS 1
#endif
#ifndef TILE_ROWS
#define TILE_ROWS 64  // rows of out per work-group
#endif
#ifndef TILE_COLUMNS
#define TILE_COLUMNS 64  // columns of out per work-group
#endif
#ifndef TILE_DEPTH
#define TILE_DEPTH 16  // k per pass through local memory: a multiple of 4
#endif
#ifndef ITEM_ROWS
#define ITEM_ROWS 4  // rows of out per work-item
#endif
#ifndef ITEM_COLUMNS
#define ITEM_COLUMNS 4  // columns of out per work-item: 4 or a multiple of it
#endif
#define ITEMS_X (TILE_COLUMNS / ITEM_COLUMNS)
#define ITEMS (ITEMS_X * (TILE_ROWS / ITEM_ROWS))
#define ITEM_QUADS (ITEM_COLUMNS / 4)

// Copies a [height, TILE_DEPTH] tile of a row-major matrix to local memory, transposed; zeros where the matrix ends.
// `aligned`: every row starts at a multiple of 16 bytes.
INLINE void load_tile(
    __local float *tile, const int height, __global const float *source, int rows, int depth, int k, bool aligned,
    int lid) {
  for (int i = lid; i < height * (TILE_DEPTH / 4); i += ITEMS) {
    int row = i / (TILE_DEPTH / 4);
    int d = (i - mul24(row, TILE_DEPTH / 4)) * 4;  // not i %: Oclgrind 21.10 --uninitialized lacks the freeze it becomes
    float4 v = (float4)0.0f;
    if (row < rows) {
      __global const float *p = source + (size_t)row * depth + k + d;
      int left = depth - k - d;
      if (aligned && left >= 4) {
        v = *(__global const float4 *)p;
      } else {
        if (left > 0) v.x = p[0];
        if (left > 1) v.y = p[1];
        if (left > 2) v.z = p[2];
        if (left > 3) v.w = p[3];
      }
    }
    tile[(d + 0) * height + row] = v.x;
    tile[(d + 1) * height + row] = v.y;
    tile[(d + 2) * height + row] = v.z;
    tile[(d + 3) * height + row] = v.w;
  }
}

__kernel __attribute__((reqd_work_group_size(ITEMS_X, TILE_ROWS / ITEM_ROWS, 1))) void linear_tiled(
    __global const float *x, __global const float *weight, __global const float *bias, __global float *out, int rows,
    int columns, int depth, int x_row, int out_row) {
  __local float4 x_tile[TILE_DEPTH * TILE_ROWS / 4];
  __local float4 weight_tile[TILE_DEPTH * TILE_COLUMNS / 4];
  int item_x = get_local_id(0);
  int item_y = get_local_id(1);
  int lid = item_y * ITEMS_X + item_x;
  int first_row = (int)get_group_id(1) * TILE_ROWS;
  int first_column = (int)get_group_id(0) * TILE_COLUMNS;
  x += (size_t)(x_row + first_row) * depth;
  out += (size_t)out_row * columns;
  weight += (size_t)first_column * depth;
  bool x_aligned = depth % 4 == 0 && ((size_t)x & 15) == 0;
  bool weight_aligned = depth % 4 == 0 && ((size_t)weight & 15) == 0;
  float4 sums[ITEM_ROWS][ITEM_QUADS];
  for (int r = 0; r < ITEM_ROWS; ++r)
    for (int c = 0; c < ITEM_QUADS; ++c) sums[r][c] = (float4)0.0f;
  for (int k = 0; k < depth; k += TILE_DEPTH) {
    barrier(CLK_LOCAL_MEM_FENCE);
    load_tile((__local float *)x_tile, TILE_ROWS, x, rows - first_row, depth, k, x_aligned, lid);
    load_tile((__local float *)weight_tile, TILE_COLUMNS, weight, columns - first_column, depth, k, weight_aligned, lid);
    barrier(CLK_LOCAL_MEM_FENCE);
    __local const float *x_column = (__local const float *)x_tile + item_y * ITEM_ROWS;
#pragma unroll
    for (int d = 0; d < TILE_DEPTH; ++d) {
      float4 weights[ITEM_QUADS];
      // Neighbouring work-items read neighbouring float4s: no two of them meet in a bank.
      for (int c = 0; c < ITEM_QUADS; ++c) weights[c] = weight_tile[d * (TILE_COLUMNS / 4) + c * ITEMS_X + item_x];
      for (int r = 0; r < ITEM_ROWS; ++r) {
        float4 a = (float4)x_column[d * TILE_ROWS + r];
        for (int c = 0; c < ITEM_QUADS; ++c) sums[r][c] = fma(a, weights[c], sums[r][c]);
      }
    }
  }
  for (int r = 0; r < ITEM_ROWS; ++r) {
    int row = first_row + item_y * ITEM_ROWS + r;
    if (row < rows)
      for (int c = 0; c < ITEM_QUADS; ++c) {
        float lanes[4] = {sums[r][c].x, sums[r][c].y, sums[r][c].z, sums[r][c].w};
        for (int j = 0; j < 4; ++j) {
          int column = first_column + (c * ITEMS_X + item_x) * 4 + j;
          if (column < columns) {
#if HAS_BIAS
            lanes[j] += bias[column];
#endif
            out[(size_t)row * columns + column] = activate_one(lanes[j]);
          }
        }
      }
  }
}
