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
  }
}
