// SPDX-License-Identifier: Apache-2.0
// probe_mma: the functions of warp.cl on numbers whose answer is known: whether a device has them is tried, not believed.
//
//   out[0,m,n] = sum_s sum_k x[s,m,k] * weight[s,n,k],   out[1,m,n] = sum_s sum_k x[s,m,k] * value[s,k,n]
//
// Shapes     with 16 bits: x, weight, value [steps, 16, 16]; float: x, weight [steps, 16, 8], value is not read; out
//            [2, 16, 16] float, of which float and AMD's engine leave the second matrix as it is; PASSES 3 needs an even
//            number of steps
// Defines    PRECISION, PASSES, MATRIX_ENGINE of warp.cl
// Launch     one group of 32
// Reference  Sources/OpenCLBackend/MatrixEngine/MatrixEngineProbe.swift

INLINE void store_products(const float *c, int lane, __global float *out) {
  for (int n = 0; n < 16 / RESULT_WIDTH; ++n)
    for (int i = 0; i < RESULT_ROWS; ++i)
      for (int j = 0; j < RESULT_RUN; ++j)
        out[result_row(lane, i) * 16 + n * RESULT_WIDTH + result_column(lane) + j] =
            c[(n * RESULT_ROWS + i) * RESULT_RUN + j];
}

__kernel __attribute__((reqd_work_group_size(32, 1, 1))) void probe_mma(
    __global const REAL *x, __global const REAL *weight, __global const REAL *value, __global float *out, int steps) {
  __local uint4 tiles[3 * 32];  // rows of two chunks
#if EMULATED
  __local uint words[WARP_WORDS(1, 2)];
#endif
  WARP warp;
  warp.lane = get_local_id(0);
#if EMULATED
  warp.words = words;
#endif
  int lane = warp.lane;
  float c[8], transposed[8];
  for (int i = 0; i < 8; ++i) c[i] = transposed[i] = 0.0f;
#if SPLITS
  float partial[8];  // as in linear_mma: the engine sums 16 products, and no more
#else
  float *partial = c;
#endif
  for (int step = 0; step < steps; ++step) {
    int offset = (step * 32 + lane) * CHUNK;
    copy_chunk(tiles + lane, x + offset, true);
    copy_chunk(tiles + 32 + lane, weight + offset, true);
    commit_copies();
#if PRECISION != 0 && MATRIX_ENGINE != 2
    copy_chunk(tiles + 64 + lane, value + offset, true);
#endif
    commit_copies();
    wait_for_copies(1);
    barrier(CLK_LOCAL_MEM_FENCE);
    uint a[A_WORDS], b[2 * B_WORDS];
    load_fragments(a, tiles, a_row(lane) * 2 + a_chunk(lane), warp);
    load_fragments(b, tiles + 32, b_row(lane) * 2 + b_chunk(lane), warp);
#if SPLITS
    if ((step & 1) == 0) {
      for (int i = 0; i < 8; ++i) partial[i] = 0.0f;
    }
#endif
    multiply_fragments(1, 2, a, b, partial, warp);
#if SPLITS
    if ((step & 1) == 1) {
      for (int i = 0; i < 8; ++i) c[i] += partial[i];
    }
#endif
    wait_for_copies(0);
    barrier(CLK_LOCAL_MEM_FENCE);
#if PRECISION != 0 && MATRIX_ENGINE != 2
    load_fragments_transposed(b, tiles + 64, (lane & 15) * 2 + lane / 16, warp);
    multiply_fragments(1, 2, a, b, transposed, warp);
    barrier(CLK_LOCAL_MEM_FENCE);
#endif
  }
  store_products(c, lane, out);
#if PRECISION != 0 && MATRIX_ENGINE != 2
  store_products(transposed, lane, out + 256);
#endif
}
