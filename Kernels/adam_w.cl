// SPDX-License-Identifier: Apache-2.0
// adam_w: one step of AdamW with the gradient's norm clipped, in one pass over all parameters.
//
//   g = gradient * min(1, max_norm / (norm + 1e-6)),   norm = sqrt(squared_norm)
//   w = w - rates[3] w                                   in the first `decayed` elements
//   m = beta1 m + (1 - beta1) g,   v = beta2 v + (1 - beta2) g^2
//   w = w - rates[0] rates[1] m / (sqrt(v) rates[2] + epsilon),   gradient = 0
//
// Shapes     weights, gradients, first_moments, second_moments [count], squared_norm [1], rates [4] float: learning rate,
//            1 / (1 - beta1^t), 1 / sqrt(1 - beta2^t), learning rate * decay
// Launch     local = WG_SIZE, any number of groups >= 1: blocks of GROUP_ELEMENTS are dealt out evenly over them
// Numerics   element by element; moments below 1.2e-38 become 0: those of a token that is never seen would otherwise shrink
//            to the smallest denormal and stay there, and a denormal costs an x86 core 150 cycles. Where the squared norm
//            is not finite nothing is written. An infinite max_norm clips nothing
// Measured   (Zen 4, 2 cores, PoCL 3.1, 22 million parameters) 22-25 GB/s, where a copy reaches 11-12, both counted as what
//            is read and written: 32 bytes a parameter
// Aliasing   none
// Reference  Sources/CPUBackend/Training/Optimizer.swift; PyTorch's AdamW and clip_grad_norm_

#define WITHOUT_DENORMALS(x) CHOOSE(x, (VEC)0.0f, fabs(x) < (VEC)FLT_MIN)

__kernel void adam_w(
    __global float *weights, __global float *gradients, __global float *first_moments, __global float *second_moments,
    __global const float *squared_norm, __global const float *rates, int count, int decayed, float beta1, float beta2,
    float rest1, float rest2, float epsilon, float max_norm) {
  float norm = sqrt(squared_norm[0]);
  if (!(norm < INFINITY)) return;  // NaN as well
  VEC clip = (VEC)min(1.0f, max_norm / (norm + 1e-6f));
  VEC step_size = (VEC)(rates[0] * rates[1]);
  VEC correction = (VEC)rates[2];
  long blocks = ((long)count + GROUP_ELEMENTS - 1) / GROUP_ELEMENTS;
  long first = (long)get_group_id(0) * blocks / (long)get_num_groups(0) * GROUP_ELEMENTS;
  long last = min((long)(get_group_id(0) + 1) * blocks / (long)get_num_groups(0) * GROUP_ELEMENTS, (long)count);
  // First what is decayed, then the rest.
  for (int part = 0; part < 2; ++part) {
    // Subtracted, not a factor 1 - rates[3], of which a float keeps one digit where the rate is 2e-5 and the decay 0.01.
    VEC decay = (VEC)(part == 0 ? -rates[3] : 0.0f);
    long start = part == 0 ? first : max(first, (long)decayed);
    long end = part == 0 ? min(last, (long)decayed) : last;
    for (long i = start + (long)get_local_id(0) * VECTOR_WIDTH; i < end; i += WG_SIZE * VECTOR_WIDTH) {
      int left = (int)min(end - i, (long)VECTOR_WIDTH);
      VEC g = load_row(gradients + i, left) * clip;
      VEC m = fma((VEC)beta1, load_row(first_moments + i, left), (VEC)rest1 * g);
      VEC v = fma((VEC)beta2, load_row(second_moments + i, left), (VEC)rest2 * g * g);
      VEC w = load_row(weights + i, left);
      w = fma(decay, w, w);
      w -= step_size * m / fma(sqrt(v), correction, (VEC)epsilon);
      store_row(WITHOUT_DENORMALS(m), first_moments + i, left);
      store_row(WITHOUT_DENORMALS(v), second_moments + i, left);
      store_row(w, weights + i, left);
      store_row((VEC)0.0f, gradients + i, left);
    }
  }
}
