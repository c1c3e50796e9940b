// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Glibc
import StrictJSON
import TestSupport
import Testing

@Suite struct ReadingTests {
  private let start = ContinuousClock.now

  /// None of these may wait for somebody to write into the FIFO.
  @Test func whatIsNoFile() {
    withTemporaryDirectory { directory in
      let fifo = "\(directory.path)/fifo"
      mkfifo(fifo, 0o644)
      let link = "\(directory.path)/link"
      symlink("\(directory.path)/nothing", link)
      let cases: [(String, FileError)] = [
        (fifo, .notRegular(path: fifo, kind: "a FIFO")),
        (directory.path, .notRegular(path: directory.path, kind: "a directory")),
        ("/dev/zero", .notRegular(path: "/dev/zero", kind: "a device")),
        (link, .notFound(path: link)),
        ("\(fifo)/below", .notFound(path: "\(fifo)/below")),
        ("", .invalidPath("")),
        ("a\u{0}b", .invalidPath("a\u{0}b")),
      ]
      for (path, error) in cases {
        #expect(throws: CheckpointError.file(error)) { try SafetensorsFile(path: path) }
        #expect(throws: error) { try BoundedFile.read(path: path, limit: 1000) }
      }
      #expect(start.duration(to: .now) < .seconds(1))
    }
  }

