// SPDX-License-Identifier: Apache-2.0

import OpenCLRuntime
import Synchronization
import Testing

extension RuntimeTests {
  /// What ends the process on PoCL before 6.0 unless its queues take turns.
  @Suite struct LaunchTurnTests {
    private static let (threads, launches, wideEvery) = (8, 1000, 5)
    private static let mostGroups = threads * launches / wideEvery

    /// Launches the kernel now over one group, now over more groups than anybody has before: enqueued at once, so that
    /// queues meet, and in short runs, so that they meet often.
    ///
    /// - Returns: whether the results are right.
    private static func widen(_ groups: borrowing Mutex<Int>) throws -> Bool {
      let device = try TestDevice()
      let kernel = try device.kernel("scale", TestKernels.scale)
      let input = (0..<64 * mostGroups).map { Float($0) }
      let x = try Buffer(device.context, byteCount: 4 * input.count, access: .readOnly, label: "x")
      let y = try Buffer(device.context, byteCount: 4 * input.count, label: "y")
      try device.queue.write(input, to: x)
      try kernel.bind([.buffer(x), .buffer(y), .float(2), .uint32(UInt32(input.count))])
      var most = 1
      for launch in 0..<launches {
        if launch % wideEvery == 0 {
          most = groups.withLock { groups in
            groups += 1
            return groups
          }
        }
        try device.queue.launch(kernel, global: WorkSize(launch % wideEvery == 0 ? 64 * most : 64), local: 64)
        try device.queue.flush()
        if launch % 4 == 3 { try device.queue.finish() }
      }
      return try device.queue.read(y, count: 64 * most, of: Float(0)) == input.prefix(64 * most).map { 2 * $0 }
    }

    /// Each grid wider than all before it is one more of the driver's compiled forms; other threads run the one before.
    @Test func manyThreadsWidenTheGridsOfOneKernel() async {
      await #expect(processExitsWith: .success) {
        let groups = GroupCount()
        let areRight = try await withThrowingTaskGroup(of: Bool.self) { group in
          for _ in 0..<LaunchTurnTests.threads {
            group.addTask { try await DeviceThread().run { try LaunchTurnTests.widen(groups.count) } }
          }
          return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(areRight == Array(repeating: true, count: LaunchTurnTests.threads))
        #expect(groups.count.withLock { $0 } == LaunchTurnTests.mostGroups)
      }
    }

    /// The driver compiles one more form of each kernel for the binary, and commands end while it does.
    @Test func aBinaryIsAskedForWhileKernelsRun() async {
      await #expect(processExitsWith: .success) {
        // What the driver's cache on disk does not know, or its compiler would be done before a kernel is.
        let seed = UInt32.random(in: 0...UInt32.max)
        let kernels = (0..<8).map { index in
          """
          __kernel __attribute__((reqd_work_group_size(64, 1, 1))) void power\(index)(__global float *y, uint turns) {
            float product = \(seed)u > 0 ? 1 : \(index);
            for (uint turn = 0; turn < turns; turn++) product *= -1;
            y[get_global_id(0)] = product;
          }

          """
        }
        let device = try TestDevice()
        let program = try Program(device.context, file: "power.cl", source: kernels.joined(), cache: nil)
        let y = try Buffer(device.context, byteCount: 256, label: "y")
        let kernel = try program.kernel("power0")
        try kernel.bind([.buffer(y), .uint32(200_001)])
        for _ in 0..<300 { try device.queue.launch(kernel, global: 64, local: 64) }
        try device.queue.flush()
        #expect(try !program.binary().isEmpty)
        #expect(try device.queue.read(y, count: 64, of: Float(0)) == Array(repeating: -1, count: 64))
      }
    }

    /// Neither is a queue released whose kernels run, nor is the wait for another queue anyone's who counts or injects.
    @Test func turnsAreGivenBackAndUnseen() throws {
      let count = 1 << 20
      let device = try TestDevice()
      let kernel = try device.kernel("scale", TestKernels.scale)
      let x = try Buffer(device.context, byteCount: 4 * count, label: "x")
      let y = try Buffer(device.context, byteCount: 4 * count, label: "y")
      try device.queue.write([Float](repeating: 3, count: count), to: x)
      try kernel.bind([.buffer(x), .buffer(y), .float(2), .uint32(UInt32(count))])
      try device.queue.launch(kernel, global: WorkSize(count), local: 64)
      try device.queue.finish()
      let failures = ReleaseFailures.count
      CallMonitor.start(.thisThread)
      CallMonitor.inject(.init(nth: 1, role: .wait, scope: .thisThread))
      for _ in 0..<10 {
        let other = try Queue(device.context)
        try other.launch(kernel, global: WorkSize(count), local: 64)
        try device.queue.launch(kernel, global: WorkSize(count), local: 64)
        try other.launch(kernel, global: WorkSize(count), local: 64)
      }
      CallMonitor.stop()
      #expect(CallMonitor.removeFault() == .init(candidates: 0, hits: 0, call: nil))
      #expect(CallMonitor.counts.waits == 0 && CallMonitor.counts.enqueues == 30)
      #expect(CallMonitor.counts.outstanding.isEmpty)
      #expect(ReleaseFailures.count == failures)
      #expect(try device.queue.read(y, count: count, of: Float(0)).allSatisfy { $0 == 6 })
    }

    @Test(arguments: [
      ("Portable Computing Language", "OpenCL 3.0 PoCL 3.1+debian  Linux, None+Asserts, LLVM 14.0.6", true),
      ("Portable Computing Language", "OpenCL 3.0 PoCL 5.0  Linux, Release, RELOC, LLVM 16.0.6", true),
      ("Portable Computing Language", "OpenCL 3.0 PoCL 6.0  Linux, Release, RELOC, LLVM 18.1.8", false),
      ("Portable Computing Language", "OpenCL 3.0 PoCL 10.1  Linux", false),
      ("Portable Computing Language", "OpenCL 2.0 pocl 1.3", true),
      ("Portable Computing Language", "", true),
      ("NVIDIA CUDA", "OpenCL 3.0 CUDA 13.0.1", false),
      ("Oclgrind", "OpenCL 1.2 (Oclgrind 21.10)", false),
    ])
    func whichDriversNeedTurns(name: String, version: String, needed: Bool) {
      #expect(Platform.needsLaunchTurns(name: name, version: version) == needed)
    }
  }
}

private final class GroupCount: Sendable {
  let count = Mutex(0)
}
