// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Testing

/// Tensors that are not stored in row-major order, read in parts: each is put in order once, and not kept for ever.
@Suite struct GatheredTensorTests {
  private static let path = "\(Bins.directory)good/zip-views"
  private static let views = [
    "transposed", "permuted", "column", "stepped", "block", "expanded", "transposed_bytes", "transposed_doubles",
  ]

  /// A tensor that is read a few bytes at a time.
  private struct Reader {
    let name: String
    var bytes: [UInt8]
    var done = 0

    init(_ name: String, of file: PyTorchFile) throws {
      self.name = name
      bytes = [UInt8](repeating: 0xAA, count: try file.existingTensor(named: name).byteCount)
    }

    var isDone: Bool { done == bytes.count }

    mutating func readPart(of file: PyTorchFile) throws {
      let part = done..<min(done + 5, bytes.count)
      try bytes.withUnsafeMutableBytes { buffer in
        try file.readBytes(of: name, from: part.lowerBound, into: UnsafeMutableRawBufferPointer(rebasing: buffer[part]))
      }
      done = part.upperBound
    }
  }

  private static func expected(_ name: String) throws -> [UInt8] {
    let file = try SafetensorsFile(path: "\(path).safetensors")
    var bytes = [UInt8](repeating: 0, count: try file.existingTensor(named: name).byteCount)
    try bytes.withUnsafeMutableBytes { try file.readBytes(of: name, from: 0, into: $0) }
    return bytes
  }

  /// A part of one, a part of the next, and so on; returns the file.
  private static func readInTurns(_ names: some Sequence<String>) throws -> PyTorchFile {
    let file = try PyTorchFile(path: "\(path).bin")
    var readers = try names.map { try Reader($0, of: file) }
    while readers.contains(where: { !$0.isDone }) {
      for index in readers.indices where !readers[index].isDone { try readers[index].readPart(of: file) }
    }
    for reader in readers { #expect(try reader.bytes == expected(reader.name), "\(reader.name)") }
    return file
  }

  @Test(arguments: 1...GatheredTensors.capacity) func oneGatheringEach(count: Int) throws {
    let file = try Self.readInTurns(Self.views.prefix(count))
    #expect(file.gathered.gatherings == count)
    #expect(file.gathered.names == [])
  }

  /// More than are kept: the bytes are right all the same, and what had to go meanwhile is not kept at the end.
  @Test func moreThanAreKept() throws {
    let file = try Self.readInTurns(Self.views)
    #expect(file.gathered.gatherings > Self.views.count)
    #expect(file.gathered.names == [])
  }

  /// What is begun is kept, up to the limit, and goes with its last part; a second reading is like the first.
  @Test func whatIsBegunIsKept() throws {
    let file = try PyTorchFile(path: "\(Self.path).bin")
    var readers = try Self.views.map { try Reader($0, of: file) }
    for index in readers.indices { try readers[index].readPart(of: file) }
    #expect(file.gathered.names == Self.views.suffix(GatheredTensors.capacity).sorted())
    let last = readers.count - 1
    while !readers[last].isDone { try readers[last].readPart(of: file) }
    #expect(file.gathered.names == Self.views.dropLast().suffix(GatheredTensors.capacity - 1).sorted())
    let before = file.gathered.gatherings
    var again = try Reader(Self.views[last], of: file)
    while !again.isDone { try again.readPart(of: file) }
    #expect(again.bytes == readers[last].bytes)
    #expect(file.gathered.gatherings == before + 1)
    #expect(file.gathered.names.count == GatheredTensors.capacity - 1)
  }

  /// Two threads, each of which reads every other part of both tensors.
  @Test func twoThreads() async throws {
    let names = ["transposed", "permuted"]
    for _ in 0..<50 {
      let file = try PyTorchFile(path: "\(Self.path).bin")
      let parts = try await withThrowingTaskGroup(of: [(String, Int, [UInt8])].self) { group in
        for thread in 0..<2 {
          group.addTask {
            var parts: [(String, Int, [UInt8])] = []
            for name in thread == 0 ? names : names.reversed() {
              let size = try file.existingTensor(named: name).byteCount
              for start in stride(from: 5 * thread, to: size, by: 10) {
                var part = [UInt8](repeating: 0xAA, count: min(5, size - start))
                try part.withUnsafeMutableBytes { try file.readBytes(of: name, from: start, into: $0) }
                parts.append((name, start, part))
              }
            }
            return parts
          }
        }
        return try await group.reduce(into: []) { $0 += $1 }
      }
      for name in names {
        let own = parts.filter { $0.0 == name }.sorted { $0.1 < $1.1 }
        #expect(try own.flatMap(\.2) == Self.expected(name), "\(name)")
      }
      #expect(file.gathered.gatherings == 2)
      #expect(file.gathered.names == [])
    }
  }
}
