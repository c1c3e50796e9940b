// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Glibc
import OpenCLRuntime
import Testing

extension RuntimeTests {
  @Suite struct MonitorTests {
    @Test func callsHandlesAndBytesAreCounted() throws {
      CallMonitor.start(.thisThread)
      do {
        let device = try TestDevice()
        let buffer = try Buffer(device.context, byteCount: 256, label: "b")
        let part = try buffer.subBuffer(offset: 0, byteCount: 128)
        try device.queue.write([UInt8](repeating: 1, count: 100), to: part)
        let filled = try device.queue.fill(buffer, with: UInt8(2), observed: true)
        try device.queue.copy(buffer, byteCount: 16, to: buffer, at: 128)
        _ = try device.queue.read(buffer, count: 30, of: UInt8(0))
        try device.queue.finish()
        try filled?.wait()
        #expect(CallMonitor.counts.outstanding == [.context: 1, .queue: 1, .buffer: 2, .event: 1])
      }
      CallMonitor.stop()
      let counts = CallMonitor.counts
      #expect(counts.outstanding.isEmpty)
      #expect(counts.enqueues == 2)  // fill and copy
      #expect(counts.waits == 4)  // blocking write and read, finish, wait
      #expect(counts.bufferCreations == 2)
      #expect(counts.bytesUp == 100 && counts.bytesDown == 30)
      #expect(counts.created[.event] == 1 && counts.released[.event] == 1)
    }

    @Test func stagingMemoryRetainsItsQueueAndUnmaps() throws {
      let device = try TestDevice()
      CallMonitor.start(.thisThread)
      do {
        let staging = try HostBuffer(device.queue, byteCount: 64)
        #expect(CallMonitor.counts.outstanding == (staging.isPinned ? [.queue: 1, .buffer: 1, .mapping: 1] : [:]))
      }
      CallMonitor.stop()
      #expect(CallMonitor.counts.outstanding.isEmpty)
    }

    @Test func otherThreadsAreNotWatchedUnlessAsked() throws {
      let context = try Context(try Device.select())
      for (scope, expected) in [(CallMonitor.Scope.thisThread, UInt64(0)), (.process, 1)] {
        CallMonitor.start(scope)
        let done = DispatchSemaphore(value: 0)
        DispatchQueue(label: "other").async {
          _ = try? Buffer(context, byteCount: 8, label: "other thread's")
          done.signal()
        }
        done.wait()
        CallMonitor.stop()
        // Tests of other modules may make buffers meanwhile.
        #expect(
          scope == .process ? CallMonitor.counts.bufferCreations >= expected : CallMonitor.counts.bufferCreations == 0)
      }
    }

    @Test func aFaultAimsAtARoleOrAFunction() throws {
      let device = try TestDevice()
      let buffer = try Buffer(device.context, byteCount: 64, label: "b")
      CallMonitor.inject(.init(nth: 2, role: .wait, scope: .thisThread))
      try device.queue.fill(buffer, with: Float(0))
      try device.queue.finish()
      #expect(error { try device.queue.finish() } != nil)
      try device.queue.finish()
      #expect(CallMonitor.removeFault() == .init(candidates: 3, hits: 1, call: "clFinish"))
      CallMonitor.inject(.init(mode: .sticky, call: "clNoSuchFunction", scope: .thisThread))
      try device.queue.finish()
      #expect(CallMonitor.removeFault().candidates == 0)
    }
  }

  @Suite struct DeviceThreadTests {
    /// An actor that lives on the device thread, as an executor does.
    private actor Owner {
      nonisolated let thread: DeviceThread
      private var count = 0

      init(_ thread: DeviceThread) { self.thread = thread }

      nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

      func add() -> Int {
        thread.checkIsolated()
        count += 1
        return count
      }
    }

    @Test func workRunsOneAfterAnotherOffTheCooperativePool() async throws {
      let thread = DeviceThread()
      let device = try thread.runBlocking { try TestDevice() }
      let counter = try Buffer(device.context, byteCount: 4, label: "counter")
      try await thread.run { try device.queue.write([Int32(0)], to: counter) }
      // Read, add, write: only right if no two overlap.
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<64 {
          group.addTask {
            try await thread.run {
              let now = try device.queue.read(counter, count: 1, of: Int32(0))
              try device.queue.write([now[0] + 1], to: counter)
            }
          }
        }
        try await group.waitForAll()
      }
      #expect(try await thread.run { try device.queue.read(counter, count: 1, of: Int32(0)) } == [64])
    }

    @Test func errorsKeepTheirType() async throws {
      let thread = DeviceThread()
      await #expect(throws: OpenCLError.noPlatform) { try await thread.run { throw OpenCLError.noPlatform } }
      #expect(throws: OpenCLError.noPlatform) { try thread.runBlocking { throw OpenCLError.noPlatform } }
    }

    @Test func workStaysOnOneThreadThatEndsWithItsOwner() async throws {
      func threadsOfThisName() -> Int {
        filesIn("/proc/self/task").filter { task in
          guard let file = fopen("/proc/self/task/\(task)/comm", "r") else { return false }
          defer { fclose(file) }
          var name = [UInt8](repeating: 0, count: 64)
          return name[..<fread(&name, 1, name.count, file)].elementsEqual("only this test\n".utf8)
        }.count
      }
      do {
        let thread = DeviceThread(label: "only this test")
        var identities: Set<UInt> = []
        for _ in 0..<10 {
          identities.insert(try await thread.run { UInt(pthread_self()) })
          identities.insert(try thread.runBlocking { try thread.runBlocking { UInt(pthread_self()) } })
        }
        #expect(identities.count == 1)
        #expect(threadsOfThisName() == 1)
      }
      for _ in 0..<1000 where threadsOfThisName() > 0 { try await Task.sleep(for: .milliseconds(1)) }
      #expect(threadsOfThisName() == 0)
    }

    @Test func anActorCanLiveOnTheThread() async {
      let owner = Owner(DeviceThread())
      let counts = await withTaskGroup(of: Int.self) { group in
        for _ in 0..<64 { group.addTask { await owner.add() } }
        return await group.reduce(into: Set<Int>()) { $0.insert($1) }
      }
      #expect(counts == Set(1...64))
    }
  }
}
