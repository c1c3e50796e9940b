// SPDX-License-Identifier: Apache-2.0

import OpenCLRuntime
import Testing

extension RuntimeTests {
  /// Three kernels that are wrong on purpose. They run on Oclgrind's simulated device only, where they harm nobody:
  /// `scripts/oclgrind-gate` demands that each of them is reported, or its silence about other kernels would mean nothing.
  @Suite(.enabled("runs under scripts/oclgrind-gate") { (try? Device.select())?.name == "Oclgrind Simulator" })
  struct BadKernelTests {
    private func run(_ name: String, _ source: String) throws {
      let device = try TestDevice()
      let kernel = try device.kernel(name, source)
      let output = try Buffer(device.context, byteCount: 64, label: "output")
      try device.queue.fill(output, with: Int32(0))
      try kernel.bind([.buffer(output)])
      try device.queue.launch(kernel, global: 16, local: 16)
      try device.queue.finish()
    }

    @Test func outOfBounds() throws {
      try run("beyond", "__kernel void beyond(__global int *y) { y[get_global_id(0) + 1] = 1; }")
    }

    @Test func dataRace() throws {
      try run(
        "race",
        """
        __kernel void race(__global int *y) {
          __local int shared[16];
          size_t l = get_local_id(0);
          shared[l] = (int)l;
          y[l] = shared[15 - l];
        }
        """)
    }

    @Test func uninitialized() throws {
      try run(
        "unset",
        """
        __kernel void unset(__global int *y) {
          __local int shared[16];
          size_t l = get_local_id(0);
          if (l < 8) shared[l] = 1;
          barrier(CLK_LOCAL_MEM_FENCE);
          y[l] = shared[l] > 0 ? 1 : 2;
        }
        """)
    }
  }
}
