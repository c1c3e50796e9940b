// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Glibc
import StrictJSON
import Testing

/// A checkpoint whose tensors and config all say the same number.
private func save(_ value: Int, to path: String, shards: Bool = true, calls: FileCalls = .system) throws {
  let tensors = ["a", "b"].map {
    OutgoingTensor(name: $0, shape: [4], [Float](repeating: Float(value), count: 4))
  }
  try CheckpointWriter.write(
    tensors,
    files: [
      OutgoingFile(name: "config.json", json: .object(["value": .number(JSONNumber(value))])),
      OutgoingFile(name: "1_Pooling/config.json", bytes: Array("{\"value\": \(value)}".utf8)),
    ], maxShardBytes: shards ? 16 : 1 << 20, to: path, calls: calls)
}

/// The number that a whole checkpoint says everywhere; nil if anything is missing or mixed.
private func value(_ path: String) throws -> Int? {
  let checkpoint = try Checkpoint(directory: path)
  var values: Set<Int> = []
  for name in ["a", "b"] { values.formUnion(try checkpoint.readFloat32(name).map { Int($0) }) }
  for name in ["config.json", "1_Pooling/config.json"] {
    let json = try JSON.parse(try BoundedFile.read(path: "\(path)/\(name)", limit: 1000))
    values.insert(json.objectValue?["value"]?.numberValue?.int ?? -1)
  }
  return values.count == 1 ? values.first : nil
}

private let shards = [
  "1_Pooling", "config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
  "model.safetensors.index.json",
]

