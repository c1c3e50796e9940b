// SPDX-License-Identifier: Apache-2.0
//
// OpenBLAS for Swift, found at run time.
//
// Why a shim: nothing is linked, so a process that only uses a GPU neither needs OpenBLAS nor starts its threads; and
// OpenBLAS picks its kernels when it is loaded, by a table of CPU models. Debian 12's 0.3.21 does not know Intel's newer
// ones (Emerald Rapids, say) and falls back to SSE3, at a tenth of the speed. So the family is named for it, from what the
// CPU can do, before it is opened. All functions may be called from any thread.
#pragma once
#include <stddef.h>

/// Opens OpenBLAS, once per process. NULL when it is there, else the dynamic linker's sentence.
const char *_Nullable shim_openblas_problem(void);

/// The name of the kernels that OpenBLAS picked: `SkylakeX`, `Haswell`... NULL if it is not there.
const char *_Nullable shim_openblas_core(void);

/// `C = alpha op(A) op(B) + beta C`, row-major, on the calling thread: op(A) `[rows, depth]`, op(B)
/// `[depth, columns]`; op transposes what is stored or not. C is not read where beta is 0. Strides in elements.
/// Only after `shim_openblas_problem` returned NULL.
void shim_sgemm(int rows, int columns, int depth, float alpha, const float *_Nonnull a, int a_stride,
                int a_transposed, const float *_Nonnull b, int b_stride, int b_transposed, float beta,
                float *_Nonnull c, int c_stride);
void shim_dgemm(int rows, int columns, int depth, double alpha, const double *_Nonnull a, int a_stride,
                int a_transposed, const double *_Nonnull b, int b_stride, int b_transposed, double beta,
                double *_Nonnull c, int c_stride);
