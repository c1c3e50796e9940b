// SPDX-License-Identifier: Apache-2.0
// common: what every kernel shares. The host puts this file in front of each of the others; none includes it.
//
// Numerics   contraction is off, so a product and a sum become one fma only where the source says fma: whichever code
//            path computes an element (full tile, remainder), it does the same operations in the same order, bit for bit
// Storage    real numbers in global memory are REAL, in 16 bits where PRECISION says so; kernels read and write them by the
//            functions below and compute in float. No cl_khr_fp16: vload_half and vstore_half are in every OpenCL
//            (PoCL 3.1 makes one vcvtph2ps, or vcvtps2ph, of a vector). Rounded to nearest, ties to even; what float16
//            cannot hold is infinite, NaN stays NaN. Kernels for training keep float and are built with PRECISION 0
// Functions  exp_f, exp2_f, erf_f, tanh_f on VEC; coefficients and errors from scripts/fit-approximations.py. PoCL 3.1's
//            own on float16 take 1.2, 1.6, 7.6 and 3.4 times as long

#pragma OPENCL FP_CONTRACT OFF

#ifndef WG_SIZE
#define WG_SIZE 1  // work-items per row in the row kernels: 1 on CPU devices, a power of two 32...256 on GPUs
#endif
#ifndef VECTOR_WIDTH
#define VECTOR_WIDTH 1  // floats per vector: 1, 4, 8 or 16; the device's native width on a CPU, 1 on GPUs
#endif

#define PRECISION_FLOAT32 0
#define PRECISION_FLOAT16 1
#define PRECISION_BFLOAT16 2
#ifndef PRECISION
#define PRECISION PRECISION_FLOAT32  // of real numbers in global memory: weights, activations, caches
#endif

// Inlined always: PoCL 3.1 otherwise calls the larger helpers and spills every vector around the call.
#define INLINE static inline __attribute__((always_inline))

#define ACTIVATION_NONE 0
#define ACTIVATION_GELU_ERF 1
#define ACTIVATION_GELU_TANH 2
#define ACTIVATION_GELU_FAST 3
#define ACTIVATION_QUICK_GELU 4
#define ACTIVATION_RELU 5
#define ACTIVATION_SILU 6
#define ACTIVATION_TANH 7
#define ACTIVATION_MISH 8
#ifndef ACTIVATION
#define ACTIVATION ACTIVATION_NONE  // what bias_activation and the linear kernels apply to each element
#endif

// VEC: VECTOR_WIDTH floats; IVEC: as many ints, the type of a comparison and of a bit pattern.
#if VECTOR_WIDTH == 1
typedef float VEC;
typedef int IVEC;
typedef uchar BVEC;
#define AS_VEC as_float
#define AS_IVEC as_int
#define TO_IVEC(bytes) ((int)(bytes))
#else
#define CONCAT_(a, b) a##b
#define CONCAT(a, b) CONCAT_(a, b)
typedef CONCAT(float, VECTOR_WIDTH) VEC;
typedef CONCAT(int, VECTOR_WIDTH) IVEC;
typedef CONCAT(uchar, VECTOR_WIDTH) BVEC;
#define AS_VEC CONCAT(as_float, VECTOR_WIDTH)
#define AS_IVEC CONCAT(as_int, VECTOR_WIDTH)
#define TO_IVEC(bytes) CONCAT(convert_int, VECTOR_WIDTH)(bytes)
#endif
typedef BVEC __attribute__((aligned(1))) ANY_BVEC;
#define LOAD_BYTES(p) ((BVEC) * (__global const ANY_BVEC *)(p))

