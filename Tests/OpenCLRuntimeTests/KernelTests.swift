// SPDX-License-Identifier: Apache-2.0

import OpenCLRuntime
import Testing

extension RuntimeTests {
  @Suite struct KernelTests {
    @Test func aKernelComputesAndItsEventTellsTheTime() throws {
      let device = try TestDevice(profiling: true)
      let kernel = try device.kernel("scale", TestKernels.scale)
      let input = (0..<1000).map { Float($0) }
      let x = try Buffer(device.context, byteCount: 4000, access: .readOnly, label: "x")
      let y = try Buffer(device.context, byteCount: 4000, label: "y")
      try device.queue.write(input, to: x)
      try kernel.bind([.buffer(x), .buffer(y), .float(2), .uint32(1000)])
      let launched = try device.queue.launch(kernel, global: 1024, local: 64, observed: true)
      let event = try #require(launched)
      try event.wait()
      #expect(try event.isComplete())
      let times = try event.times()
      #expect(times.queued <= times.submitted && times.submitted <= times.started && times.started <= times.ended)
      #expect(try device.queue.read(y, count: 1000, of: Float(0)) == input.map { 2 * $0 })
    }

    @Test func localMemoryAndGroupsInSeveralDimensions() throws {
      let device = try TestDevice()
      let kernel = try device.kernel("group_sum", TestKernels.groupSum)
      let x = try Buffer(device.context, byteCount: 256, label: "x")
      let sums = try Buffer(device.context, byteCount: 16, label: "sums")
      try device.queue.write((0..<64).map { Int32($0) }, to: x)
      try kernel.bind([.buffer(x), .buffer(sums), .local(bytes: 64), .int32(-5)])
      try device.queue.launch(kernel, global: 64, local: 16)
      #expect(try device.queue.read(sums, count: 4, of: Int32(0)) == [115, 371, 627, 883])
      try device.queue.launch(kernel, global: WorkSize(64, 1, 1), local: WorkSize(16, 1, 1))
      #expect(try device.queue.read(sums, count: 4, of: Int32(0)) == [115, 371, 627, 883])
    }

