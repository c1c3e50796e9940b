// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Glibc
import StrictJSON
import Synchronization
import Testing

/// Counts system calls and makes them fail: the `first`-th and, if it never recovers, all after it.
final class Faults: Sendable {
  private let count = Mutex(0)
  let first: Int
  let forever: Bool
  let code: Int32

  init(first: Int, forever: Bool, code: Int32 = ENOSPC) {
    (self.first, self.forever, self.code) = (first, forever, code)
  }

  var calls: Int { count.withLock { $0 } }

  private func fails() -> Bool {
    let number = count.withLock { count in
      count += 1
      return count
    }
    errno = code
    return number == first || (forever && number > first)
  }

  /// The system's calls with the faults put in. `write` moves at most five bytes at a time, so a fault falls into the
  /// middle of everything.
  var table: FileCalls {
    let system = FileCalls.system
    return FileCalls(
      create: { self.fails() ? -1 : system.create($0) },
      write: { self.fails() ? -1 : system.write($0, $1, min($2, 5)) },
      synchronize: { self.fails() ? -1 : system.synchronize($0) },
      // A descriptor is gone even when close reports an error.
      close: {
        let failed = self.fails()
        let result = system.close($0)
        errno = self.code
        return failed ? -1 : result
      },
      rename: { self.fails() ? -1 : system.rename($0, $1) },
      unlink: { self.fails() ? -1 : system.unlink($0) },
      openDirectory: { self.fails() ? -1 : system.openDirectory($0) },
      makeDirectory: { self.fails() ? -1 : system.makeDirectory($0) },
      removeDirectory: { self.fails() ? -1 : system.removeDirectory($0) },
      link: { self.fails() ? -1 : system.link($0, $1) },
      renameNew: { self.fails() ? -1 : system.renameNew($0, $1) },
      exchange: { self.fails() ? -1 : system.exchange($0, $1) },
      lock: { self.fails() ? -1 : system.lock($0) })
  }
}

@Suite struct SavingTests {
  private static var old: [OutgoingTensor] { [OutgoingTensor(name: "w", shape: [4], [1, 1, 1, 1] as [Float])] }
  private static var new: [OutgoingTensor] { [OutgoingTensor(name: "w", shape: [4], [2, 2, 2, 2] as [Float])] }

  private static func value(_ path: String) throws -> Float {
    let values = try SafetensorsFile(path: path).readFloat32("w")
    return Set(values).count == 1 ? values[0] : .nan
  }

