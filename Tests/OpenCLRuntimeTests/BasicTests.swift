// SPDX-License-Identifier: Apache-2.0

import OpenCLRuntime
import Testing

let scaleSource = """
  __kernel void scale(__global const float *x, __global float *y, float factor, uint count) {
    uint i = get_global_id(0);
    if (i < count) y[i] = x[i] * factor;
  }
  """

@Suite struct BasicTests {
  @Test func aKernelRunsEndToEnd() throws {
    let device = try Device.select()
    let context = try Context(device)
    let queue = try Queue(context, profiling: true)
    let program = try Program(context, file: "scale.cl", source: scaleSource, cache: nil)
    let kernel = try program.kernel("scale")
    #expect(kernel.argumentCount == 4)
    let x = try Buffer(context, byteCount: 4000, label: "x")
    let y = try Buffer(context, byteCount: 4000, label: "y")
    try queue.write((0..<1000).map { Float($0) }, to: x)
    try kernel.bind([.buffer(x), .buffer(y), .float(2), .uint32(1000)])
    let event = try #require(try queue.launch(kernel, global: 1024, local: 64, observed: true))
    let result = try queue.read(y, count: 1000, of: Float(0))
    #expect(result == (0..<1000).map { 2 * Float($0) })
    try event.wait()
    #expect(try event.times().ended > 0)
    #expect(throws: OpenCLError.self) { try kernel.set(2, Int32(1)) }
  }
}
