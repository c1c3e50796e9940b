#ifndef PRECISION
#define PRECISION 0
#endif
#if PRECISION == 0
typedef float REAL;
INLINE float load_one(__global const REAL *p){return *p;}
INLINE void store_one(float v, __global REAL *p){*p=v;}
#elif PRECISION == 1
typedef ushort REAL;
INLINE float load_one(__global const REAL *p){return vload_half(0,(__global const half*)p);}
INLINE void store_one(float v, __global REAL *p){vstore_half_rte(v,0,(__global half*)p);}
INLINE ushort to_real(float v){ushort b; vstore_half_rte(v,0,(half*)&b);return b;}
#else
typedef ushort REAL;
INLINE float load_one(__global const REAL *p){return as_float((uint)*p<<16);}
INLINE ushort to_real(float v){uint u=as_uint(v);return (ushort)((u+0x7fffu+((u>>16)&1))>>16);}
INLINE void store_one(float v, __global REAL *p){*p=to_real(v);}
#endif
