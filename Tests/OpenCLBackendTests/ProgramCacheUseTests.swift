// SPDX-License-Identifier: Apache-2.0
import Glibc
import OpenCLBackend
import OpenCLRuntime
import TestSupport
import Testing

/// A program cache that is damaged between two runs costs a build, and changes nothing.
@Suite struct ProgramCacheUseTests {
  private let folder: String

  init() throws {
    var template = Array("/tmp/swift-bert-programs.XXXXXX".utf8CString)
    let made = mkdtemp(&template).map { String(cString: $0) }
    folder = try #require(made)
  }

  private var entries: [String] {
    guard let listing = opendir(folder) else { return [] }
    defer { closedir(listing) }
    var names: [String] = []
    while let entry = readdir(listing) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if !name.hasPrefix(".") { names.append(folder + "/" + name) }
    }
    return names.sorted()
  }

  private func read(_ path: String) throws -> [UInt8] {
    let file = try #require(fopen(path, "r"))
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 24)
    return Array(bytes[..<fread(&bytes, 1, bytes.count, file)])
  }

  private func write(_ path: String, _ bytes: [UInt8]) throws {
    let file = try #require(fopen(path, "w"))
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
  }

  @Test func damagedEntriesAreRebuilt() async throws {
    defer {
      for entry in entries { unlink(entry) }
      rmdir(folder)
    }
    let device = try Device.select("auto")
    let row = try #require(OperationCase.all.first { $0.operation.name == "add_layer_norm" && $0.what == "13 x 37" })
    func run() async throws -> [UInt32] {
      let executor = try OpenCLExecutor(device, cache: ProgramCache(folder: folder))
      return try await row.run(on: executor).floats.map(\.bitPattern)
    }
    let wanted = try await run()
    #expect(!entries.isEmpty, "the first run stores its programs")
    #expect(try await run() == wanted, "from the cache")
    let good = try entries.map { ($0, try read($0)) }
    var generator = SeededGenerator(seed: 9)
    for damage in 0..<8 {
      for (path, bytes) in good {
        let bad: [UInt8] =
          switch damage {
          case 0: []
          case 1: Array(bytes.prefix(bytes.count / 2))
          case 2: [UInt8](repeating: 0, count: bytes.count)
          case 3: bytes + [0]
          case 4: bytes.dropLast(1) + [bytes[bytes.count - 1] ^ 1]
          default: mutate(bytes, maximumCount: 1 << 24, using: &generator)
          }
        try write(path, bad)
      }
      #expect(try await run() == wanted, "damage \(damage)")
    }
    // Each was replaced by a good one.
    #expect(entries == good.map(\.0))
  }

  @Test func aFolderThatCannotBeWrittenIsNotNeeded() async throws {
    rmdir(folder)
    try write(folder, [1])  // a file where the folder should be
    defer { unlink(folder) }
    let row = try #require(OperationCase.all.first { $0.operation.name == "l2_normalize" })
    let executor = try OpenCLExecutor(Device.select("auto"), cache: ProgramCache(folder: folder))
    let found = try await row.run(on: executor)
    let wanted = try await row.run(on: KernelForm.native.executor())
    #expect(found == wanted)
  }
}