// REAL: a real number in global memory. load_one and store_one move one of them, LOAD and STORE a VEC, from and to any
// REAL's address; load_four and store_four a float4, where four REALs are aligned as one.
#if PRECISION == PRECISION_FLOAT32
typedef float REAL;
// A copy through an under-aligned type: PoCL 3.1 makes three stores of one vstore16.
typedef VEC __attribute__((aligned(4))) ANY_VEC;
#define LOAD(p) ((VEC) * (__global const ANY_VEC *)(p))
#define STORE(v, p) (*(__global ANY_VEC *)(p) = (v))
#define load_one(p) (*(p))
#define store_one(v, p) (*(p) = (v))
#define load_four(p) (*(__global const float4 *)(p))
#define store_four(v, p) (*(__global float4 *)(p) = (v))
#elif PRECISION == PRECISION_FLOAT16
typedef ushort REAL;
#define load_one(p) vload_half(0, (__global const half *)(p))
#define store_one(v, p) vstore_half_rte(v, 0, (__global half *)(p))
// Moved as what is aligned, converted where it has come to.
INLINE float4 load_four(__global const REAL *p) {
  ushort4 bits = *(__global const ushort4 *)p;
  return vload_half4(0, (const half *)&bits);
}
INLINE void store_four(float4 v, __global REAL *p) {
  ushort4 bits;
  vstore_half4_rte(v, 0, (half *)&bits);
  *(__global ushort4 *)p = bits;
}
#if VECTOR_WIDTH == 1
#define LOAD(p) load_one(p)
#define STORE(v, p) store_one(v, p)
#else
// Not vload_half and vstore_half at p: PoCL 3.1 takes p for aligned as a vector is, and crashes where it is not.
typedef CONCAT(ushort, VECTOR_WIDTH) REAL_VEC;
typedef REAL_VEC __attribute__((aligned(2))) ANY_REAL_VEC;
INLINE VEC LOAD(__global const REAL *p) {
  REAL_VEC bits = *(__global const ANY_REAL_VEC *)p;
  return CONCAT(vload_half, VECTOR_WIDTH)(0, (const half *)&bits);
}
INLINE void STORE(VEC v, __global REAL *p) {
  REAL_VEC bits;
  CONCAT(CONCAT(vstore_half, VECTOR_WIDTH), _rte)(v, 0, (half *)&bits);
  *(__global ANY_REAL_VEC *)p = bits;
}
#endif
#elif PRECISION == PRECISION_BFLOAT16
typedef ushort REAL;
// The upper half of a float's bits, rounded: a NaN whose payload is in the lower half alone gets one bit more.
#define BFLOAT16_BITS(u, UINT) \
  (((u & (UINT)0x7FFFFFFF) > (UINT)0x7F800000 ? u | (UINT)0x400000 : u + (UINT)0x7FFF + ((u >> 16) & (UINT)1)) >> 16)
INLINE float load_one(__global const REAL *p) { return as_float((uint)*p << 16); }
INLINE void store_one(float v, __global REAL *p) {
  uint u = as_uint(v);
  *p = (ushort)BFLOAT16_BITS(u, uint);
}
INLINE float4 load_four(__global const REAL *p) { return as_float4(convert_uint4(*(__global const ushort4 *)p) << 16); }
INLINE void store_four(float4 v, __global REAL *p) {
  uint4 u = as_uint4(v);
  *(__global ushort4 *)p = convert_ushort4(BFLOAT16_BITS(u, uint4));
}
#if VECTOR_WIDTH == 1
#define LOAD(p) load_one(p)
#define STORE(v, p) store_one(v, p)
#else
typedef CONCAT(uint, VECTOR_WIDTH) BITS_VEC;
typedef CONCAT(ushort, VECTOR_WIDTH) REAL_VEC;
typedef REAL_VEC __attribute__((aligned(2))) ANY_REAL_VEC;
INLINE VEC LOAD(__global const REAL *p) {
  return AS_VEC(CONCAT(convert_uint, VECTOR_WIDTH)((REAL_VEC) * (__global const ANY_REAL_VEC *)p) << 16);
}
INLINE void STORE(VEC v, __global REAL *p) {
  BITS_VEC u = CONCAT(as_uint, VECTOR_WIDTH)(v);
  *(__global ANY_REAL_VEC *)p = CONCAT(convert_ushort, VECTOR_WIDTH)(BFLOAT16_BITS(u, BITS_VEC));
}
#endif
#else
#error "unknown PRECISION"
#endif
// Whether memory holds what was computed, unrounded, so that a kernel may keep something there and read it again.
#define KEEPS_FLOATS (PRECISION == PRECISION_FLOAT32)

