// SPDX-License-Identifier: Apache-2.0
// pack_panels: copies a matrix into panels of columns, as linear_panels and gradient_panels read them.
//
//   panels[p,k,i] = matrix(k, p * PANEL_WIDTH + i), 0 in columns beyond the last
//
// Shapes     matrix [depth, columns], with BY_COLUMN [columns, depth]; panels [ceil(columns / PANEL_WIDTH), depth,
//            PANEL_WIDTH] float
// Defines    BY_COLUMN
// Launch     local size 1; global = any number >= 1: stretches of k are dealt out evenly over it, so that a work-item reads
//            whole rows of a matrix [depth, columns]
// Numerics   moves bits
// Aliasing   none
// Reference  Sources/OpenCLBackend/WeightPiece.swift
// Measured   (Zen 4, 2 cores, PoCL 3.1) 9 MB: 19 GB/s a core, what is written counted twice

#ifndef BY_COLUMN
#define BY_COLUMN 0
#endif

#if BY_COLUMN
// Squares of VECTOR_WIDTH rows and columns.
#define STRETCH VECTOR_WIDTH
INLINE void pack_square(
    __global const float *source, __global float *target, int columns_left, int depth_left, int depth) {
  if (columns_left >= VECTOR_WIDTH && depth_left >= VECTOR_WIDTH) {
    VEC square[VECTOR_WIDTH];
#pragma unroll
    for (int i = 0; i < VECTOR_WIDTH; ++i) square[i] = LOAD(source + (size_t)i * depth);
    transpose(square);
#pragma unroll
    for (int i = 0; i < VECTOR_WIDTH; ++i) STORE(square[i], target + i * PANEL_WIDTH);
  } else {
    for (int i = 0; i < VECTOR_WIDTH; ++i)
      for (int k = 0; k < min(VECTOR_WIDTH, depth_left); ++k)
        target[k * PANEL_WIDTH + i] = i < columns_left ? source[(size_t)i * depth + k] : 0.0f;
  }
}
#else
#define STRETCH 1
// Float by float at the end: Oclgrind 21.10 takes a vector that is made of floats and stored for undefined.
INLINE void pack_vector(__global const float *source, __global float *target, int columns_left) {
  if (columns_left >= VECTOR_WIDTH)
    STORE(LOAD(source), target);
  else
    for (int i = 0; i < VECTOR_WIDTH; ++i) target[i] = i < columns_left ? source[i] : 0.0f;
}
#endif

__kernel void pack_panels(__global const float *matrix, __global float *panels, int columns, int depth) {
  int panel_count = (columns + PANEL_WIDTH - 1) / PANEL_WIDTH;
  int stretches = (depth + STRETCH - 1) / STRETCH;
  int first = share_start(stretches, 0, get_group_id(0)) * STRETCH;
  int last = min(share_start(stretches, 0, get_group_id(0) + 1) * STRETCH, depth);
  for (int p = 0; p < panel_count; ++p) {
    int left = columns - p * PANEL_WIDTH;
    for (int k = first; k < last; k += STRETCH) {
      __global float *target = panels + ((size_t)p * depth + k) * PANEL_WIDTH;
#pragma unroll
      for (int v = 0; v < PANEL_VECTORS; ++v) {
        int column = p * PANEL_WIDTH + v * VECTOR_WIDTH;
#if BY_COLUMN
        pack_square(
            matrix + (size_t)column * depth + k, target + v * VECTOR_WIDTH, left - v * VECTOR_WIDTH, depth - k, depth);
#else
        pack_vector(matrix + (size_t)k * columns + column, target + v * VECTOR_WIDTH, left - v * VECTOR_WIDTH);
#endif
      }
    }
  }
}
