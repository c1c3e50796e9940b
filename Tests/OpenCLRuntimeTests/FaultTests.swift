// SPDX-License-Identifier: Apache-2.0

import OpenCLRuntime
import Testing

extension RuntimeTests {
  /// The n-th call fails, for n = 1, 2, 3 ... until a run meets no fault.
  @Suite struct FaultTests {
    /// Finds a device, loads a program and runs it, using every kind of object.
    private func loadAndRun(_ cache: ProgramCache?) throws -> [Float] {
      let context = try Context(try Device.select())
      let queue = try Queue(context, profiling: true)
      let program = try Program(context, file: "scale.cl", source: TestKernels.scale, cache: cache)
      let kernel = try program.kernel("scale")
      let staging = try HostBuffer(queue, byteCount: 1024)
      staging.bytes.withMemoryRebound(to: Float.self) { for i in 0..<256 { $0[i] = Float(i) } }
      let arena = try Buffer(context, byteCount: 4096, label: "arena")
      let x = try arena.subBuffer(offset: 0, byteCount: 1024, label: "x")
      let y = try arena.subBuffer(offset: 2048, byteCount: 1024, label: "y")
      try queue.fill(arena, with: Float(-1))
      try queue.upload(staging, byteCount: 1024, to: x)
      try kernel.bind([.buffer(x), .buffer(y), .float(3), .uint32(256)])
      let launched = try queue.launch(kernel, global: 256, local: 32, observed: true)
      try queue.flush()
      try launched?.wait()
      _ = try launched?.times()
      try queue.copy(y, byteCount: 512, to: x)
      try queue.download(x, byteCount: 1024, to: staging)
      try queue.finish()
      let result = try queue.read(y, count: 256, of: Float(0))
      let staged = staging.bytes.withMemoryRebound(to: Float.self) { Array($0) }
      return result + staged
    }

    /// Calls whose failure does not change what a run computes: releases, texts for people, optional properties of a
    /// device, and pinned memory. All others must end the run.
    private static let survivable: Set<String> = [
      "clGetPlatformInfo", "clGetProgramBuildInfo", "clReleaseContext", "clReleaseCommandQueue", "clReleaseMemObject",
      "clReleaseProgram", "clReleaseKernel", "clReleaseEvent", "clEnqueueUnmapMemObject", "clRetainCommandQueue",
      "clEnqueueMapBuffer", "clCreateBuffer", "clGetDeviceInfo",
    ]

    /// A binary that cannot be used is built from source.
    private static let survivableWithCache: Set<String> = ["clCreateProgramWithBinary", "clBuildProgram"]

    /// The call and status an error names.
    private func signature(_ error: OpenCLError) -> (call: String?, status: OpenCLStatus?) {
      switch error {
      case .callFailed(let call, _, let status), .waitFailed(let call, _, let status): (call, status)
      case .allocationFailed(_, _, _, let status): ("clCreateBuffer", status)
      case .commandFailed(_, let status): ("clWaitForEvents", status)
      default: (nil, nil)
      }
    }

    private func runUntilNoFaultIsMet(_ mode: CallMonitor.Fault.Mode, _ cache: ProgramCache?) throws -> Int {
      let expected = try loadAndRun(cache)
      #expect(expected.prefix(3) == [0, 3, 6] && expected.suffix(2) == [254, 255])
      let status: OpenCLStatus = mode == .late ? .allocationFailure : .deviceNotAvailable
      for nth in 1...1000 {
        CallMonitor.start(.thisThread)
        CallMonitor.inject(.init(nth: nth, mode: mode, status: status, scope: .thisThread))
        var result: [Float]?
        var caught: OpenCLError?
        do { result = try loadAndRun(cache) } catch { caught = error as? OpenCLError }
        let report = CallMonitor.removeFault()
        CallMonitor.stop()
        #expect(CallMonitor.counts.outstanding.isEmpty, "\(mode) \(nth): \(report.call ?? "no fault met")")
        #expect(try loadAndRun(cache) == expected, "the run after \(mode) \(nth)")
        if report.hits == 0 {
          #expect(caught == nil && result == expected)
          return nth - 1
        }
        let failed = try #require(report.call)
        if let caught {
          let (call, found) = signature(caught)
          #expect(found == status, "\(mode) \(nth) \(failed): \(caught)")
          // Once the device is gone, the first failure may have been survived; the error is then a later call's.
          if mode != .sticky { #expect(call == failed, "\(mode) \(nth): \(caught)") }
        } else {
          #expect(result == expected, "\(mode) \(nth) \(failed)")
          let survives = Self.survivable.contains(failed) || cache != nil && Self.survivableWithCache.contains(failed)
          #expect(survives, "\(mode) \(nth) \(failed) was swallowed")
        }
      }
      Issue.record("still meeting faults after 1000 runs")
      return 1000
    }

    @Test(arguments: [CallMonitor.Fault.Mode.once, .sticky])
    func theNthCallFails(_ mode: CallMonitor.Fault.Mode) throws {
      #expect(try runUntilNoFaultIsMet(mode, nil) > 60)
    }

    @Test func theNthEnqueueFailsLate() throws {
      #expect(try runUntilNoFaultIsMet(.late, nil) == 5)
    }

    @Test func theNthCallFailsWithAProgramCache() throws {
      try withTemporaryFolder { folder in
        let cache = ProgramCache(folder: folder)
        let context = try Context(try Device.select())
        let program = try Program(context, file: "scale.cl", source: TestKernels.scale, cache: cache)
        #expect(program.origin == .source)
        #expect(program.storeBinary())
        #expect(try Program(context, file: "scale.cl", source: TestKernels.scale, cache: cache).origin == .cache)
        #expect(try runUntilNoFaultIsMet(.once, cache) > 60)
      }
    }

    @Test func outOfMemoryAtAllocation() throws {
      let device = try TestDevice()
      CallMonitor.inject(.init(status: .allocationFailure, call: "clCreateBuffer", scope: .thisThread))
      defer { CallMonitor.removeFault() }
      let caught = error { _ = try Buffer(device.context, byteCount: 100, label: "arena") }
      #expect(
        caught
          == .allocationFailed(
            buffer: "arena", byteCount: 100, deviceMemory: device.context.device.globalMemory,
            status: .allocationFailure))
      #expect(caught?.isOutOfMemory == true)
    }