// `yes` where the comparison `test` holds, else `no`: per lane.
#define CHOOSE(no, yes, test) ((test) ? (yes) : (no))

// The first `count` numbers at p, and `filling` behind them: the tail of a row, never read past its end.
INLINE VEC load_tail(__global const REAL *p, int count, float filling) {
  VEC v;
  float *lanes = (float *)&v;
  for (int i = 0; i < VECTOR_WIDTH; ++i) lanes[i] = i < count ? load_one(p + i) : filling;
  return v;
}

INLINE void store_tail(VEC v, __global REAL *p, int count) {
  const float *lanes = (const float *)&v;
  for (int i = 0; i < VECTOR_WIDTH; ++i)
    if (i < count) store_one(lanes[i], p + i);
}

// A vector of the row at p, of which `left` numbers remain: the whole vector, or the tail and `filling`.
INLINE VEC load_row_or(__global const REAL *p, int left, float filling) {
  return left >= VECTOR_WIDTH ? LOAD(p) : load_tail(p, left, filling);
}

INLINE VEC load_row(__global const REAL *p, int left) { return load_row_or(p, left, 0.0f); }

INLINE void store_row(VEC v, __global REAL *p, int left) {
  if (left >= VECTOR_WIDTH)
    STORE(v, p);
  else
    store_tail(v, p, left);
}

#define PLUS(a, b) ((a) + (b))
#define LARGER(a, b) ((a) > (b) ? (a) : (b))  // b where a is NaN: a maximum that starts at -infinity never is NaN

// The lanes' sum and maximum, halves upon halves. Oclgrind 21.10 --uninitialized, which compiles for SPIR, crashes on the
// shuffles with undefined lanes that unrolling leads to.
#ifdef __SPIR__
#define UNROLL_FOLD
#else
#define UNROLL_FOLD _Pragma("unroll")
#endif
#define FOLD(v, op) \
  float *lanes = (float *)&v; \
  UNROLL_FOLD for (int reach = VECTOR_WIDTH / 2; reach > 0; reach /= 2) \
    UNROLL_FOLD for (int i = 0; i < reach; ++i) lanes[i] = op(lanes[i + reach], lanes[i]); \
  return lanes[0];
INLINE float sum_lanes(VEC v) { FOLD(v, PLUS) }
INLINE float max_lanes(VEC v) { FOLD(v, LARGER) }

// Exchanges rows and columns of VECTOR_WIDTH vectors. Where shuffles serve, each round interleaves the rows i and
// i + VECTOR_WIDTH / 2, which rotates the bits of every element's index by one; log2(VECTOR_WIDTH) rounds bring the row
// to the column's place.
#if VECTOR_WIDTH == 16
#define LOWER(a, b) \
  (VEC)(a.s0, b.s0, a.s1, b.s1, a.s2, b.s2, a.s3, b.s3, a.s4, b.s4, a.s5, b.s5, a.s6, b.s6, a.s7, b.s7)
#define UPPER(a, b) \
  (VEC)(a.s8, b.s8, a.s9, b.s9, a.sa, b.sa, a.sb, b.sb, a.sc, b.sc, a.sd, b.sd, a.se, b.se, a.sf, b.sf)
