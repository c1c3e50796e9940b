// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Glibc
import StrictJSON
import Testing

/// A tensor with the bytes of another source's tensor, read when they are wanted.
func copied(_ name: String, from source: some TensorSource, pieces: Int) throws -> OutgoingTensor {
  let info = try source.existingTensor(named: name)
  return OutgoingTensor(name: name, dataType: info.dataType, shape: info.shape) { append in
    var done = 0
    while done < info.byteCount {
      var piece = [UInt8](repeating: 0, count: min(pieces, info.byteCount - done))
      try piece.withUnsafeMutableBytes { try source.readBytes(of: name, from: done, into: $0) }
      try piece.withUnsafeBytes(append)
      done += piece.count
    }
  }
}

@Suite struct WriterTests {
  /// Both directions at once: what the Python package wrote is read, and written again to the same bytes.
  @Test(arguments: [GoldenFiles.everyType, GoldenFiles.plain])
  func sameBytesAsThePythonPackage(golden: [UInt8]) throws {
    try withTemporaryDirectory { directory in
      let file = try SafetensorsFile(path: directory.write("golden", golden))
      for pieces in [1, 7, 1000] {
        let tensors = try file.tensorNames.reversed().map { try copied($0, from: file, pieces: pieces) }
        let metadata = Dictionary(uniqueKeysWithValues: file.metadata.map { ($0.key, $0.value.stringValue ?? "") })
        let path = "\(directory.path)/again"
        try SafetensorsWriter.write(tensors, metadata: metadata, to: path)
        #expect(try BoundedFile.read(path: path, limit: 10_000) == golden)
      }
    }
  }

  @Test func goldenValues() throws {
    try withTemporaryDirectory { directory in
      let file = try SafetensorsFile(path: directory.write("golden", GoldenFiles.everyType))
      #expect(file.tensor(named: "bert.embeddings.weight")?.shape == [2, 3])
      #expect(try file.readFloat32("bert.embeddings.weight") == [-3, -2, -1, 0, 1, 2].map { Float($0) / 7 })
      #expect(try file.readFloat64("logits") == [Double(bitPattern: 0x1268_8B70_E62B), -0.0, .infinity])
      #expect(try file.readInt64("input_ids") == [101, 1045, .min, 102, 0, .max])
      #expect(try file.readFloat32("half") == [0x1.554p-2, 65504, 0x1p-24])
      #expect(try file.readFloat32("brain") == [0x1.56p-2, 0x1.c4p+127])
      #expect(try file.readInt64("i32") == [-0x8000_0000])
      #expect(try file.readInt64("i16") == [-0x8000, 7])
      #expect(try file.readInt64("i8") == [-128])
      #expect(try file.readInt64("u8") == [255, 1, 2])
      #expect(try file.readInt64("mask") == [1, 0])
      #expect(try file.readFloat32("scalar") == [0.1])
      #expect(try file.readFloat32("empty") == [])
      #expect(try file.readFloat32("quote\" \\ é 😀") == [2.5])
      #expect(file.metadata["format"] == "pt")
    }
  }

  /// The data starts at a multiple of 8 whatever the header's length.
  @Test func headersArePaddedToEightBytes() throws {
    try withTemporaryDirectory { directory in
      for length in 0..<9 {
        let path = "\(directory.path)/a"
        let name = String(repeating: "n", count: length)
        try SafetensorsWriter.write([OutgoingTensor(name: name, shape: [1], [1.5] as [Double])], to: path)
        let bytes = try BoundedFile.read(path: path, limit: 1000)
        #expect(bytes.count % 8 == 0 && bytes[0] % 8 == 0)
        #expect(try SafetensorsFile(path: path).readFloat64(name) == [1.5])
      }
    }
  }

  @Test func whatNoReaderWouldAcceptIsNotWritten() {
    withTemporaryDirectory { directory in
      let path = "\(directory.path)/a"
      func floats(_ name: String, _ shape: [Int], _ count: Int) -> OutgoingTensor {
        OutgoingTensor(name: name, shape: shape, [Float](repeating: 0, count: count))
      }
      let cases: [([OutgoingTensor], CheckpointError)] = [
        ([floats("a", [1], 1), floats("a", [1], 1)], .duplicateTensor(file: path, tensor: "a")),
        ([floats("__metadata__", [1], 1)], .invalidName(file: path, tensor: "__metadata__")),
        ([floats("a\n", [1], 1)], .invalidName(file: path, tensor: "a\n")),
        ([floats("a", [1, 1, 1, 1, 1, 1, 1, 1, 1], 1)], .rankTooHigh(file: path, tensor: "a", limit: 8)),
        ([floats("a", [-1], 1)], .shapeOverflow(file: path, tensor: "a", shape: [-1])),
        ([floats("a", [1 << 62], 1)], .shapeOverflow(file: path, tensor: "a", shape: [1 << 62])),
        (
          [floats("a", [1 << 60], 1), floats("b", [1 << 60], 1)],
          .shapeOverflow(file: path, tensor: "b", shape: [1 << 60])
        ),
        (
          [floats("a", [2], 1)],
          .wrongByteCount(file: path, tensor: "a", dataType: .float32, shape: [2], expected: 8, found: 4)
        ),
        (
          [floats("a", [1], 2)],
          .wrongByteCount(file: path, tensor: "a", dataType: .float32, shape: [1], expected: 4, found: 8)
        ),
        ([OutgoingTensor](repeating: floats("a", [1], 1), count: 100_001), .tooManyTensors(file: path, limit: 100_000)),
      ]
      for (tensors, error) in cases {
        #expect(throws: error) { try SafetensorsWriter.write(tensors, to: path) }
      }
      #expect(directory.names.isEmpty)
    }
  }

  @Test func aProducerMayFail() {
    struct DeviceLost: Error {}
    withTemporaryDirectory { directory in
      let path = directory.write("a", "old")
      let tensor = OutgoingTensor(name: "a", dataType: .float32, shape: [1]) { _ in throw DeviceLost() }
      #expect(throws: DeviceLost.self) { try SafetensorsWriter.write([tensor], to: path) }
      #expect(directory.contents("a") == Array("old".utf8))
      #expect(directory.names == ["a"])
    }
  }
}
