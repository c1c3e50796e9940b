// SPDX-License-Identifier: Apache-2.0

import OpenCLRuntime
import Testing

extension RuntimeTests {
  @Suite struct BufferTests {
    @Test func writesReadsFillsAndCopiesMoveTheRightBytes() throws {
      let device = try TestDevice()
      let a = try Buffer(device.context, byteCount: 64, label: "a")
      let b = try Buffer(device.context, byteCount: 64, label: "b")
      try device.queue.fill(a, with: UInt32(7))
      try device.queue.write([UInt32(1), 2, 3], to: a, at: 8)
      try device.queue.fill(b, with: UInt32(0))
      try device.queue.copy(a, from: 4, byteCount: 20, to: b, at: 40)
      #expect(try device.queue.read(b, count: 16, of: UInt32(9)) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 1, 2, 3, 7, 0])
      #expect(try device.queue.read(a, at: 12, count: 2, of: UInt32(0)) == [2, 3])
      #expect(try device.queue.read(a, count: 0, of: UInt32(0)) == [])
    }

    @Test func stagingMemoryCarriesUploadsAndDownloads() throws {
      let device = try TestDevice()
      let buffer = try Buffer(device.context, byteCount: 4096, label: "buffer")
      let staging = try HostBuffer(device.queue, byteCount: 8192)
      for i in 0..<4096 { staging.bytes[i] = UInt8(truncatingIfNeeded: i &* 7) }
      try device.queue.upload(staging, byteCount: 4096, to: buffer)
      try device.queue.download(buffer, from: 100, byteCount: 3000, to: staging, at: 5000)
      try device.queue.finish()
      #expect(staging.bytes[5000..<8000].elementsEqual(staging.bytes[100..<3100]))
    }

    @Test func aMappedBufferIsWrittenByTheHost() throws {
      let device = try TestDevice()
      let buffer = try Buffer(device.context, byteCount: 5 << 20, label: "buffer")
      CallMonitor.start(.thisThread)
      let mapped = try MappedBuffer(buffer, device.queue)
      try device.queue.finish()
      for index in mapped.bytes.indices { mapped.bytes[index] = UInt8(truncatingIfNeeded: index &* 7) }
      try mapped.unmap()
      let bytes = try device.queue.read(buffer, count: buffer.byteCount, of: UInt8(0))
      #expect(bytes.indices.allSatisfy { bytes[$0] == UInt8(truncatingIfNeeded: $0 &* 7) })
      try mapped.unmap()  // the second time, and the end of its life, change nothing
      _ = consume mapped
      #expect(CallMonitor.counts.created[.mapping] == 1 && CallMonitor.counts.released[.mapping] == 1)
      // One that nobody unmaps is unmapped all the same.
      _ = try MappedBuffer(buffer, device.queue)
      CallMonitor.stop()
      #expect(CallMonitor.counts.outstanding.isEmpty)
    }

    @Test(arguments: [OpenCLStatus.allocationFailure, .deviceNotAvailable])
    func aBufferThatCannotBeMapped(status: OpenCLStatus) throws {
      let device = try TestDevice()
      let buffer = try Buffer(device.context, byteCount: 64, label: "weights")
      CallMonitor.start(.thisThread)
      CallMonitor.inject(.init(status: status, call: "clEnqueueMapBuffer", scope: .thisThread))
      var caught: OpenCLError?
      do throws(OpenCLError) { _ = try MappedBuffer(buffer, device.queue) } catch { caught = error }
      #expect(CallMonitor.removeFault().hits == 1)
      CallMonitor.stop()
      #expect(CallMonitor.counts.outstanding.isEmpty)
      switch caught {
      case .allocationFailed("weights", 64, _, status): #expect(status == .allocationFailure)
      case .callFailed("clEnqueueMapBuffer", "weights", status): #expect(status == .deviceNotAvailable)
      default: Issue.record("\(String(describing: caught))")
      }
    }