#elif VECTOR_WIDTH == 8
#define LOWER(a, b) (VEC)(a.s0, b.s0, a.s1, b.s1, a.s2, b.s2, a.s3, b.s3)
#define UPPER(a, b) (VEC)(a.s4, b.s4, a.s5, b.s5, a.s6, b.s6, a.s7, b.s7)
#elif VECTOR_WIDTH == 4
#define LOWER(a, b) (VEC)(a.s0, b.s0, a.s1, b.s1)
#define UPPER(a, b) (VEC)(a.s2, b.s2, a.s3, b.s3)
#endif
INLINE void transpose(VEC square[VECTOR_WIDTH]) {
#if defined(LOWER) && !defined(__SPIR__)  // Oclgrind 21.10 --uninitialized crashes on shuffles whose lanes are half unused
#pragma unroll
  for (int width = 1; width < VECTOR_WIDTH; width *= 2) {
    VEC next[VECTOR_WIDTH];
#pragma unroll
    for (int i = 0; i < VECTOR_WIDTH / 2; ++i) {
      next[2 * i] = LOWER(square[i], square[i + VECTOR_WIDTH / 2]);
      next[2 * i + 1] = UPPER(square[i], square[i + VECTOR_WIDTH / 2]);
    }
#pragma unroll
    for (int i = 0; i < VECTOR_WIDTH; ++i) square[i] = next[i];
  }
#else
  float *lanes = (float *)square;
  for (int i = 0; i < VECTOR_WIDTH; ++i)
    for (int j = 0; j < i; ++j) {
      float lane = lanes[i * VECTOR_WIDTH + j];
      lanes[i * VECTOR_WIDTH + j] = lanes[j * VECTOR_WIDTH + i];
      lanes[j * VECTOR_WIDTH + i] = lane;
    }
#endif
}

// The sum or maximum over a work-group, in a fixed tree; with one work-item neither local memory nor a barrier.
#if WG_SIZE > 1
#define SCRATCH(name) __local float name[WG_SIZE]
INLINE float reduce_sum(float v, __local float *scratch) {
  int lid = get_local_id(0);
  scratch[lid] = v;
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int reach = WG_SIZE / 2; reach > 0; reach /= 2) {
    if (lid < reach) scratch[lid] += scratch[lid + reach];
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  float total = scratch[0];
  barrier(CLK_LOCAL_MEM_FENCE);
  return total;
}
INLINE float reduce_max(float v, __local float *scratch) {
  int lid = get_local_id(0);
  scratch[lid] = v;
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int reach = WG_SIZE / 2; reach > 0; reach /= 2) {
    if (lid < reach) scratch[lid] = LARGER(scratch[lid + reach], scratch[lid]);
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  float largest = scratch[0];
  barrier(CLK_LOCAL_MEM_FENCE);
  return largest;
}
#else
#define SCRATCH(name)
#define reduce_sum(v, scratch) (v)
#define reduce_max(v, scratch) (v)
#endif

// for each vector of a row of `length` floats that is this work-item's: i is its first element.
#define FOR_ROW(i, length) \
  for (int i = (int)get_local_id(0) * VECTOR_WIDTH; i < (length); i += WG_SIZE * VECTOR_WIDTH)

// for each vector of `count` elements that is this work-item's in a kernel of independent elements: i is its first
// element, `left` how many there are from there on. Group g has those from g * GROUP_ELEMENTS on, so that no group is
// too small for its launch.
#define GROUP_ELEMENTS 4096
#define FOR_ELEMENTS(i, left, count) \
  size_t first_element = (size_t)get_group_id(0) * GROUP_ELEMENTS; \
  int group_elements = (int)min((size_t)GROUP_ELEMENTS, (count)-first_element); \
  size_t i = first_element + get_local_id(0) * VECTOR_WIDTH; \
  for (int left = group_elements - (int)get_local_id(0) * VECTOR_WIDTH; left > 0; \
       left -= WG_SIZE * VECTOR_WIDTH, i += WG_SIZE * VECTOR_WIDTH)

// Adding and subtracting 1.5 * 2^23 rounds to the nearest integer, which is then in the sum's low bits.
#define ROUNDING 12582912.0f
#define ROUNDING_BITS 0x4B400000

