// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Glibc
import StrictJSON
import Testing

private let index = "model.safetensors.index.json"

/// Two shards with "a", "b" in the first and "c" in the second.
private func writeShards(_ directory: TemporaryDirectory) throws {
  try SafetensorsWriter.write(
    [OutgoingTensor(name: "a", shape: [2], [1, 2] as [Float]), OutgoingTensor(name: "b", shape: [1], [3] as [Float])],
    to: "\(directory.path)/s1.safetensors")
  try SafetensorsWriter.write(
    [OutgoingTensor(name: "c", shape: [1], [4] as [Double])], to: "\(directory.path)/s2.safetensors")
}

private let goodMap = "\"a\":\"s1.safetensors\",\"b\":\"s1.safetensors\",\"c\":\"s2.safetensors\""

@Suite struct CheckpointTests {
  @Test func shardsAreOneView() throws {
    try withTemporaryDirectory { directory in
      try writeShards(directory)
      directory.write(index, "{\"metadata\":{\"total_size\":20},\"weight_map\":{\(goodMap)}}")
      let checkpoint = try Checkpoint(directory: directory.path)
      #expect(checkpoint.tensorNames == ["a", "b", "c"])
      #expect(checkpoint.files.map { $0.split(separator: "/").last } == ["s1.safetensors", "s2.safetensors"])
      #expect(checkpoint.file(of: "c")?.hasSuffix("s2.safetensors") == true)
      #expect(checkpoint.tensor(named: "c")?.dataType == .float64)
      #expect(checkpoint.tensor(named: "d") == nil)
      #expect(checkpoint.totalBytes == 20)
      #expect(try checkpoint.readFloat32("b") == [3])
      #expect(try checkpoint.readFloat32("c") == [4])
      #expect(throws: CheckpointError.noSuchTensor(file: directory.path, tensor: "d")) {
        try checkpoint.readFloat32("d")
      }
    }
  }

  @Test func oneFileComesBeforeTheIndex() throws {
    try withTemporaryDirectory { directory in
      directory.write(index, "not even JSON")
      try SafetensorsWriter.write(
        [OutgoingTensor(name: "a", shape: [], [7] as [Int64])], to: "\(directory.path)/model.safetensors")
      let checkpoint = try Checkpoint(directory: directory.path + "/")
      #expect(try checkpoint.readInt64("a") == [7])
    }
  }

  /// A tensor that the index forgot is still there, as it is for Hugging Face, which loads whole shards.
  @Test func unlistedTensorsAreFound() throws {
    try withTemporaryDirectory { directory in
      try writeShards(directory)
      directory.write(index, "{\"weight_map\":{\"a\":\"s1.safetensors\"}}")
      #expect(try Checkpoint(directory: directory.path).tensorNames == ["a", "b"])
    }
  }

  @Test(arguments: [
    "../s1.safetensors", "..", ".", "", "/etc/passwd", "a/b", "a\\b", "s1.safetensors\u{0}",
    String(repeating: "s", count: 256),
  ])
  func shardNamesStayInTheDirectory(name: String) throws {
    try withTemporaryDirectory { directory in
      try writeShards(directory)
      let path = directory.write(index, "{\"weight_map\":{\"a\":\(JSON.string(name).serialized())}}")
      #expect(throws: CheckpointError.unsafeShardName(file: path, tensor: "a", shard: name)) {
        try Checkpoint(directory: directory.path)
      }
    }
  }

  @Test(arguments: [
    "", "[]", "{}", "{\"weight_map\":[]}", "{\"weight_map\":{\"a\":1}}", "{\"weight_map\":{\"a\":null}}",
    "{\"weight_map\":{\"a\":\"missing.safetensors\"}}", "{\"weight_map\":{\"c\":\"s1.safetensors\"}}",
    "{\"weight_map\":{\"a\":\"s1.safetensors\",\"a\":\"s1.safetensors\"}}", "{\"weight_map\":{\(goodMap)}",
    "{\"weight_map\":\(String(repeating: "[", count: 100_000))",
    "{\"weight_map\":{\(goodMap),\"d\":\"link.safetensors\"}}",
  ])
  func badIndexes(text: String) throws {
    try withTemporaryDirectory { directory in
      try writeShards(directory)
      symlink("s1.safetensors", "\(directory.path)/link.safetensors")
      let path = directory.write(index, text)
      func json(_ error: JSONError) -> CheckpointError {
        .invalidJSON(file: path, tensor: nil, field: nil, error: error)
      }
      let expected: CheckpointError =
        switch text {
        case "": json(.unexpectedEnd(expected: .value, offset: 0))
        case "[]": .wrongIndexEntry(file: path, tensor: nil, kind: "an array")
        case "{}": .missingField(file: path, tensor: nil, field: "weight_map")
        case "{\"weight_map\":[]}": .wrongIndexEntry(file: path, tensor: nil, kind: "an array")
        case "{\"weight_map\":{\"a\":1}}": .wrongIndexEntry(file: path, tensor: "a", kind: "a number")
        case "{\"weight_map\":{\"a\":null}}": .wrongIndexEntry(file: path, tensor: "a", kind: "null")
        case "{\"weight_map\":{\"a\":\"missing.safetensors\"}}": .missingShard(file: path, shard: "missing.safetensors")
        case "{\"weight_map\":{\"c\":\"s1.safetensors\"}}":
          .tensorNotInShard(file: path, tensor: "c", shard: "s1.safetensors")
        case "{\"weight_map\":{\"a\":\"s1.safetensors\",\"a\":\"s1.safetensors\"}}":
          json(.duplicateKey("a", offset: 36))
        case "{\"weight_map\":{\(goodMap)}": json(.unexpectedEnd(expected: .commaOrBrace, offset: text.utf8.count))
        case "{\"weight_map\":\(String(repeating: "[", count: 100_000))": json(.tooDeep(limit: 128, offset: 141))
        default: .tensorNotInShard(file: path, tensor: "d", shard: "link.safetensors")
        }
      let error = #expect(throws: CheckpointError.self) { try Checkpoint(directory: directory.path) }
      #expect(error == expected)
    }
  }

  @Test func aTensorInTwoShards() throws {
    try withTemporaryDirectory { directory in
      try writeShards(directory)
      let (first, second) = ("\(directory.path)/s1.safetensors", "\(directory.path)/s2.safetensors")
      try SafetensorsWriter.write([OutgoingTensor(name: "b", shape: [1], [4] as [Float])], to: second)
      directory.write(index, "{\"weight_map\":{\"a\":\"s1.safetensors\",\"b\":\"s2.safetensors\"}}")
      #expect(throws: CheckpointError.doubledTensor(tensor: "b", file: second, other: first)) {
        try Checkpoint(directory: directory.path)
      }
    }
  }

  @Test func whatElseADirectoryMayHold() {
    withTemporaryDirectory { directory in
      #expect(throws: CheckpointError.noWeights(directory: directory.path)) {
        try Checkpoint(directory: directory.path)
      }
      directory.write("tf_model.h5", "")
      directory.write("model.onnx", "")
      #expect(
        throws: CheckpointError.unsupportedWeights(directory: directory.path, found: ["tf_model.h5", "model.onnx"])
      ) { try Checkpoint(directory: directory.path) }
      let file = directory.write("file", "")
      #expect(throws: CheckpointError.notDirectory(path: file)) { try Checkpoint(directory: file) }
      let nowhere = "\(directory.path)/nowhere"
      #expect(throws: CheckpointError.file(.notFound(path: nowhere))) { try Checkpoint(directory: nowhere) }
      // A FIFO, a directory or a dangling link by the right name is named, not passed over.
      let model = "\(directory.path)/model.safetensors"
      mkfifo(model, 0o644)
      #expect(throws: CheckpointError.file(.notRegular(path: model, kind: "a FIFO"))) {
        try Checkpoint(directory: directory.path)
      }
      unlink(model)
      symlink("gone", model)
      #expect(throws: CheckpointError.file(.notFound(path: model))) { try Checkpoint(directory: directory.path) }
    }
  }

  @Test(arguments: ["a FIFO", "a directory"])
  func indexAndShardsThatAreNoFiles(kind: String) {
    withTemporaryDirectory { directory in
      let shard = "\(directory.path)/s.safetensors"
      if kind == "a FIFO" { mkfifo(shard, 0o644) } else { mkdir(shard, 0o755) }
      directory.write(index, "{\"weight_map\":{\"a\":\"s.safetensors\"}}")
      let found = #expect(throws: CheckpointError.self) { try Checkpoint(directory: directory.path) }
      #expect(found == .file(.notRegular(path: shard, kind: kind)))
      rmdir(shard)
      unlink("\(directory.path)/\(index)")
      mkfifo("\(directory.path)/\(index)", 0o644)
      #expect(
        throws: CheckpointError.file(.notRegular(path: "\(directory.path)/\(index)", kind: "a FIFO"))
      ) { try Checkpoint(directory: directory.path) }
    }
  }
}
