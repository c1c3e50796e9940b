// SPDX-License-Identifier: Apache-2.0
// tiles: what the kernels that pass tiles through local memory share. The host puts it between common.cl and those.
//
// A tile of `height` rows of a row-major matrix lies in local memory with rows and columns exchanged,
// TILE_STRIDE(height) floats a column, so that an item reads neighbouring rows as one float4. It arrives in quads: four
// neighbouring floats of a row. Quad i is dealt so that the lanes of a warp read whole sectors of 32 bytes (two quads
// of a row), and that their exchanging stores fall into 32 banks (16 rows, and 4 * TILE_STRIDE % 32 = 16). Heights are
// powers of two; below 16, two stores may meet. All of this is reckoned from the layout, not measured.

#define TILE_STRIDE(height) ((height) + 4)
#define QUAD_ROW(height, i) (((i) / 2) & ((height) - 1))
#define QUAD_COLUMN(height, i) ((((i) / (2 * (height))) * 2 + ((i) & 1)) * 4)
// Line i of a matrix that lies transposed: four neighbouring rows of a column, which are neighbours in the tile as well;
// the lanes of a warp read whole columns of the tile. No %: beside / it becomes a freeze, which Oclgrind 21.10 does not know.
#define LINE_ROW(height, i) (((i) & ((height) / 4 - 1)) * 4)
#define LINE_COLUMN(height, i) ((i) / ((height) / 4))

// Whether load_four and store_four take p.
INLINE bool is_aligned(__global const REAL *p) { return ((size_t)p & (4 * sizeof(REAL) - 1)) == 0; }

// Four numbers of a row at p, of which `left` remain (none where it is not positive); zeros behind them. `aligned`: p
// and the row's length are multiples of four numbers.
INLINE float4 load_quad(__global const REAL *p, int left, bool aligned) {
  float4 v = (float4)0.0f;
  if (aligned) {
    if (left > 0) v = load_four(p);
  } else {
    if (left > 0) v.x = load_one(p);
    if (left > 1) v.y = load_one(p + 1);
    if (left > 2) v.z = load_one(p + 2);
    if (left > 3) v.w = load_one(p + 3);
  }
  return v;
}

// Writes up to four numbers of a row at p, of which `left` remain. Oclgrind 21.10 --uninitialized, which compiles for
// SPIR, takes a vector that is made of floats and stored for undefined.
INLINE void store_quad(float4 v, __global REAL *p, int left, bool aligned) {
#ifdef __SPIR__
  aligned = false;
#endif
  if (aligned) {
    if (left > 0) store_four(v, p);
  } else {
    if (left > 0) store_one(v.x, p);
    if (left > 1) store_one(v.y, p + 1);
    if (left > 2) store_one(v.z, p + 2);
    if (left > 3) store_one(v.w, p + 3);
  }
}

INLINE void place_quad(__local float *tile, const int height, int i, float4 v) {
  __local float *p = tile + QUAD_COLUMN(height, i) * TILE_STRIDE(height) + QUAD_ROW(height, i);
  p[0] = v.x;
  p[TILE_STRIDE(height)] = v.y;
  p[2 * TILE_STRIDE(height)] = v.z;
  p[3 * TILE_STRIDE(height)] = v.w;
}

INLINE void place_line(__local float *tile, const int height, int i, float4 v) {
  __local float *p = tile + LINE_COLUMN(height, i) * TILE_STRIDE(height) + LINE_ROW(height, i);
#ifdef __SPIR__  // as in store_quad
  p[0] = v.x;
  p[1] = v.y;
  p[2] = v.z;
  p[3] = v.w;
#else
  *(__local float4 *)p = v;
#endif
}

// Of a line that `items` work-items share, item `item` has `count` floats, of which float j is float SHARE of the line:
// runs of four, `items` runs apart, so that neighbours read neighbouring float4s and no two of them meet in a bank; or,
// where 4 does not divide the count, neighbouring floats.
#define SHARE(count, items, item, j) \
  ((count) % 4 == 0 ? (((j) / 4) * (items) + (item)) * 4 + (j) % 4 : (item) * (count) + (j))
// Neighbouring floats of a share that one read or store takes.
#define SHARE_RUN(count) ((count) % 4 == 0 ? 4 : (count) % 2 == 0 ? 2 : 1)

// A run has its float4's or float2's alignment in local memory; among an item's own floats it need not.
INLINE void read_run(__local const float *p, const int count, float *values) {
  if (count == 4)
    vstore4(*(__local const float4 *)p, 0, values);
  else if (count == 2)
    vstore2(*(__local const float2 *)p, 0, values);
  else
    values[0] = p[0];
}

INLINE void write_run(const float *values, const int count, __local float *p) {
#ifdef __SPIR__  // as in store_quad
  for (int j = 0; j < count; ++j) p[j] = values[j];
#else
  if (count == 4)
    *(__local float4 *)p = vload4(0, values);
  else if (count == 2)
    *(__local float2 *)p = vload2(0, values);
  else
    p[0] = values[0];
#endif
}

INLINE void read_share(__local const float *line, const int count, const int items, int item, float *values) {
#pragma unroll
  for (int j = 0; j < count; j += SHARE_RUN(count))
    read_run(line + SHARE(count, items, item, j), SHARE_RUN(count), values + j);
}
