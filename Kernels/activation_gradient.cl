// SPDX-License-Identifier: Apache-2.0
// activation_gradient: the gradient through bias and activation.
//
//   dx[m,n] = dy[m,n] * activation'(x[m,n] + bias[n])
//
// Shapes     dy, x, dx [rows, columns], bias [columns] float, row-major
// Defines    ACTIVATION; HAS_BIAS (with 0 bias is not read and may be any buffer)
// Launch     one work-group per row: global = rows * WG_SIZE, local = WG_SIZE
// Measured   (1024 x 3072, 2 cores, AVX-512, against a copy of the same bytes) 0.6 of its speed with gelu erf, 0.55
//            with mish, about 0.75 and more with the others
// Aliasing   dx may be dy or x
// Reference  Sources/CPUBackend/Training/ActivationGradient.swift

#ifndef HAS_BIAS
#define HAS_BIAS 1
#endif

// activation'(x); see `activate` for the functions themselves. At 0 that of ReLU is 0, as in PyTorch.
INLINE VEC derivative(VEC x) {
  const VEC one = (VEC)1.0f;
#if ACTIVATION == ACTIVATION_NONE
  return one;
#elif ACTIVATION == ACTIVATION_GELU_ERF
  VEC density = (VEC)0.39894228f * exp_f((VEC)-0.5f * x * x);
  return fma(x, density, (VEC)0.5f * (one + erf_f(x * (VEC)0.70710678f)));
#elif ACTIVATION == ACTIVATION_GELU_TANH || ACTIVATION == ACTIVATION_GELU_FAST
  // Their constants differ by less than a float's last place.
  VEC square = x * x;
  VEC t = tanh_f((VEC)0.79788456f * x * fma((VEC)0.044715f, square, one));
  VEC slope = (VEC)0.79788456f * fma((VEC)0.134145f, square, one);
  return (VEC)0.5f * fma(x * slope, fma(-t, t, one), one + t);
#elif ACTIVATION == ACTIVATION_QUICK_GELU
  VEC s = sigmoid_f((VEC)1.702f * x);
  return s * fma((VEC)1.702f * x, one - s, one);
#elif ACTIVATION == ACTIVATION_RELU
  return CHOOSE(one, (VEC)0.0f, x <= (VEC)0.0f);
#elif ACTIVATION == ACTIVATION_SILU
  VEC s = sigmoid_f(x);
  return s * fma(x, one - s, one);
#elif ACTIVATION == ACTIVATION_TANH
  VEC t = tanh_f(x);
  return fma(-t, t, one);
#elif ACTIVATION == ACTIVATION_MISH
  // With e = exp(x), n = e (e + 2): tanh(log(1 + e)) = n / (n + 2), and 1 minus its square is 4 (n + 1) / (n + 2)^2.
  VEC e = exp_f(CHOOSE(x, (VEC)20.0f, x > (VEC)20.0f));
  VEC n = e * (e + (VEC)2.0f);
  VEC m = one / (n + (VEC)2.0f);
  return fma(x * (e / (one + e)), (VEC)4.0f * (n + one) * m * m, n * m);
#else
#error "unknown ACTIVATION"
#endif
}

__kernel void activation_gradient(
    __global const float *dy, __global const float *x, __global const float *bias, __global float *dx, int rows,
    int columns) {
  size_t start = (size_t)get_group_id(0) * columns;
  FOR_ROW(i, columns) {
    int left = columns - i;
    VEC v = load_row(x + start + i, left);
#if HAS_BIAS
    v += load_row(bias + i, left);
#endif
    store_row(load_row(dy + start + i, left) * derivative(v), dx + start + i, left);
  }
}