@Suite struct DirectorySavingTests {
  @Test func aNewDirectoryWithItsParents() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory.path)/runs/1/model/"
      try CheckpointWriter.check(directory: path)
      #expect(directoryNames("\(directory.path)/runs/1") == [])
      try save(1, to: path)
      #expect(try value(path) == 1)
      #expect(directoryNames(path) == shards)
      #expect(directoryNames("\(directory.path)/runs/1") == ["model"])
      try save(2, to: path, shards: false)
      #expect(try value(path) == 2)
      #expect(directoryNames(path) == ["1_Pooling", "config.json", "model.safetensors"])
      #expect(directoryNames("\(directory.path)/runs/1") == ["model"])
    }
  }

  /// Old weights of any format go; what is no part of a checkpoint stays, the same file.
  @Test(arguments: [true, false]) func foreignFilesStay(hasLinks: Bool) throws {
    try withTemporaryDirectory { directory in
      var calls = FileCalls.system
      if !hasLinks {
        calls.link = { _, _ in
          errno = EPERM
          return -1
        }
      }
      let path = "\(directory.path)/out"
      try save(1, to: path)
      directory.write("out/pytorch_model-00001-of-00001.bin", "old")
      directory.write("out/vocab.txt", "old")
      mkdir("\(path)/checkpoint-500", 0o750)
      directory.write("out/checkpoint-500/model.safetensors", "inner")
      symlink("nowhere", "\(path)/link")
      let metrics = directory.write("out/metrics.jsonl", "1\n")
      let descriptor = open(metrics, O_WRONLY | O_APPEND)
      defer { close(descriptor) }
      chmod(path, 0o750)
      try save(2, to: path, shards: false, calls: calls)
      #expect(write(descriptor, "2\n", 2) == 2)
      #expect(directory.contents("out/metrics.jsonl") == Array("1\n2\n".utf8))
      #expect(directory.contents("out/checkpoint-500/model.safetensors") == Array("inner".utf8))
      #expect(
        directoryNames(path) == [
          "1_Pooling", "checkpoint-500", "config.json", "link", "metrics.jsonl", "model.safetensors",
        ])
      #expect(try value(path) == 2)
      var status = stat()
      #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o750)
      #expect(stat("\(path)/checkpoint-500", &status) == 0 && status.st_mode & 0o777 == 0o750)
      #expect(directory.names == ["out"])
    }
  }

  /// The n-th call fails with a full disk, for every n: a typed error, the old or the new checkpoint whole, foreign files
  /// there.
  @Test func everyCallMayFail() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory.path)/out"
      var (number, errors) = (0, 0)
      while true {
        try save(1, to: path)
        directory.write("out/metrics.jsonl", "1")
        let faults = Faults(first: number + 1, forever: false)
        do {
          try save(2, to: path, calls: faults.table)
          #expect(try value(path) == 2)
          if faults.calls < faults.first { break }
        } catch CheckpointError.file(.system(let call, let file, let code)) {
          errors += 1
          #expect(file.hasPrefix(path) && code.rawValue == ENOSPC)
          let found = try value(path)
          #expect(found == 1 || found == 2)
          #expect((found == 2) == ["opening its parent directory", "fsync of its parent directory"].contains(call))
        }
        #expect(directory.contents("out/metrics.jsonl") == Array("1".utf8))
        number += 1
      }
      #expect(errors > 60)
      try save(3, to: path)
      #expect(directory.names == ["out"])
      #expect(directoryNames(path) == (shards + ["metrics.jsonl"]).sorted())
    }
  }

  /// The process is gone after the n-th call: what kill -9 leaves. The next save clears it away.
  @Test(arguments: [true, false]) func theWorldMayStopAfterAnyCall(canExchange: Bool) throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory.path)/out"
      var number = 0
      var seen: [Int?: Int] = [:]
      while true {
        try save(1, to: path)
        #expect(directory.names == ["out"])
        directory.write("out/metrics.jsonl", "1")
        let faults = Faults(first: number + 1, forever: true)
        var calls = faults.table
        if !canExchange { calls.exchange = unsupported }
        try? save(2, to: path, calls: calls)
        // Without an exchange there is one call after which the old checkpoint is under a hidden name.
        let found = canExchange || BoundedFile.exists(path: path) ? try value(path) : nil
        if found == nil { #expect(directory.names.contains { $0.hasSuffix(".old") }) }
        seen[found, default: 0] += 1
        // A child that another test is starting has the lock until it becomes its own program.
        for _ in 0..<100 where directory.names != ["out"] {
          try? CheckpointWriter.check(directory: path)
          usleep(10_000)
        }
        try? CheckpointWriter.check(directory: path)
        #expect([1, 2].contains(try value(path)))
        #expect(directory.contents("out/metrics.jsonl") == Array("1".utf8))
        #expect(directory.names == ["out"])
        if faults.calls < faults.first { break }
        number += 1
      }
      #expect(seen[1, default: 0] > 40 && seen[2, default: 0] > 5)
      #expect(seen[nil, default: 0] == (canExchange ? 0 : 1))
    }
  }

  /// A writer that is at work is not taken for a dead one; the last to commit wins.
  @Test func aWriterInsideAnother() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory.path)/out"
      let tensor = OutgoingTensor(name: "a", shape: [2]) { start, buffer in
        try save(1, to: path)
        #expect(try value(path) == 1)
        for index in buffer.indices { buffer[index] = Float(start + index) }
      }
      try CheckpointWriter.write([tensor], to: path)
      #expect(try Checkpoint(directory: path).readFloat32("a") == [0, 1])
      #expect(directoryNames(path) == ["1_Pooling", "model.safetensors"])
      #expect(directory.names == ["out"])
    }
  }

  @Test func manyWritersAtOnce() async throws {
    let directory = TemporaryDirectory()
    let path = "\(directory.path)/out"
    try save(0, to: path)
    directory.write("out/metrics.jsonl", "1")
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 1...4 {
        group.addTask { for _ in 0..<10 { try save(writer, to: path, shards: writer % 2 == 0) } }
      }
      try await group.waitForAll()
    }
    #expect(try value(path) != nil)
    #expect(directory.contents("out/metrics.jsonl") == Array("1".utf8))
    #expect(directory.names == ["out"])
  }

  @Test func linksStayLinks() throws {
    try withTemporaryDirectory { directory in
      let (path, link) = ("\(directory.path)/out", "\(directory.path)/link")
      try save(1, to: path)
      symlink("out", link)
      try save(2, to: link)
      #expect(try value(path) == 2)
      var status = stat()
      #expect(lstat(link, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
      #expect(directory.names == ["link", "out"])
    }
  }

  @Test func targetsThatCannotBeReplaced() {
    withTemporaryDirectory { directory in
      func error(_ path: String) -> CheckpointError? {
        #expect(throws: CheckpointError.self) { try CheckpointWriter.check(directory: path) }
      }
      #expect(error("/") == .notReplaceable(directory: "/", reason: .root))
      #expect(error("/proc") == .notReplaceable(directory: "/proc", reason: .mountPoint))
      #expect(error(".") == .notReplaceable(directory: ".", reason: .workingDirectory))
      let file = directory.write("file", "x")
      #expect(error(file) == .notDirectory(path: file))
      #expect(
        error("\(file)/out")
          == .file(.system(call: "stat", path: "\(file)/out", code: SystemErrorCode(rawValue: ENOTDIR))))
      #expect(error("") == .file(.invalidPath("")))
      #expect(error("a\u{0}") == .file(.invalidPath("a\u{0}")))
      symlink("gone", "\(directory.path)/link")
      #expect(error("\(directory.path)/link") == .notDirectory(path: "\(directory.path)/link"))
      // Below /proc nobody may create anything, root included.
      #expect(
        error("/proc/out")
          == .file(
            .system(call: "creating a directory beside it", path: "/proc/out", code: SystemErrorCode(rawValue: ENOENT)))
      )
      #expect(directory.names == ["file", "link"])
    }
  }

  @Test func whatNoReaderWouldAcceptIsNotWritten() {
    withTemporaryDirectory { directory in
      let path = "\(directory.path)/out"
      let one = OutgoingTensor(name: "a", shape: [1], [1] as [Float])
      for name in [
        "", "..", "../a", "/a", "a//b", "a/", "model.safetensors", "pytorch_model.bin.index.json", ".bert-save-new",
      ] {
        #expect(throws: CheckpointError.unsafeFileName(directory: path, name: name)) {
          try CheckpointWriter.write([one], files: [OutgoingFile(name: name, bytes: [])], to: path)
        }
      }
      let file = OutgoingFile(name: "a", bytes: [])
      #expect(throws: CheckpointError.doubledFile(directory: path, name: "a")) {
        try CheckpointWriter.write([one], files: [file, file], to: path)
      }
      #expect(throws: CheckpointError.duplicateTensor(file: path, tensor: "a")) {
        try CheckpointWriter.write([one, one], maxShardBytes: 4, to: path)
      }
      #expect(throws: CheckpointError.invalidName(file: "\(path)/model.safetensors", tensor: "a\n")) {
        try CheckpointWriter.write([OutgoingTensor(name: "a\n", shape: [1], [1] as [Float])], to: path)
      }
      let missing = OutgoingFile(name: "vocab.txt", copyOf: "\(directory.path)/gone")
      #expect(throws: CheckpointError.file(.notFound(path: "\(directory.path)/gone"))) {
        try CheckpointWriter.write([one], files: [missing], to: path)
      }
      #expect(directory.names == [])
    }
  }

  @Test func copiesAndShards() throws {
    try withTemporaryDirectory { directory in
      directory.write("vocab.txt", "[PAD]\n")
      let source = try PyTorchFile(path: "\(Bins.directory)good/zip-views.bin")
      let names = ["transposed", "block", "decoder.weight", "empty_view", "column"]
      let tensors = try names.map { try OutgoingTensor(copying: $0, of: source, as: "m.\($0)") }
      let dense = [OutgoingTensor(name: "linear.weight", shape: [1, 1], [2] as [Float])]
      let path = "\(directory.path)/out"
      try CheckpointWriter.write(
        tensors,
        files: OutgoingFile.copies(of: OutgoingFile.tokenizerNames, in: directory.path)
          + [OutgoingFile(name: "2_Dense/model.safetensors", tensors: dense)],
        maxShardBytes: 60, to: path)
      let checkpoint = try Checkpoint(directory: path)
      // 140, 18 + 48 (over the limit), 0 and 12 bytes.
      #expect(checkpoint.files.count == 3)
      #expect(checkpoint.file(of: "m.block")?.hasSuffix("model-00002-of-00003.safetensors") == true)
      for name in names {
        #expect(try checkpoint.readFloat32("m.\(name)") == source.readFloat32(name))
      }
      let index = try JSON.parse(try BoundedFile.read(path: "\(path)/model.safetensors.index.json", limit: 10_000))
      #expect(index.objectValue?["metadata"]?.objectValue?["total_size"]?.numberValue?.int == 218)
      #expect(directory.contents("out/vocab.txt") == Array("[PAD]\n".utf8))
      #expect(try Checkpoint(directory: "\(path)/2_Dense").readFloat32("linear.weight") == [2])
    }
  }
}

private let unsupported: @Sendable (String, String) -> Int32 = { _, _ in
  errno = EINVAL
  return -1
}