  @Test func wholeFilesAreBounded() throws {
    try withTemporaryDirectory { directory in
      let path = directory.write("a", [1, 2, 3])
      let whole = try BoundedFile.read(path: path, limit: 3)
      #expect(whole == [1, 2, 3])
      #expect(throws: FileError.tooLarge(path: path, size: 3, limit: 2)) { try BoundedFile.read(path: path, limit: 2) }
      #expect(try BoundedFile.read(path: directory.write("b", [] as [UInt8]), limit: 0) == [])
      // A sparse terabyte takes no time and no memory to refuse.
      truncate(path, 1 << 40)
      #expect(throws: FileError.tooLarge(path: path, size: 1 << 40, limit: 1 << 20)) {
        try BoundedFile.read(path: path, limit: 1 << 20)
      }
    }
  }

  @Test func aFileThatShrinksWhileItIsRead() throws {
    try withTemporaryDirectory { directory in
      let header = "{\"w\":{\"dtype\":\"F32\",\"shape\":[300000],\"data_offsets\":[0,1200000]}}"
      let bytes = safetensors(header, data: [UInt8](repeating: 0, count: 1_200_000))
      let path = directory.write("a", bytes)
      let file = try SafetensorsFile(path: path)
      #expect(try file.readFloat32("w").count == 300_000)
      for size in [bytes.count - 1, 4096, 8, 0] {
        truncate(path, size)
        let error = CheckpointError.file(
          .shrank(path: path, size: bytes.count, offset: max(size, 8 + header.utf8.count)))
        #expect(throws: error) { try file.readFloat32("w") }
        #expect(throws: CheckpointError.self) { try file.readFloat64("w") }
      }
    }
  }

  /// The header's own truncation errors come first; a file cut anywhere is refused when it is opened.
  @Test func truncatedAtEveryByte() throws {
    try withTemporaryDirectory { directory in
      let header =
        "{\"__metadata__\":{\"format\":\"pt\"},\"a\":{\"dtype\":\"F16\",\"shape\":[3],\"data_offsets\":[0,6]},"
        + "\"b\":{\"dtype\":\"I64\",\"shape\":[1,2],\"data_offsets\":[6,22]}}"
      let whole = safetensors(header, dataBytes: 22)
      for count in whole.indices {
        let path = directory.write("a", Array(whole[..<count]))
        #expect(throws: CheckpointError.self, "cut at \(count)") { try SafetensorsFile(path: path) }
      }
      try readEverything(try SafetensorsFile(path: directory.write("a", whole)))
    }
  }

  /// Data that begins at an odd byte loads like any other.
  @Test func unalignedData() throws {
    try withTemporaryDirectory { directory in
      let header =
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
        + "\"d\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[1,9]},"
        + "\"f\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[9,13]},"
        + "\"i\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[13,21]}}"
      let data = [255] + bytes(of: 1.5) + bytes(of: Float(-2.25)) + bytes(of: Int64.min)
      let file = try SafetensorsFile(path: directory.write("a", safetensors(header, data: data)))
      #expect(try file.readInt64("a") == [255])
      #expect(try file.readFloat64("d") == [1.5])
      #expect(try file.readFloat32("f") == [-2.25])
      #expect(try file.readInt64("i") == [.min])
    }
  }

  @Test func integersOfEveryWidth() throws {
    try withTemporaryDirectory { directory in
      let cases: [(String, Int, [UInt8], [Int64])] = [
        ("I64", 8, bytes(of: Int64.max) + bytes(of: Int64(-1)), [.max, -1]),
        ("I32", 4, bytes(of: Int32.min) + bytes(of: Int32.max), [Int64(Int32.min), Int64(Int32.max)]),
        ("I16", 2, bytes(of: Int16.min) + bytes(of: Int16.max), [-32768, 32767]),
        ("I8", 1, [0x80, 0x7F], [-128, 127]), ("U8", 1, [0x80, 0xFF], [128, 255]), ("BOOL", 1, [0, 1], [0, 1]),
      ]
      for (type, width, data, values) in cases {
        let header = "{\"w\":{\"dtype\":\"\(type)\",\"shape\":[2],\"data_offsets\":[0,\(2 * width)]}}"
        let file = try SafetensorsFile(path: directory.write("a", safetensors(header, data: data)))
        #expect(try file.readInt64("w") == values)
        let dataType = try #require(DataType(rawValue: type))
        let error = CheckpointError.wrongType(
          file: file.path, tensor: "w", dataType: dataType, wanted: "floating point")
        #expect(throws: error) { try file.readFloat32("w") }
        #expect(throws: error) { try file.readFloat64("w") }
      }
    }
  }

  @Test func whatACallerMayNotAsk() throws {
    try withTemporaryDirectory { directory in
      let path = directory.write(
        "a", safetensors("{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", dataBytes: 8))
      let file = try SafetensorsFile(path: path)
      #expect(throws: CheckpointError.noSuchTensor(file: path, tensor: "v")) { try file.readFloat32("v") }
      #expect(throws: CheckpointError.wrongType(file: path, tensor: "w", dataType: .float32, wanted: "integer")) {
        try file.readInt64("w")
      }
      var three: [Float] = [0, 0, 0]
      #expect(throws: CheckpointError.wrongBufferSize(file: path, tensor: "w", expected: 2, found: 3)) {
        try three.withUnsafeMutableBufferPointer { try file.readFloat32("w", into: $0) }
      }
      var raw = [UInt8](repeating: 0, count: 4)
      for offset in [-1, 5, 8, 9, Int.max, Int.min] {
        #expect(throws: CheckpointError.outsideTensor(file: path, tensor: "w", offset: offset, count: 4, size: 8)) {
          try raw.withUnsafeMutableBytes { try file.readBytes(of: "w", from: offset, into: $0) }
        }
      }
      try raw.withUnsafeMutableBytes { try file.readBytes(of: "w", from: 4, into: $0) }
      #expect(raw == [4, 5, 6, 7])
    }
  }

  @Test func manyThreadsReadOneFile() async throws {
    let directory = TemporaryDirectory()
    let values = (0..<200_000).map { Float($0) }
    try SafetensorsWriter.write(
      [OutgoingTensor(name: "w", shape: [200_000], values)], to: "\(directory.path)/a")
    let file = try SafetensorsFile(path: "\(directory.path)/a")
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<16 { group.addTask { try file.readFloat32("w") == values } }
      for try await same in group { #expect(same) }
    }
    _ = directory
  }
}

/// The little-endian bytes of a value.
func bytes(of value: some BitwiseCopyable) -> [UInt8] { withUnsafeBytes(of: value) { Array($0) } }
