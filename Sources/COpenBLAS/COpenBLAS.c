// SPDX-License-Identifier: Apache-2.0
#include "COpenBLAS.h"

#include <cblas.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char problem[512];
static __typeof__(&cblas_sgemm) sgemm;
static __typeof__(&cblas_dgemm) dgemm;
static __typeof__(&openblas_get_corename) corename;

// The family that a CPU of these abilities belongs to, or NULL where OpenBLAS's own choice cannot be bettered.
static const char *core_type(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return "SKYLAKEX";
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "HASWELL";
#endif
  return NULL;
}

static void open_library(void) {
  // A user's own setting wins. The variables are read while the library loads and are taken back after it.
  const char *type = getenv("OPENBLAS_CORETYPE") ? NULL : core_type();
  int sets_threads = getenv("OPENBLAS_NUM_THREADS") == NULL;
  if (type) setenv("OPENBLAS_CORETYPE", type, 0);
  if (sets_threads) setenv("OPENBLAS_NUM_THREADS", "1", 0);
  void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!library) library = dlopen("libopenblas.so", RTLD_NOW | RTLD_LOCAL);
  if (!library) snprintf(problem, sizeof problem, "%s", dlerror());
  if (type) unsetenv("OPENBLAS_CORETYPE");
  if (sets_threads) unsetenv("OPENBLAS_NUM_THREADS");
  if (!library) return;
  sgemm = (__typeof__(sgemm))dlsym(library, "cblas_sgemm");
  dgemm = (__typeof__(dgemm))dlsym(library, "cblas_dgemm");
  corename = (__typeof__(corename))dlsym(library, "openblas_get_corename");
  __typeof__(&openblas_set_num_threads) set_threads =
      (__typeof__(set_threads))dlsym(library, "openblas_set_num_threads");
  if (!sgemm || !dgemm || !corename || !set_threads) {
    snprintf(problem, sizeof problem, "libopenblas.so.0 lacks a function of OpenBLAS");
    return;
  }
  // One product on each core runs already, and a product's bits must not depend on how many cores there are.
  set_threads(1);
}

const char *shim_openblas_problem(void) {
  pthread_once(&once, open_library);
  return problem[0] ? problem : NULL;
}

const char *shim_openblas_core(void) { return shim_openblas_problem() ? NULL : corename(); }

void shim_sgemm(int rows, int columns, int depth, float alpha, const float *a, int a_stride, int a_transposed,
                const float *b, int b_stride, int b_transposed, float beta, float *c, int c_stride) {
  sgemm(CblasRowMajor, a_transposed ? CblasTrans : CblasNoTrans, b_transposed ? CblasTrans : CblasNoTrans, rows,
        columns, depth, alpha, a, a_stride, b, b_stride, beta, c, c_stride);
}

void shim_dgemm(int rows, int columns, int depth, double alpha, const double *a, int a_stride, int a_transposed,
                const double *b, int b_stride, int b_transposed, double beta, double *c, int c_stride) {
  dgemm(CblasRowMajor, a_transposed ? CblasTrans : CblasNoTrans, b_transposed ? CblasTrans : CblasNoTrans, rows,
        columns, depth, alpha, a, a_stride, b, b_stride, beta, c, c_stride);
}