// e^x: 1 ulp; 0 where it would be below 2^-125 (a denormal costs an x86 core 150 cycles), inf beyond 3.4e38, NaN stays
// NaN whatever its payload (so 2^n is multiplied, not added to the exponent's bits).
INLINE VEC exp_f(VEC x) {
  const float lowest = -86.64339f;
  x = CHOOSE(x, (VEC)89.0f, x > (VEC)89.0f);
  x = CHOOSE(x, (VEC)lowest, x < (VEC)lowest);
  VEC shifted = fma(x, (VEC)1.44269504f, (VEC)ROUNDING);
  VEC n = shifted - (VEC)ROUNDING;
  VEC r = fma(n, (VEC)-1.42860677e-06f, fma(n, (VEC)-0.693145752f, x));
  VEC p = fma(r, (VEC)1.381446724e-03f, (VEC)8.368780836e-03f);
  p = fma(p, r, (VEC)4.166839272e-02f);
  p = fma(p, r, (VEC)1.666651964e-01f);
  p = fma(p, r, (VEC)4.999999404e-01f);
  p = fma(p, r * r, r) + (VEC)1.0f;
  // 2p * 2^(n-1), because n reaches 128 and a float's exponent 127.
  VEC power = AS_VEC((AS_IVEC(shifted) - (IVEC)(ROUNDING_BITS - 126)) << 23);
  return CHOOSE((p + p) * power, (VEC)0.0f, x <= (VEC)lowest);
}

// 2^x for x <= 0: 1 ulp; anything below -126 gives 2^-126, NaN stays NaN.
INLINE VEC exp2_f(VEC x) {
  x = CHOOSE(x, (VEC)-126.0f, x < (VEC)-126.0f);
  VEC shifted = x + (VEC)ROUNDING;
  VEC f = x - (shifted - (VEC)ROUNDING);
  VEC p = fma(f, (VEC)1.535325864e-04f, (VEC)1.339900307e-03f);
  p = fma(p, f, (VEC)9.618438780e-03f);
  p = fma(p, f, (VEC)5.550331995e-02f);
  p = fma(p, f, (VEC)2.402264774e-01f);
  p = fma(p, f, (VEC)6.931471825e-01f);
  p = fma(p, f, (VEC)1.0f);
  return p * AS_VEC((AS_IVEC(shifted) - (IVEC)(ROUNDING_BITS - 127)) << 23);
}

// erf(x): 5 ulp; exactly -1 and 1 from |x| = 3.92 on, so that the tail of a GELU is exactly 0.
INLINE VEC erf_f(VEC x) {
  VEC s = x * x;
  VEC p = fma(s, (VEC)1.993269905e-08f, (VEC)-1.958016583e-06f);
  p = fma(p, s, (VEC)1.417988824e-04f);
  p = fma(p, s, (VEC)3.698822111e-03f);
  p = fma(p, s, (VEC)5.056416988e-02f);
  p = fma(p, s, (VEC)1.998548508e-01f);
  p = fma(p, s, (VEC)1.128379107e+00f);
  VEC q = fma(s, (VEC)9.554134449e-04f, (VEC)1.434737351e-02f);
  q = fma(q, s, (VEC)1.149696931e-01f);
  q = fma(q, s, (VEC)5.104483962e-01f);
  q = fma(q, s, (VEC)1.0f);
  VEC y = x * p / q;
  y = CHOOSE(y, (VEC)1.0f, x > (VEC)3.9192059f);
  return CHOOSE(y, (VEC)-1.0f, x < (VEC)-3.9192059f);
}

// tanh(x): 5 ulp; exactly -1 and 1 from |x| = 9.01 on.
INLINE VEC tanh_f(VEC x) {
  VEC s = x * x;
  VEC p = fma(s, (VEC)-1.222283125e-11f, (VEC)3.061107279e-08f);
  p = fma(p, s, (VEC)2.801827031e-05f);
  p = fma(p, s, (VEC)3.868862754e-03f);
  p = fma(p, s, (VEC)1.368034184e-01f);
  p = fma(p, s, (VEC)1.0f);
  VEC q = fma(s, (VEC)1.288122689e-06f, (VEC)3.939575108e-04f);
  q = fma(q, s, (VEC)2.724779584e-02f);
  q = fma(q, s, (VEC)4.701367319e-01f);
  q = fma(q, s, (VEC)1.0f);
  VEC y = x * p / q;
  y = CHOOSE(y, (VEC)1.0f, x > (VEC)9.0109131f);
  return CHOOSE(y, (VEC)-1.0f, x < (VEC)-9.0109131f);
}

