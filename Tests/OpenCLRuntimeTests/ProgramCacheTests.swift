// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Glibc
import OpenCLRuntime
import Testing

extension RuntimeTests {
  @Suite struct ProgramCacheTests {
    private func key(_ source: String = "source", driver: String = "1", device: String = "device") -> ProgramCache.Key {
      .init(source: source, options: "-DX", deviceName: device, driverVersion: driver, platformVersion: "3.0")
    }

    private func bytes(of path: String) throws -> [UInt8] {
      let file = try #require(fopen(path, "rb"))
      defer { fclose(file) }
      var bytes = [UInt8](repeating: 0, count: 1 << 20)
      return Array(bytes[..<fread(&bytes, 1, bytes.count, file)])
    }

    private func write(_ bytes: [UInt8], to path: String) throws {
      let file = try #require(fopen(path, "wb"))
      defer { fclose(file) }
      #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
    }

    @Test func whatIsStoredComesBack() throws {
      try withTemporaryFolder { folder in
        let cache = ProgramCache(folder: folder + "/not/yet/there")
        #expect(cache.binary(for: key()) == nil)
        #expect(cache.store([1, 2, 3], for: key()))
        #expect(cache.binary(for: key()) == [1, 2, 3])
        #expect(cache.store([4], for: key()))
        #expect(cache.binary(for: key()) == [4])
        #expect(filesIn(cache.folder) == [key().fileName])
      }
    }

    @Test func anotherSourceDriverOrProcessorIsAnotherEntry() throws {
      let keys = [key(), key("source "), key(driver: "2"), key(device: "device with AVX-512")]
      #expect(Set(keys.map(\.fileName)).count == keys.count)
      try withTemporaryFolder { folder in
        let cache = ProgramCache(folder: folder)
        cache.store([1], for: keys[0])
        // A collision of names: the entry's own key decides.
        try write(try bytes(of: folder + "/" + keys[0].fileName), to: folder + "/" + keys[1].fileName)
        #expect(cache.binary(for: keys[1]) == nil)
      }
    }

    @Test func anEntryTruncatedAtAnyByteIsRefused() throws {
      try withTemporaryFolder { folder in
        let cache = ProgramCache(folder: folder)
        cache.store(Array(0..<40), for: key())
        let path = folder + "/" + key().fileName
        let whole = try bytes(of: path)
        for count in 0..<whole.count {
          try write(Array(whole[..<count]), to: path)
          #expect(cache.binary(for: key()) == nil, "\(count) bytes")
        }
        try write(whole + [0], to: path)
        #expect(cache.binary(for: key()) == nil)
        try write(whole, to: path)
        #expect(cache.binary(for: key()) == Array(0..<40))
      }
    }

    @Test func anEntryWithAnyBitFlippedIsRefused() throws {
      try withTemporaryFolder { folder in
        let cache = ProgramCache(folder: folder)
        cache.store(Array(0..<40), for: key())
        let path = folder + "/" + key().fileName
        let whole = try bytes(of: path)
        for bit in 0..<whole.count * 8 {
          var damaged = whole
          damaged[bit / 8] ^= 1 << (bit % 8)
          try write(damaged, to: path)
          #expect(cache.binary(for: key()) == nil, "bit \(bit)")
        }
      }
    }

    @Test(.timeLimit(.minutes(1)))
    func aFIFOOrAFolderInAnEntrysPlaceNeitherHangsNorCounts() throws {
      try withTemporaryFolder { folder in
        let cache = ProgramCache(folder: folder)
        let path = folder + "/" + key().fileName
        #expect(mkfifo(path, 0o600) == 0)
        #expect(cache.binary(for: key()) == nil)
        #expect(unlink(path) == 0 && mkdir(path, 0o700) == 0)
        #expect(cache.binary(for: key()) == nil)
        #expect(!cache.store([1], for: key()))
        #expect(filesIn(folder) == [key().fileName])  // and nothing half-written beside it
      }
    }

