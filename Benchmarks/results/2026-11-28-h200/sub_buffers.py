#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which releases of kernels and of parts of a buffer an OpenCL driver survives, each case in a process of its own.

Needs pyopencl and numpy. Written anew from a trial, not run in this form; what the trial gave is at the end of trials.txt.
"""
import random
import subprocess
import sys

CASES = ["interleaved", "interleaved, none overlap", "kernels first", "kernels first, no part twice", "parts first"]


def try_case(case):
    import numpy as np
    import pyopencl as cl

    device = next(d for p in cl.get_platforms() for d in p.get_devices() if d.type == cl.device_type.GPU)
    context = cl.Context([device])
    queue = cl.CommandQueue(context)
    source = "__kernel void f(__global const float *a, __global float *b) { int i = get_global_id(0); b[i] = a[i] + 1; }"
    program = cl.Program(context, source).build()
    random.seed(1)
    for _ in range(3):
        parent = cl.Buffer(context, cl.mem_flags.READ_WRITE, 1 << 22)
        places = [(random.randrange(100), random.randrange(1, 20)) for _ in range(200)]
        if case == "interleaved, none overlap":
            places = [(i, 1) for i in range(200)]
        if case == "kernels first, no part twice":
            places = list(dict.fromkeys(places))
        parts = [parent.get_sub_region(offset * 4096, count * 4096) for offset, count in places]
        kernels = []
        for i in range(0, len(parts) - 1, 2):
            kernel = cl.Kernel(program, "f")
            kernel.set_args(parts[i], parts[i + 1])
            cl.enqueue_nd_range_kernel(queue, kernel, (64,), (64,))
            kernels.append(kernel)
        kernel = None
        cl.enqueue_copy(queue, np.empty(1024, np.float32), parent)
        queue.finish()
        if case.startswith("interleaved"):
            for i in range(len(kernels)):
                kernels[i] = parts[2 * i] = parts[2 * i + 1] = None
        elif case.startswith("kernels first"):
            kernels.clear()
            parts.clear()
        else:
            parts.clear()
            kernels.clear()


if __name__ == "__main__":
    if len(sys.argv) == 2:
        sys.exit(try_case(sys.argv[1]))
    for case in CASES:
        status = subprocess.run([sys.executable, __file__, case], capture_output=True).returncode
        print(f"{case}: {'survived' if status == 0 else f'status {status}'}", flush=True)
