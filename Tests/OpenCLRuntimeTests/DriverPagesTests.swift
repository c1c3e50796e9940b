// SPDX-License-Identifier: Apache-2.0

import Glibc
import OpenCLRuntime
import Testing

extension RuntimeTests {
  @Suite struct DriverPagesTests {
    /// Bytes of files that are mapped and resident, from /proc.
    private static func residentFileBytes() throws -> Int {
      let file = try #require(fopen("/proc/self/statm", "r"))
      defer { fclose(file) }
      var text = [CChar](repeating: 0, count: 256)
      _ = fgets(&text, Int32(text.count), file)
      let fields = text.prefix { $0 != 0 }.split(separator: 32).map {
        String(decoding: $0.map(UInt8.init), as: UTF8.self)
      }
      return (Int(try #require(fields.dropFirst(2).first)) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// Compiles and runs, without any cache of ours.
    private static func run(_ factor: Float) throws -> [Float] {
      let device = try TestDevice()
      // A source of its own, so that PoCL's cache does not know it either.
      let source = TestKernels.scale + "// \(getpid()) \(factor)\n"
      let kernel = try Program(device.context, file: "scale.cl", source: source, cache: nil).kernel("scale")
      let x = try Buffer(device.context, byteCount: 16, label: "x")
      let y = try Buffer(device.context, byteCount: 16, label: "y")
      try device.queue.write([Float(1), 2, 3, 4], to: x)
      try kernel.bind([.buffer(x), .buffer(y), .float(factor), .uint32(4)])
      try device.queue.launch(kernel, global: 4)
      return try device.queue.read(y, count: 4, of: 0)
    }

    /// A compiler that has just been at work leaves resident memory, and works as well as before.
    @Test func aCompilerIsDroppedAndComesBack() async {
      await #expect(processExitsWith: .success) {
        let device = try Device.select()
        #expect(try Self.run(2) == [2, 4, 6, 8])
        let before = try Self.residentFileBytes()
        device.dropDriverPages()
        let after = try Self.residentFileBytes()
        if device.platform.name == "Portable Computing Language" {
          #expect(after < before - (32 << 20), "\(before) bytes, then \(after)")
        }
        #expect(try Self.run(3) == [3, 6, 9, 12])
        #expect(try Self.residentFileBytes() > after || device.kind != .cpu)
      }
    }

    /// The first byte of the first library that is mapped from a file whose path contains this.
    private static func library(_ name: String) throws -> UnsafeMutableRawPointer? {
      let file = try #require(fopen("/proc/self/maps", "r"))
      defer { fclose(file) }
      var line = [CChar](repeating: 0, count: 8192)
      while fgets(&line, Int32(line.count), file) != nil {
        // The lowest mapping comes first: an ELF file's first page.
        if strstr(line, name) != nil { return UnsafeMutableRawPointer(bitPattern: strtoul(line, nil, 16)) }
      }
      return nil
    }

    /// A place in PoCL's compiler, or null with another driver: far enough into constants of some megabytes that nobody
    /// comes near it, as the linker comes to each library's first page.
    private static func compilerConstant() throws -> UnsafeMutableRawPointer? {
      try library("libLLVM").map { $0 + (1 << 20) }
    }

    /// Whether the page is in the process's memory; reading it would bring it there.
    private static func isResident(_ address: UnsafeMutableRawPointer) throws -> Bool {
      let file = open("/proc/self/pagemap", O_RDONLY)
      defer { close(file) }
      var entry: UInt64 = 0
      let place = UInt(bitPattern: address) / UInt(sysconf(Int32(_SC_PAGESIZE))) * 8
      try #require(pread(file, &entry, 8, off_t(place)) == 8)
      return entry >> 63 == 1
    }

    /// Has the system read the byte, as no compiler leaves that out; its page should be resident then.
    private static func touch(_ address: UnsafeMutableRawPointer) throws -> Bool {
      var ends: [Int32] = [0, 0]
      try #require(pipe(&ends) == 0)
      defer { for end in ends { close(end) } }
      try #require(write(ends[1], address, 1) == 1)
      return try isResident(address)
    }

    /// A byte of the driver's that somebody has changed, in a segment that is not writable, stays as it is.
    @Test func whatWasWrittenToStays() async {
      await #expect(processExitsWith: .success) {
        let device = try Device.select()
        guard device.platform.name == "Portable Computing Language" else { return }
        // The last byte of an ELF file's identification is padding.
        let header = try #require(try Self.library("libpocl"))
        let size = Int(sysconf(Int32(_SC_PAGESIZE)))
        #expect(header.load(fromByteOffset: 15, as: UInt8.self) == 0)
        try #require(mprotect(header, size, PROT_READ | PROT_WRITE) == 0)
        header.storeBytes(of: 0xCC, toByteOffset: 15, as: UInt8.self)
        try #require(mprotect(header, size, PROT_READ) == 0)
        #expect(device.dropDriverPages() > 32 << 20)
        #expect(header.load(fromByteOffset: 15, as: UInt8.self) == 0xCC)
      }
    }

    /// What the process has loaded after the driver is not the driver's.
    @Test func laterLibrariesStay() async {
      await #expect(processExitsWith: .success) {
        let device = try Device.select()
        // Part of every glibc, and nothing new needs it.
        #expect(try Self.library("libBrokenLocale") == nil)
        try #require(dlopen("libBrokenLocale.so.1", RTLD_NOW) != nil)
        // Its code: the first page would come back when the linker's list is walked.
        let later = try #require(try Self.library("libBrokenLocale")) + Int(sysconf(Int32(_SC_PAGESIZE)))
        #expect(try Self.touch(later))
        let driver = try Self.compilerConstant()
        if let driver { #expect(try Self.touch(driver)) }
        device.dropDriverPages()
        #expect(try Self.isResident(later))
        if let driver { #expect(try !Self.isResident(driver)) }
      }
    }

    /// Once per process, so that loading many models does not read the driver again and again.
    @Test func once() async {
      await #expect(processExitsWith: .success) {
        let device = try Device.select()
        guard device.kind == .cpu, let driver = try Self.compilerConstant() else { return }
        let dropped = device.dropDriverPages()
        #expect(try !Self.isResident(driver))
        #expect(try Self.touch(driver))
        #expect(device.dropDriverPages() == dropped)
        #expect(try Self.isResident(driver))
      }
    }

    @Test func theEnvironmentCanKeepAll() async {
      await #expect(processExitsWith: .success) {
        setenv("SWIFT_BERT_KEEP_DRIVER_PAGES", "1", 1)
        let device = try Device.select()
        #expect(device.dropDriverPages() == 0)
        unsetenv("SWIFT_BERT_KEEP_DRIVER_PAGES")
        let isPoCL = try Self.library("libpocl") != nil
        #expect(device.dropDriverPages() > 0 || !isPoCL)
      }
    }
  }
}