    @Test func aFolderThatCannotBeWrittenIsNoError() throws {
      try withTemporaryFolder { folder in
        try write([], to: folder + "/file")
        let cache = ProgramCache(folder: folder + "/file/programs")
        #expect(!cache.store([1], for: key()))
        let context = try Context(try Device.select())
        let program = try Program(context, file: "scale.cl", source: TestKernels.scale, cache: cache)
        #expect(program.origin == .source)
        #expect(!program.storeBinary())
      }
    }

    @Test func manyWritersAndReadersAtOnce() throws {
      try withTemporaryFolder { folder in
        let cache = ProgramCache(folder: folder)
        let key = key()
        DispatchQueue.concurrentPerform(iterations: 64) { number in
          cache.store([UInt8](repeating: UInt8(number), count: 10_000), for: key)
          let read = cache.binary(for: key)
          #expect(read?.count == 10_000 && Set(read ?? []).count == 1)
        }
        #expect(filesIn(folder) == [key.fileName])
      }
    }

    @Test func aBinaryTheDriverRefusesIsBuiltFromSource() throws {
      try withTemporaryFolder { folder in
        let device = try TestDevice()
        let cache = ProgramCache(folder: folder)
        func program() throws -> Program {
          try Program(device.context, file: "scale.cl", source: TestKernels.scale, cache: cache)
        }
        let built = try program()
        #expect(cache.store(Array("not a binary".utf8), for: built.cacheKey))
        CallMonitor.start(.thisThread)
        #expect(try program().origin == .source)
        CallMonitor.stop()
        #expect(CallMonitor.counts.outstanding.isEmpty)
        #expect(built.storeBinary())
        #expect(try program().origin == .cache)
        for call in ["clCreateProgramWithBinary", "clBuildProgram"] {
          CallMonitor.inject(.init(status: .invalidBinary, call: call, scope: .thisThread))
          #expect(try program().origin == .source)
          #expect(CallMonitor.removeFault().hits == 1)
          #expect(built.storeBinary())
        }
      }
    }

    @Test func aCachedProgramComputesTheSameBits() throws {
      try withTemporaryFolder { folder in
        let device = try TestDevice()
        let cache = ProgramCache(folder: folder)
        let x = try Buffer(device.context, byteCount: 4000, label: "x")
        let y = try Buffer(device.context, byteCount: 4000, label: "y")
        try device.queue.write((0..<1000).map { Float($0) / 3 }, to: x)
        func run() throws -> ([Float], Program) {
          let program = try Program(device.context, file: "scale.cl", source: TestKernels.scale, cache: cache)
          let kernel = try program.kernel("scale")
          #expect(kernel.arguments?.count == 4)
          try kernel.bind([.buffer(x), .buffer(y), .float(1.1), .uint32(1000)])
          try device.queue.launch(kernel, global: 1024, local: 64)
          return (try device.queue.read(y, count: 1000, of: Float(0)), program)
        }
        let (fresh, program) = try run()
        #expect(program.storeBinary())
        let (cached, again) = try run()
        #expect(program.origin == .source && again.origin == .cache)
        #expect(fresh.map(\.bitPattern) == cached.map(\.bitPattern))
      }
    }

    @Test func theFolderFollowsTheEnvironment() {
      func folder(_ environment: [String: String]) -> String? {
        ProgramCache.standardFolder { environment[$0] }
      }
      #expect(folder(["HOME": "/home/a"]) == "/home/a/.cache/swift-bert/programs")
      #expect(folder(["HOME": "/home/a", "XDG_CACHE_HOME": "/c"]) == "/c/swift-bert/programs")
      #expect(folder(["HOME": "/home/a", "XDG_CACHE_HOME": "c"]) == "/home/a/.cache/swift-bert/programs")
      #expect(folder(["HOME": "/home/a", "SWIFT_BERT_NO_PROGRAM_CACHE": "1"]) == nil)
      #expect(folder([:]) == nil)
    }
  }
}
