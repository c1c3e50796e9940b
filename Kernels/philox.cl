// SPDX-License-Identifier: Apache-2.0
// philox: the counter-based generator that dropout draws from. The host puts it between common.cl and the kernels that
// drop.
//
//   draws[0...3] = Philox4x32-10((c0, c1, c2, 0), key), a counter per lane; element 4 i + w of a tensor has word w of
//   counter i
//
// Source     Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011
// Tried      (16 lanes, time against what stands here) the rounds of a fixed row done once, those of a fixed c0 in scalars
//            0.88: 1-2 % of attention, not worth a second body
// Measured   0.32-0.37 ns a draw on 2 cores, AVX-512, where the FMA peak is 110 GFLOP/s; 8 lanes 1.3 times as long
// Numerics   integers alone, so that every device and every executor draws the same
// Reference  Sources/ComputeGraph/Dropout.swift

// UVEC: VECTOR_WIDTH words, like IVEC. Inside philox a vector is LONGS vectors of longs, its even lanes and its odd ones:
// x86 multiplies those (PoCL 3.1 takes mul_hi apart into lanes), and GPUs do. Only a long's low word counts.
#if VECTOR_WIDTH == 1
typedef uint UVEC;
typedef ulong LONG;
#define LONGS 1
#define AS_UVEC as_uint
#define TO_UVEC(longs) ((uint)(longs)[0])
#else
typedef CONCAT(uint, VECTOR_WIDTH) UVEC;
#define AS_UVEC CONCAT(as_uint, VECTOR_WIDTH)
#define LONGS 2
#if VECTOR_WIDTH == 16
typedef ulong8 LONG;
#define AS_LONG as_ulong8
#elif VECTOR_WIDTH == 8
typedef ulong4 LONG;
#define AS_LONG as_ulong4
#else
typedef ulong2 LONG;
#define AS_LONG as_ulong2
#endif
#define TO_UVEC(longs) AS_UVEC(((longs)[0] & (LONG)0xFFFFFFFFul) | ((longs)[1] << (LONG)32))
#endif

#define PHILOX_M0 0xD2511F53u
#define PHILOX_M1 0xCD9E8D57u
#define PHILOX_W0 0x9E3779B9u
#define PHILOX_W1 0xBB67AE85u

INLINE void to_longs(UVEC words, LONG longs[LONGS]) {
#if VECTOR_WIDTH == 1
  longs[0] = words;
#else
  longs[0] = AS_LONG(words);
  longs[1] = AS_LONG(words) >> (LONG)32;
#endif
}

INLINE void philox(UVEC c0, UVEC c1, UVEC c2, uint key0, uint key1, UVEC draws[4]) {
  LONG s0[LONGS], s1[LONGS], s2[LONGS], s3[LONGS];
  to_longs(c0, s0);
  to_longs(c1, s1);
  to_longs(c2, s2);
  to_longs((UVEC)0u, s3);
#pragma unroll
  for (int round = 0; round < 10; ++round) {
#pragma unroll
    for (int i = 0; i < LONGS; ++i) {
      LONG p0 = (s0[i] & (LONG)0xFFFFFFFFul) * (LONG)(ulong)PHILOX_M0;
      LONG p1 = (s2[i] & (LONG)0xFFFFFFFFul) * (LONG)(ulong)PHILOX_M1;
      s0[i] = (p1 >> (LONG)32) ^ s1[i] ^ (LONG)(ulong)key0;
      s1[i] = p1;
      s2[i] = (p0 >> (LONG)32) ^ s3[i] ^ (LONG)(ulong)key1;
      s3[i] = p0;
    }
    key0 += PHILOX_W0;
    key1 += PHILOX_W1;
  }
  draws[0] = TO_UVEC(s0);
  draws[1] = TO_UVEC(s1);
  draws[2] = TO_UVEC(s2);
  draws[3] = TO_UVEC(s3);
}
