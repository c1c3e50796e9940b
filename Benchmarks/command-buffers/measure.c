// SPDX-License-Identifier: Apache-2.0
//
// Whether a recorded command buffer (cl_khr_command_buffer) is cheaper than enqueueing the same launches one by one: as
// many as a forward pass of MiniLM-L6 has, with next to no work, with little, and with as much as one sentence brings.
//
//   cc -O2 measure.c -lOpenCL -o /tmp/measure && /tmp/measure

#define CL_TARGET_OPENCL_VERSION 300
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl.h>
#include <CL/cl_ext.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define LAUNCHES 45
#define GROUPS 4
#define ROUNDS 500

static void check(cl_int status, const char *what) {
  if (status == CL_SUCCESS) return;
  fprintf(stderr, "%s: %d\n", what, status);
  exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static void *extension(cl_platform_id platform, const char *name) {
  void *function = clGetExtensionFunctionAddressForPlatform(platform, name);
  if (!function) {
    fprintf(stderr, "the driver has no %s\n", name);
    exit(1);
  }
  return function;
}

static const char *source =
    "__kernel void work(__global float *x, int steps) {"
    "  float sum = x[get_global_id(0)];"
    "  for (int i = 0; i < steps; ++i) sum = fma(sum, 0.5f, 0.5f);"
    "  x[get_global_id(0)] = sum;"
    "}";

int main(void) {
  cl_platform_id platform;
  cl_device_id device;
  cl_int status;
  check(clGetPlatformIDs(1, &platform, NULL), "clGetPlatformIDs");
  check(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL), "clGetDeviceIDs");
  cl_context context = clCreateContext(NULL, 1, &device, NULL, NULL, &status);
  check(status, "clCreateContext");
  cl_command_queue queue = clCreateCommandQueue(context, device, 0, &status);
  check(status, "clCreateCommandQueue");
  cl_program program = clCreateProgramWithSource(context, 1, &source, NULL, &status);
  check(clBuildProgram(program, 1, &device, "", NULL, NULL), "clBuildProgram");
  cl_mem x = clCreateBuffer(context, CL_MEM_READ_WRITE, GROUPS * sizeof(float), NULL, &status);
  check(status, "clCreateBuffer");
  clCreateCommandBufferKHR_fn create = extension(platform, "clCreateCommandBufferKHR");
  clCommandNDRangeKernelKHR_fn record = extension(platform, "clCommandNDRangeKernelKHR");
  clFinalizeCommandBufferKHR_fn finalize = extension(platform, "clFinalizeCommandBufferKHR");
  clEnqueueCommandBufferKHR_fn enqueue = extension(platform, "clEnqueueCommandBufferKHR");

  const size_t global = GROUPS, local = 1;
  for (int steps = 1; steps <= 100000; steps *= 10) {
    cl_kernel kernel = clCreateKernel(program, "work", &status);
    check(status, "clCreateKernel");
    check(clSetKernelArg(kernel, 0, sizeof x, &x), "clSetKernelArg");
    check(clSetKernelArg(kernel, 1, sizeof steps, &steps), "clSetKernelArg");
    cl_command_buffer_khr buffer = create(1, &queue, NULL, &status);
    check(status, "clCreateCommandBufferKHR");
    for (int i = 0; i < LAUNCHES; ++i)
      check(
          record(buffer, NULL, NULL, kernel, 1, NULL, &global, &local, 0, NULL, NULL, NULL),
          "clCommandNDRangeKernelKHR");
    check(finalize(buffer), "clFinalizeCommandBufferKHR");
    double best[2] = {1e30, 1e30};
    for (int round = 0; round < (steps < 100000 ? ROUNDS : ROUNDS / 10); ++round) {
      for (int way = 0; way < 2; ++way) {
        double start = now();
        if (way == 1)
          check(enqueue(0, NULL, buffer, 0, NULL, NULL), "clEnqueueCommandBufferKHR");
        else
          for (int i = 0; i < LAUNCHES; ++i)
            check(
                clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &global, &local, 0, NULL, NULL),
                "clEnqueueNDRangeKernel");
        check(clFinish(queue), "clFinish");
        double time = now() - start;
        if (time < best[way]) best[way] = time;
      }
    }
    printf("%6d steps: %9.1f us one by one, %9.1f us recorded\n", steps, best[0], best[1]);
  }
  return 0;
}
