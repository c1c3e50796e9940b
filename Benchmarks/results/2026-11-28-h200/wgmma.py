#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Instructions of sm_90a in an OpenCL program: NVIDIA's compiler puts inline PTX into the program's binary as it is, the
binary is PTX text for sm_90, and a binary for sm_90a is loaded as well. So `wgmma` goes in as comments, which are opened in
the binary. Multiplies 64 x 64 by 64 x N of float16 from local memory (rows of 128 bytes, swizzled), compares with numpy and
times it in a loop.

Needs pyopencl, numpy and an H100 or H200. Written anew from a trial, not run in this form; what that gave is in trials.txt.
"""
import numpy as np
import pyopencl as cl

MARK = "//SM90A "

SOURCE = """
// Start, leading and stride offsets in units of 16 bytes, swizzle of 128 bytes: PTX ISA 8.0, 9.7.14 (matrix descriptor).
ulong descriptor(__local const uint4 *tile) {
  ulong address = (uint)(size_t)tile;
  return ((address & 0x3FFFFul) >> 4) | (1ul << 16) | (64ul << 32) | (1ul << 62);
}

__kernel __attribute__((reqd_work_group_size(128, 1, 1))) void multiply(
    __global const uint4 *x, __global const uint4 *weight, __global float *out, int repeats) {
  __local uint4 tiles[512 + 8 * N] __attribute__((aligned(1024)));
  int lid = get_local_id(0);
  for (int i = lid; i < 512; i += 128) tiles[i / 8 * 8 + ((i & 7) ^ (i / 8 & 7))] = x[i];
  for (int i = lid; i < 8 * N; i += 128) tiles[512 + i / 8 * 8 + ((i & 7) ^ (i / 8 & 7))] = weight[i];
  __asm__ volatile("fence.proxy.async;" : : : "memory");
  barrier(CLK_LOCAL_MEM_FENCE);
  float c[N / 2];
#pragma unroll
  for (int i = 0; i < N / 2; ++i) c[i] = 0;
  ulong a = descriptor(tiles), b = descriptor(tiles + 512);
  for (int repeat = 0; repeat < repeats; ++repeat) {
    __asm__ volatile("MARKwgmma.fence.sync.aligned;" : : : "memory");
#pragma unroll
    for (int k = 0; k < 4; ++k) WGMMA(a + 2 * k, b + 2 * k);
    __asm__ volatile("MARKwgmma.commit_group.sync.aligned;" : : : "memory");
    __asm__ volatile("MARKwgmma.wait_group.sync.aligned 0;" : : : "memory");
  }
  int warp = lid / 32, lane = lid & 31;
#pragma unroll
  for (int j = 0; j < N / 8; ++j)
    for (int i = 0; i < 4; ++i) out[(warp * 16 + lane / 4 + i / 2 * 8) * N + j * 8 + (lane & 3) * 2 + i % 2] = c[j * 4 + i];
}
"""


def source(n):
    registers = ",".join(f"%{i}" for i in range(n // 2))
    results = ",".join(f'"+f"(c[{i}])' for i in range(n // 2))
    instruction = (
        f'__asm__ volatile("MARKwgmma.mma_async.sync.aligned.m64n{n}k16.f32.f16.f16 {{{registers}}}, %{n // 2}, '
        f'%{n // 2 + 1}, 1, 1, 1, 0, 0;" : {results} : "l"(x), "l"(y) : "memory")'
    )
    return f"#define N {n}\n#define WGMMA(x, y) {instruction}\n".replace("MARK", MARK) + SOURCE.replace("MARK", MARK)


def main():
    device = next(d for p in cl.get_platforms() for d in p.get_devices() if d.type == cl.device_type.GPU)
    context = cl.Context([device])
    queue = cl.CommandQueue(context, properties=cl.command_queue_properties.PROFILING_ENABLE)
    generator = np.random.default_rng(1)
    for n in (128, 256):
        binary = cl.Program(context, source(n)).build().binaries[0]
        opened = binary.replace(MARK.encode(), b"").replace(b".target sm_90,", b".target sm_90a,")
        multiply = cl.Program(context, [device], [opened]).build().multiply
        x, weight = (generator.standard_normal((rows, 64)).astype(np.float16) for rows in (64, n))
        found = np.full((64, n), np.nan, np.float32)
        flags = cl.mem_flags.READ_ONLY | cl.mem_flags.COPY_HOST_PTR
        inputs = [cl.Buffer(context, flags, hostbuf=each) for each in (x, weight)]
        out = cl.Buffer(context, cl.mem_flags.READ_WRITE, found.nbytes)
        multiply(queue, (128,), (128,), *inputs, out, np.int32(1))
        cl.enqueue_copy(queue, found, out)
        error = np.abs(found - x.astype(float) @ weight.astype(float).T).max()
        groups, repeats = 2 * device.max_compute_units, 2000
        for _ in range(2):
            event = multiply(queue, (128 * groups,), (128,), *inputs, out, np.int32(repeats))
        queue.finish()
        seconds = (event.profile.end - event.profile.start) * 1e-9
        flop = groups * repeats * 4 * 2 * 64 * n * 16
        print(f"64 x {n} x 16: largest error {error:.2g}, {flop / seconds / 1e12:.0f} TFLOP/s")


if __name__ == "__main__":
    main()