    @Test func pinnedMemoryThatIsRefusedBecomesPlainMemory() throws {
      let device = try TestDevice()
      for call in ["clCreateBuffer", "clRetainCommandQueue", "clEnqueueMapBuffer"] {
        CallMonitor.start(.thisThread)
        CallMonitor.inject(.init(status: .allocationFailure, call: call, scope: .thisThread))
        let staging = try HostBuffer(device.queue, byteCount: 100)
        #expect(CallMonitor.removeFault().hits == 1)
        CallMonitor.stop()
        #expect(CallMonitor.counts.outstanding.isEmpty, "\(call)")
        #expect(!staging.isPinned)
        staging.bytes[99] = 5
        let buffer = try Buffer(device.context, byteCount: 100, label: "buffer")
        try device.queue.upload(staging, byteCount: 100, to: buffer)
        #expect(try device.queue.read(buffer, at: 99, count: 1, of: UInt8(0)) == [5])
      }
    }

    @Test func stagingMemoryOutlivesTransfersInFlight() throws {
      let device = try TestDevice()
      CallMonitor.start(.thisThread)
      defer { CallMonitor.stop() }
      do {
        let queue = try Queue(device.context)
        let buffer = try Buffer(device.context, byteCount: 1 << 20, label: "buffer")
        for _ in 0..<8 {
          try queue.download(buffer, byteCount: 1 << 20, to: try HostBuffer(queue, byteCount: 1 << 20))
        }
      }
      #expect(CallMonitor.counts.outstanding.isEmpty)
      #expect(CallMonitor.counts.waits >= 1)  // the queue's end waited for the transfers
    }

    @Test func partsOfABufferStartAtAlignedBytes() throws {
      let device = try TestDevice()
      let alignment = device.context.device.baseAlignment
      let whole = try Buffer(device.context, byteCount: 8 * alignment, label: "whole")
      let part = try whole.subBuffer(offset: 2 * alignment, byteCount: 4 * alignment, label: "part")
      let inner = try part.subBuffer(offset: alignment, byteCount: 8)
      #expect(inner.start == 3 * alignment && inner.parent === whole)
      try device.queue.fill(whole, with: UInt8(0))
      try device.queue.write([UInt64(42)], to: inner)
      #expect(try device.queue.read(whole, at: 3 * alignment, count: 1, of: UInt64(0)) == [42])
      #expect(
        error { _ = try whole.subBuffer(offset: 3, byteCount: 8) }
          == .misaligned(buffer: "whole", offset: 3, alignment: alignment))
    }

    @Test func rangesOutsideABufferAreRefusedBeforeTheDriverSeesThem() throws {
      let device = try TestDevice()
      let buffer = try Buffer(device.context, byteCount: 16, label: "b")
      let staging = try HostBuffer(device.queue, byteCount: 16)
      func outside(_ offset: Int, _ byteCount: Int, _ label: String = "b") -> OpenCLError {
        .outOfBounds(buffer: label, offset: offset, byteCount: byteCount, size: 16)
      }
      let queue = device.queue
      #expect(error { try queue.write([UInt8](repeating: 0, count: 9), to: buffer, at: 8) } == outside(8, 9))
      #expect(error { _ = try queue.read(buffer, count: Int.max, of: UInt64(0)) } == outside(0, Int.max))
      #expect(error { _ = try queue.read(buffer, count: -1, of: UInt8(0)) } == outside(0, -1))
      #expect(error { _ = try queue.copy(buffer, from: -1, byteCount: 4, to: buffer) } == outside(-1, 4))
      #expect(error { _ = try buffer.subBuffer(offset: Int.max, byteCount: 2) } == outside(Int.max, 2))
      #expect(
        error { _ = try queue.upload(staging, from: 10, byteCount: 7, to: buffer) } == outside(10, 7, "staging memory"))
      #expect(
        error { _ = try queue.fill(buffer, with: UInt32(0), at: 2, byteCount: 8) }
          == .badFill(buffer: "b", pattern: 4, offset: 2, byteCount: 8))
      #expect(
        error { _ = try Buffer(device.context, byteCount: 0, label: "z") } == .badByteCount(buffer: "z", byteCount: 0))
    }

    @Test func aBufferOverMaxAllocSize() throws {
      let device = try TestDevice()
      let limit = device.context.device.maxBufferBytes
      let asked = Int(limit) + 1
      let caught = error { _ = try Buffer(device.context, byteCount: asked, label: "arena") }
      #expect(caught == .bufferTooLarge(buffer: "arena", byteCount: asked, limit: limit))
      #expect(caught?.isOutOfMemory == true)
      #expect("\(try #require(caught))".contains("\(limit)"))
    }
  }
}