  /// The n-th call fails with a full disk, for every n until a run meets no fault: a typed error, the old file or (once
  /// the rename is through) the new one whole, and nothing left beside it.
  @Test func everyCallMayFail() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory.path)/model.safetensors"
      var failures = 0
      while true {
        try SafetensorsWriter.write(Self.old, to: path)
        let faults = Faults(first: failures + 1, forever: false)
        do {
          try SafetensorsWriter.write(Self.new, metadata: [:], to: path, named: path, calls: faults.table)
          guard faults.calls >= faults.first else { break }
          // Only the last close, of the directory, has nothing to report.
          #expect(faults.calls == faults.first)
        } catch CheckpointError.file(.system(let call, let file, let code)) {
          #expect(file == path)
          #expect(code.rawValue == ENOSPC)
          let isNew = try Self.value(path) == 2
          #expect(isNew == ["opening its directory", "fsync of its directory"].contains(call))
        }
        #expect(directory.names == ["model.safetensors"])
        failures += 1
      }
      #expect(failures > 20)
      #expect(try Self.value(path) == 2)
    }
  }

  /// The process is gone after the n-th call: nothing later happens, no cleaning up either. What kill -9 leaves.
  @Test func theWorldMayStopAfterAnyCall() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory.path)/model.safetensors"
      var number = 0
      var seen: Set<Float> = []
      while true {
        try SafetensorsWriter.write(Self.old, to: path)
        let faults = Faults(first: number + 1, forever: true)
        try? SafetensorsWriter.write(Self.new, metadata: [:], to: path, named: path, calls: faults.table)
        seen.insert(try Self.value(path))
        let others = directory.names.filter { $0 != "model.safetensors" }
        #expect(others.count <= 1)
        for name in others {
          #expect(name.hasPrefix(".bert-save-") && name.hasSuffix(".tmp"))
          unlink("\(directory.path)/\(name)")
        }
        if faults.calls < faults.first { break }
        number += 1
      }
      #expect(seen == [1, 2])
    }
  }

  @Test func interruptedCallsAreRepeated() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory.path)/a"
      let faults = Faults(first: 3, forever: false, code: EINTR)
      var file = try AtomicFile(path: path, calls: faults.table)
      try file.append(Array("twelve bytes".utf8))
      try file.commit()
      #expect(try BoundedFile.read(path: path, limit: 100) == Array("twelve bytes".utf8))
    }
  }

  @Test func whatIsNotCommittedIsNotThere() throws {
    try withTemporaryDirectory { directory in
      do {
        var file = try AtomicFile(path: "\(directory.path)/a")
        try file.append([1, 2, 3])
        #expect(directory.names.count == 1)
      }
      #expect(directory.names.isEmpty)
    }
  }

  @Test func targetsThatCannotBeWritten() {
    withTemporaryDirectory { directory in
      let file = directory.write("file", "x")
      mkfifo("\(directory.path)/fifo", 0o644)
      // Below /proc nobody may create a file, root included.
      for (path, code) in [("/proc/a", ENOENT), ("\(file)/a", ENOTDIR), ("\(directory.path)/none/a", ENOENT)] {
        let error = FileError.system(
          call: "creating a file in its directory", path: path, code: SystemErrorCode(rawValue: code))
        #expect(throws: error) { try AtomicFile.write([1], to: path) }
        #expect(throws: CheckpointError.file(error)) { try SafetensorsWriter.write(Self.new, to: path) }
      }
      let fifo = "\(directory.path)/fifo"
      #expect(throws: FileError.notRegular(path: fifo, kind: "a device or a FIFO")) {
        try AtomicFile.write([1], to: fifo)
      }
      #expect(throws: FileError.notRegular(path: "/dev/full", kind: "a device or a FIFO")) {
        try AtomicFile.write([1], to: "/dev/full")
      }
      #expect(throws: FileError.notRegular(path: directory.path, kind: "a directory")) {
        try AtomicFile.write([1], to: directory.path)
      }
      #expect(throws: FileError.invalidPath("")) { try AtomicFile.write([1], to: "") }
      #expect(directory.names == ["fifo", "file"])
    }
  }

  /// A descriptor onto a disk that is always full, behind the real calls: the kernel's own ENOSPC.
  @Test func aFullDisk() {
    withTemporaryDirectory { directory in
      let path = directory.write("model.safetensors", "old")
      var calls = FileCalls.system
      calls.create = { name in
        close(FileCalls.system.create(name))
        return open("/dev/full", O_WRONLY)
      }
      let full = calls
      let error = FileError.system(call: "write", path: path, code: SystemErrorCode(rawValue: ENOSPC))
      #expect(throws: CheckpointError.file(error)) {
        try SafetensorsWriter.write(Self.new, metadata: [:], to: path, named: path, calls: full)
      }
      #expect(error.description == "\(path): write failed: No space left on device (errno 28)")
      #expect(directory.contents("model.safetensors") == Array("old".utf8))
      #expect(directory.names == ["model.safetensors"])
    }
  }

  @Test func linksStayLinksAndPermissionsStay() throws {
    try withTemporaryDirectory { directory in
      let file = directory.write("file", "old")
      chmod(file, 0o600)
      let link = "\(directory.path)/link"
      symlink("file", link)
      try AtomicFile.write(Array("new".utf8), to: link)
      #expect(try BoundedFile.read(path: file, limit: 10) == Array("new".utf8))
      var status = stat()
      #expect(lstat(link, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
      #expect(stat(file, &status) == 0 && status.st_mode & 0o777 == 0o600)
      #expect(directory.names == ["file", "link"])
    }
  }

  /// Two writers of one file, and readers meanwhile: every file ever seen is whole and of one writer.
  @Test func manyWritersAtOnce() async throws {
    let directory = TemporaryDirectory()
    let path = "\(directory.path)/model.safetensors"
    let count = 50_000
    try SafetensorsWriter.write(
      [OutgoingTensor(name: "w", shape: [count], [Float](repeating: 0, count: count))], to: path)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 1...4 {
        group.addTask {
          for _ in 0..<5 {
            let values = [Float](repeating: Float(writer), count: count)
            try SafetensorsWriter.write([OutgoingTensor(name: "w", shape: [count], values)], to: path)
          }
        }
      }
      for _ in 0..<2 {
        group.addTask {
          for _ in 0..<20 {
            let value = try Self.value(path)
            #expect(!value.isNaN)
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(directory.names == ["model.safetensors"])
  }
}