INLINE VEC sigmoid_f(VEC x) { return (VEC)1.0f / ((VEC)1.0f + exp_f(-x)); }

// The activation ACTIVATION names, as transformers' activations.py defines it.
INLINE VEC activate(VEC x) {
#if ACTIVATION == ACTIVATION_NONE
  return x;
#elif ACTIVATION == ACTIVATION_GELU_ERF
  return (VEC)0.5f * x * ((VEC)1.0f + erf_f(x * (VEC)0.70710678f));
#elif ACTIVATION == ACTIVATION_GELU_TANH
  VEC inner = (VEC)0.79788456f * fma((VEC)0.044715f * x * x, x, x);
  return (VEC)0.5f * x * ((VEC)1.0f + tanh_f(inner));
#elif ACTIVATION == ACTIVATION_GELU_FAST
  VEC inner = x * (VEC)0.7978845608f * fma((VEC)0.044715f * x, x, (VEC)1.0f);
  return (VEC)0.5f * x * ((VEC)1.0f + tanh_f(inner));
#elif ACTIVATION == ACTIVATION_QUICK_GELU
  return x * sigmoid_f((VEC)1.702f * x);
#elif ACTIVATION == ACTIVATION_RELU
  return CHOOSE(x, (VEC)0.0f, x < (VEC)0.0f);
#elif ACTIVATION == ACTIVATION_SILU
  return x * sigmoid_f(x);
#elif ACTIVATION == ACTIVATION_TANH
  return tanh_f(x);
#elif ACTIVATION == ACTIVATION_MISH
  // tanh(log(1 + e)) = n / (n + 2) with e = exp(x), n = e (e + 2): no logarithm and no cancellation
  VEC e = exp_f(CHOOSE(x, (VEC)20.0f, x > (VEC)20.0f));
  VEC n = e * (e + (VEC)2.0f);
  return x * (n / (n + (VEC)2.0f));
#else
#error "unknown ACTIVATION"
#endif
}

// The activation of one float, for the kernels that count in single elements.
INLINE float activate_one(float x) {
#if VECTOR_WIDTH == 1
  return activate(x);
#else
  return activate((VEC)x).s0;
#endif
}

// A vector of h, the sum of the first `terms` of the rows a, b and c, of which `left` numbers remain; `filling` behind them.
INLINE VEC load_sum(
    const int terms, __global const REAL *a, __global const REAL *b, __global const REAL *c, int left, float filling) {
  VEC h = load_row_or(a, left, filling);
  if (terms > 1) h += load_row(b, left);
  if (terms > 2) h += load_row(c, left);
  return h;
}

// The last argument of normalize_row. No variadic macro: NVIDIA's compiler has none in OpenCL C 1.2.
#if WG_SIZE > 1
#define WITH_SCRATCH , scratch
#else
#define WITH_SCRATCH
#endif

// Writes out = (h - mean) / sqrt(variance + epsilon) * weight + bias, h a row of `hidden` numbers as load_sum has it, which
// sums to hidden * mean; out may be one of its terms.
INLINE void normalize_row(
    const int terms, __global const REAL *a, __global const REAL *b, __global const REAL *c, float mean,
    __global const REAL *weight, __global const REAL *bias, __global REAL *out, int hidden, float epsilon
#if WG_SIZE > 1
    , __local float *scratch
#endif
) {
  VEC squares = (VEC)0.0f;
  FOR_ROW(i, hidden) {
    VEC centred = load_sum(terms, a + i, b + i, c + i, hidden - i, mean) - (VEC)mean;
    squares = fma(centred, centred, squares);
  }
  float variance = reduce_sum(sum_lanes(squares), scratch) / (float)hidden;
  VEC scale = (VEC)(1.0f / sqrt(variance + epsilon));
  FOR_ROW(i, hidden) {
    int left = hidden - i;
    VEC centred = (load_sum(terms, a + i, b + i, c + i, left, 0.0f) - (VEC)mean) * scale;
    store_row(fma(centred, load_row(weight + i, left), load_row(bias + i, left)), out + i, left);
  }
}