    @Test func argumentsAreCheckedAgainstTheDeclaration() throws {
      let device = try TestDevice()
      let kernel = try device.kernel("group_sum", TestKernels.groupSum)
      let x = try Buffer(device.context, byteCount: 256, label: "x")
      let arguments = try #require(kernel.arguments)
      #expect(arguments.map(\.name) == ["x", "sums", "shared", "add"])
      #expect(arguments.map(\.addressSpace) == [.global, .global, .local, .private])
      #expect(arguments[3].typeName == "int")
      #expect(
        error { try kernel.set(3, Float(1)) }
          == .argumentMismatch(
            kernel: "group_sum", index: 3, name: "add", declared: "private int", given: "a Float (1.0)"))
      #expect(
        error { try kernel.set(2, x) }
          == .argumentMismatch(
            kernel: "group_sum", index: 2, name: "shared", declared: "local int*", given: "the buffer x"))
      for refused in [error { try kernel.set(0, localBytes: 4) }, error { try kernel.set(3, UInt32(1)) }] {
        guard case .argumentMismatch? = refused else {
          Issue.record("not refused: \(refused as Any)")
          continue
        }
      }
      #expect(
        error { try kernel.bind([.buffer(x)]) } == .argumentCount(kernel: "group_sum", expected: 4, given: 1))
      #expect(error { try kernel.set(4, Int32(0)) } == .argumentCount(kernel: "group_sum", expected: 4, given: 5))
    }

    @Test func argumentsThatHaveNotChangedAreNotSetAgain() throws {
      let device = try TestDevice()
      let kernel = try device.kernel("scale", TestKernels.scale)
      let x = try Buffer(device.context, byteCount: 16, label: "x")
      func argumentCalls(_ values: [KernelValue]) throws -> UInt64? {
        CallMonitor.start(.thisThread)
        defer { CallMonitor.stop() }
        try kernel.bind(values)
        return CallMonitor.counts.calls[.argument]
      }
      #expect(try argumentCalls([.buffer(x), .buffer(x), .float(0), .uint32(4)]) == 4)
      #expect(try argumentCalls([.buffer(x), .buffer(x), .float(0), .uint32(4)]) == 0)
      #expect(try argumentCalls([.buffer(x), .buffer(x), .float(-0.0), .uint32(4)]) == 1)
      // Set again after the driver refused it.
      CallMonitor.inject(.init(call: "clSetKernelArg", scope: .thisThread))
      #expect(
        error { try kernel.set(3, UInt32(5)) }
          == .callFailed(call: "clSetKernelArg", object: "argument 3 of kernel scale", status: .outOfResources))
      CallMonitor.removeFault()
      #expect(try argumentCalls([.buffer(x), .buffer(x), .float(-0.0), .uint32(4)]) == 1)
    }

    @Test func aWorkGroupLimitBelowWhatAKernelWants() throws {
      let device = try TestDevice()
      let kernel = try device.kernel("scale", TestKernels.scale)
      let asked = kernel.maxWorkGroupSize * 2
      let caught = error { _ = try device.queue.launch(kernel, global: WorkSize(asked), local: WorkSize(asked)) }
      #expect(caught == .workGroupTooLarge(kernel: "scale", asked: asked, limit: kernel.maxWorkGroupSize))
      for (global, local): (WorkSize, WorkSize?) in [(0, nil), (-4, nil), (10, 4), (8, 0), (WorkSize(8, 8), 8)] {
        #expect(
          error { _ = try device.queue.launch(kernel, global: global, local: local) }
            == .badWorkSize(kernel: "scale", global: global.array, local: local?.array ?? []))
      }
    }

    @Test func tooLittleLocalMemory() throws {
      let device = try TestDevice()
      let kernel = try device.kernel("group_sum", TestKernels.groupSum)
      let limit = device.context.device.localMemory
      try kernel.set(2, localBytes: limit + 4)
      #expect(
        error { _ = try device.queue.launch(kernel, global: 16, local: 16) }
          == .localMemoryTooSmall(kernel: "group_sum", asked: limit + 4, limit: limit))
    }

    @Test func anUnknownKernelNamesTheFile() throws {
      let device = try TestDevice()
      let program = try Program(device.context, file: "scale.cl", source: TestKernels.scale, cache: nil)
      #expect(error { _ = try program.kernel("scales") } == .noSuchKernel("scales", file: "scale.cl"))
    }

    @Test func clblastMultipliesThroughTheShim() throws {
      let device = try TestDevice()
      let a = try Buffer(device.context, byteCount: 24, label: "a")
      let b = try Buffer(device.context, byteCount: 24, label: "b")
      let c = try Buffer(device.context, byteCount: 16, label: "c")
      try device.queue.write([Float(1), 2, 3, 4, 5, 6], to: a)
      try device.queue.write([Float(1), 0, 2, 0, 1, 1], to: b)
      try device.queue.fill(c, with: Float(1))
      try CLBlast.sgemm(
        device.queue, m: 2, n: 2, k: 3, .init(a, rowStride: 3), .init(b, rowStride: 3, isTransposed: true), beta: 1,
        .init(c, rowStride: 2))
      // [1 2 3; 4 5 6] times [1 0; 0 1; 2 1], plus 1.
      #expect(try device.queue.read(c, count: 4, of: Float(0)) == [8, 6, 17, 12])
      let tooWide = error {
        try CLBlast.sgemm(
          device.queue, m: 2, n: 2, k: 3, .init(a, rowStride: 2), .init(b, rowStride: 3), .init(c, rowStride: 2))
      }
      #expect(
        tooWide
          == .clblastFailed(routine: "Sgemm", object: "2 x 3 times 3 x 2", status: CLBlastStatus(rawValue: -1016)))
      try CLBlast.clearCache()
    }
  }
}
