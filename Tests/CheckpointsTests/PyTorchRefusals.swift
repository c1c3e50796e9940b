// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Glibc
import StrictJSON
import Testing

/// Files made by scripts/make-bad-bins.py.
enum Bins {
  /// Found by the source file's place: a resource bundle would need Foundation.
  static let directory: String = {
    let file = #filePath
    return String(file[..<(file.lastIndex(of: "/") ?? file.endIndex)]) + "/Fixtures/bins/"
  }()

  /// The names of the files in a folder that end so, without the ending.
  static func names(in folder: String, ending: String = ".bin") -> [String] {
    guard let stream = opendir(directory + folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasSuffix(ending) { names.append(String(name.dropLast(ending.count))) }
    }
    return names.sorted()
  }

  static func bytes(_ name: String) throws -> [UInt8] { try BoundedFile.read(path: directory + name, limit: 1 << 20) }
}

/// Every bad file gives its exact error: when it is opened, or, for a damaged storage, when that is read.
@Suite struct PyTorchRefusals {
  static func expected(_ name: String, _ path: String) -> CheckpointError? {
    if let (offset, error) = pickles[name] { return .pickle(file: path, offset: offset, error: error) }
    if let error = archives[name] { return .archive(file: path, error: error) }
    if let error = dictionaries[name] { return .pytorch(file: path, error: error) }
    return others(path)[name]
  }

  @Test(arguments: Bins.names(in: "bad")) func file(name: String) throws {
    let path = "\(Bins.directory)bad/\(name).bin"
    // A file without a row fails here.
    let expected = try #require(Self.expected(name, path))
    let error = #expect(throws: CheckpointError.self) { try readEverything(try PyTorchFile(path: path)) }
    #expect(error == expected)
  }

  @Test func everyRowHasItsFile() {
    let rows = [Self.pickles.map(\.key), Self.archives.map(\.key), Self.dictionaries.map(\.key)]
    #expect((rows.joined() + Array(Self.others("").keys)).sorted() == Bins.names(in: "bad"))
  }

  /// A directory, a FIFO, nothing: what the file system says, not what a parser would.
  @Test func whatIsNoFile() {
    withTemporaryDirectory { directory in
      let path = "\(directory.path)/pytorch_model.bin"
      #expect(throws: CheckpointError.file(.notFound(path: path))) { try PyTorchFile(path: path) }
      mkfifo(path, 0o644)
      #expect(throws: CheckpointError.file(.notRegular(path: path, kind: "a FIFO"))) { try PyTorchFile(path: path) }
      unlink(path)
      mkdir(path, 0o755)
      #expect(throws: CheckpointError.file(.notRegular(path: path, kind: "a directory"))) {
        try PyTorchFile(path: path)
      }
      rmdir(path)
    }
  }

  /// A bad checksum spoils its own storage only, and is found however the tensor is read.
  @Test func checksumsBelongToStorages() throws {
    try withTemporaryDirectory { directory in
      let good = try Bins.bytes("good/zip-cuda.bin")
      let file = try PyTorchFile(path: directory.write("a.bin", good))
      let values = try file.readFloat32("w")
      let raw = values.withUnsafeBytes { Array($0) }
      let place = try #require((0..<good.count - 12).first { Array(good[$0..<$0 + 12]) == raw })
      var bad = good
      bad[place] ^= 1
      for pieces in [1, 2, 3] {
        let damaged = try PyTorchFile(path: directory.write("b.bin", bad))
        var buffer = [Float](repeating: 0, count: pieces)
        let error = #expect(throws: CheckpointError.self) {
          try buffer.withUnsafeMutableBufferPointer { buffer throws(CheckpointError) in
            try damaged.readFloat32("w", from: 0, into: buffer)
          }
        }
        guard case .archive(file: "\(directory.path)/b.bin", error: .badChecksum) = error else {
          Issue.record("\(String(describing: error))")
          return
        }
        #expect(try damaged.readFloat32("v") == [1, 1])
      }
    }
  }

  /// The file is cut after it was opened: an error, no signal.
  @Test(arguments: ["zip-views", "legacy-views"]) func filesThatShrink(name: String) throws {
    try withTemporaryDirectory { directory in
      let path = directory.write("a.bin", try Bins.bytes("good/\(name).bin"))
      let file = try PyTorchFile(path: path)
      truncate(path, 1000)
      for name in file.tensorNames {
        guard let info = file.tensor(named: name), info.elementCount > 0, info.dataType == .float32 else { continue }
        let error = #expect(throws: CheckpointError.self) { try file.readFloat32(name) }
        guard case .file(.shrank) = error else {
          Issue.record("\(String(describing: error))")
          return
        }
      }
    }
  }

  @Test func limitsOnNumbers() throws {
    try withTemporaryDirectory { directory in
      let pickle = PickleAssembler.shared((0..<100_000).lazy.map { "\($0)" })
      // So many tensors need a file that is large enough for their memory.
      let large = [("0", 24), ("1", 64 << 20)]
      let path = directory.write("a.bin", PickleAssembler.archive(pickle, records: large))
      let error = #expect(throws: CheckpointError.self) { try PyTorchFile(path: path) }
      #expect(error == .tooManyTensors(file: path, limit: 100_000))
      // One fewer is fine.
      let most = PickleAssembler.shared((0..<99_999).lazy.map { "\($0)" })
      let file = try PyTorchFile(path: directory.write("a.bin", PickleAssembler.archive(most, records: large)))
      #expect(file.tensorNames.count == 100_000)
      let records = (0..<100_100).map { ("\($0)", 0) }
      directory.write("a.bin", PickleAssembler.archive([0x80, 2, 0x7D, 0x2E], records: records))
      let tooMany = #expect(throws: CheckpointError.self) { try PyTorchFile(path: path) }
      #expect(tooMany == .archive(file: path, error: .tooManyEntries(limit: 100_100)))
    }
  }
}
