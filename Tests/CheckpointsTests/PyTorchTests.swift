// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Glibc
import Testing

/// The bytes of a tensor, read in pieces of so many bytes.
private func raw(_ source: some TensorSource, _ name: String, pieces: Int) throws -> [UInt8] {
  let info = try source.existingTensor(named: name)
  var bytes = [UInt8](repeating: 0xAA, count: info.byteCount)
  try bytes.withUnsafeMutableBytes { buffer in
    var done = 0
    while done < buffer.count {
      let piece = min(pieces, buffer.count - done)
      try source.readBytes(
        of: name, from: done, into: UnsafeMutableRawBufferPointer(rebasing: buffer[done..<done + piece]))
      done += piece
    }
  }
  return bytes
}

@Suite struct PyTorchTests {
  /// Types, shapes and bits as torch reads them, whatever pieces they are read in.
  @Test(arguments: Bins.names(in: "good")) func sameAsTorch(name: String) throws {
    let file = try PyTorchFile(path: "\(Bins.directory)good/\(name).bin")
    let expected = try SafetensorsFile(path: "\(Bins.directory)good/\(name).safetensors")
    #expect(file.tensorNames.sorted() == expected.tensorNames.sorted())
    #expect(file.format == (name.hasPrefix("zip") ? .zip : .legacy))
    for name in expected.tensorNames {
      #expect(file.tensor(named: name) == expected.tensor(named: name))
      for pieces in [1 << 20, 1, 5, 16] {
        #expect(try raw(file, name, pieces: pieces) == (try raw(expected, name, pieces: 1 << 20)))
      }
    }
    try readEverything(file)
    if name != "zip-extras" { #expect(file.ignoredKeys.isEmpty) }
  }

  /// What is no tensor is left out, and can be asked for.
  @Test func otherValuesAreNamed() throws {
    let file = try PyTorchFile(path: "\(Bins.directory)good/zip-extras.bin")
    #expect(file.tensorNames == ["w"])
    #expect(
      file.ignoredKeys == [
        "epoch", "big", "huge", "minus", "rate", "name", "none", "flag", "list", "dict", "tuple", "bytes",
      ])
  }

  @Test func namesComeInTheOrderOfTheData() throws {
    let file = try PyTorchFile(path: "\(Bins.directory)good/zip-cuda.bin")
    #expect(file.tensorNames == ["w", "v"])
  }

  @Test func whatACallerMayGetWrong() throws {
    let file = try PyTorchFile(path: "\(Bins.directory)good/zip-cuda.bin")
    #expect(throws: CheckpointError.noSuchTensor(file: file.path, tensor: "x")) { try file.readFloat32("x") }
    #expect(
      throws: CheckpointError.outsideTensor(file: file.path, tensor: "w", offset: 8, count: 8, size: 12)
    ) {
      var bytes = [UInt8](repeating: 0, count: 8)
      try bytes.withUnsafeMutableBytes { try file.readBytes(of: "w", from: 8, into: $0) }
    }
    #expect(
      throws: CheckpointError.wrongType(file: file.path, tensor: "w", dataType: .float32, wanted: "integer")
    ) { try file.readInt64("w") }
  }

  /// Many threads read the same views, in pieces that pass each other.
  @Test func manyReaders() async throws {
    let file = try PyTorchFile(path: "\(Bins.directory)good/zip-views.bin")
    let expected = try SafetensorsFile(path: "\(Bins.directory)good/zip-views.safetensors")
    try await withThrowingTaskGroup(of: Void.self) { group in
      for reader in 0..<8 {
        group.addTask {
          for name in reader % 2 == 0 ? file.tensorNames : file.tensorNames.reversed() {
            let (found, right) = (
              try raw(file, name, pieces: 3 + reader), try raw(expected, name, pieces: 1 << 20)
            )
            #expect(found == right)
          }
        }
      }
      try await group.waitForAll()
    }
  }

  @Test func directories() throws {
    let sharded = try Checkpoint(directory: "\(Bins.directory)good/sharded")
    let expected = try SafetensorsFile(path: "\(Bins.directory)good/sharded.safetensors")
    #expect(sharded.tensorNames.sorted() == ["a", "b", "c"])
    #expect(sharded.files.count == 2)
    for name in expected.tensorNames {
      #expect(try raw(sharded, name, pieces: 7) == (try raw(expected, name, pieces: 1 << 20)))
    }
    try withTemporaryDirectory { directory in
      let index = "pytorch_model.bin.index.json"
      directory.write(index, "{\"weight_map\":{\"w\":\"gone.bin\"}}")
      #expect(throws: CheckpointError.missingShard(file: "\(directory.path)/\(index)", shard: "gone.bin")) {
        try Checkpoint(directory: directory.path)
      }
      directory.write("gone.bin", try Bins.bytes("good/zip-cuda.bin"))
      #expect(try Checkpoint(directory: directory.path).tensorNames == ["w", "v"])
      // One file comes before the index, safetensors before both.
      directory.write("pytorch_model.bin", try Bins.bytes("good/zip-extras.bin"))
      let checkpoint = try Checkpoint(directory: directory.path)
      #expect(checkpoint.tensorNames == ["w"])
      #expect(checkpoint.ignoredKeys.count == 12)
      #expect(try checkpoint.readFloat32("w") == [1, 1])
      directory.write("model.safetensors.index.json", "{\"weight_map\":{}}")
      #expect(try Checkpoint(directory: directory.path).tensorNames == [])
      try SafetensorsWriter.write(
        [OutgoingTensor(name: "s", shape: [], [7] as [Int64])], to: "\(directory.path)/model.safetensors")
      #expect(try Checkpoint(directory: directory.path).tensorNames == ["s"])
    }
  }
}