    @Test func outOfMemoryAtEnqueue() throws {
      let device = try TestDevice()
      let buffer = try Buffer(device.context, byteCount: 64, label: "arena")
      CallMonitor.inject(.init(status: .allocationFailure, role: .enqueue, scope: .thisThread))
      defer { CallMonitor.removeFault() }
      let caught = error { _ = try device.queue.fill(buffer, with: Float(0)) }
      #expect(
        caught == .callFailed(call: "clEnqueueFillBuffer", object: "arena", status: .allocationFailure))
      #expect(caught?.isOutOfMemory == true)
    }

    @Test func outOfMemoryLateAtTheWait() throws {
      let device = try TestDevice()
      let buffer = try Buffer(device.context, byteCount: 64, label: "arena")
      func fillLate() throws -> Event? {
        CallMonitor.inject(.init(mode: .late, status: .outOfResources, scope: .thisThread))
        return try device.queue.fill(buffer, with: Float(0), observed: true)
      }
      defer { CallMonitor.removeFault() }
      let event = try #require(try fillLate())
      let atEvent = error { try event.wait() }
      #expect(atEvent == .commandFailed(command: "arena", status: .outOfResources))
      _ = try fillLate()
      let atFinish = error { try device.queue.finish() }
      #expect(
        atFinish
          == .waitFailed(
            call: "clFinish", object: "the queue of \(device.context.device.name)", status: .outOfResources))
      _ = try fillLate()
      let atRead = error { _ = try device.queue.read(buffer, count: 1, of: Float(0)) }
      #expect(atRead == .waitFailed(call: "clEnqueueReadBuffer", object: "arena", status: .outOfResources))
      #expect(atEvent?.isOutOfMemory == true && atFinish?.isOutOfMemory == true && atRead?.isOutOfMemory == true)
      try device.queue.finish()
    }

    @Test func deviceLost() throws {
      let device = try TestDevice()
      let buffer = try Buffer(device.context, byteCount: 64, label: "arena")
      CallMonitor.inject(.init(mode: .sticky, status: .deviceNotAvailable, scope: .thisThread))
      defer { CallMonitor.removeFault() }
      for caught in [
        error { _ = try device.queue.fill(buffer, with: Float(0)) }, error { try device.queue.finish() },
        error { _ = try Buffer(device.context, byteCount: 64, label: "other") },
      ] {
        #expect(signature(try #require(caught)).status == .deviceNotAvailable)
        #expect("\(try #require(caught))".contains("the device was lost"))
      }
    }

    @Test func failedReleasesAreKeptAndReallyHappen() throws {
      let before = ReleaseFailures.count
      let context = try Context(try Device.select())
      CallMonitor.start(.thisThread)
      CallMonitor.inject(.init(status: .outOfHostMemory, call: "clReleaseMemObject", scope: .thisThread))
      do { _ = try Buffer(context, byteCount: 64, label: "gone") }
      CallMonitor.removeFault()
      CallMonitor.stop()
      #expect(CallMonitor.counts.outstanding.isEmpty)
      #expect(ReleaseFailures.count == before + 1)
    }
  }
}
