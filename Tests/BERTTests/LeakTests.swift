// SPDX-License-Identifier: Apache-2.0
import BERT
import Glibc
import OpenCLRuntime
import Testing

/// Handles, file descriptors, threads and resident memory stay flat.
@Suite struct LeakTests {
  @Test(.timeLimit(.minutes(20)), arguments: ["cpu", "opencl"]) func overThousandsOfRuns(device: String) async {
    await #expect(processExitsWith: .success) { [device] in
      let folder = try RandomModel(hidden: 384, heads: 12, intermediate: 64, layers: 1).folder()
      let engine = try Engine.open(DeviceChoice(device))
      let encoder = try await SentenceEncoder.fromPretrained(folder.path, on: engine)
      let shapes = (0..<10).map { RandomModel.texts(1 + $0 % 3, longest: 12 * (1 + $0 % 5), seed: UInt64($0)) }
      for run in 0..<500 { _ = try await encoder.encode(shapes[run % shapes.count]) }
      CallMonitor.start()
      let before = ProcessState()
      // One vector leaked per run is 18 MB.
      for run in 0..<6000 { _ = try await encoder.encode(shapes[run % shapes.count]) }
      let handles = try await settledHandles()
      let after = ProcessState()
      #expect(handles.isEmpty, "\(handles)")
      #expect(after.isFlat(since: before), "\(before) then \(after)")
    }
  }

  @Test(.timeLimit(.minutes(20)), arguments: ["cpu", "opencl"]) func overLoadsAndUnloads(device: String) async {
    await #expect(processExitsWith: .success) { [device] in
      // About 1 MB of weights: fifty loads that leak them are 50 MB.
      let folder = try RandomModel(hidden: 120, heads: 10, intermediate: 360, layers: 2).folder()
      let engine = try Engine.open(DeviceChoice(device))
      let texts = RandomModel.texts(3, longest: 60)
      func load() async throws -> [[UInt32]] {
        bits(try await SentenceEncoder.fromPretrained(folder.path, on: engine).encode(texts))
      }
      CallMonitor.start()
      let wanted = try await load()
      for _ in 0..<15 { _ = try await load() }
      _ = try await settledHandles()  // the last of these lets go of its own a moment later
      CallMonitor.start()
      let before = ProcessState()
      for _ in 0..<50 {
        let found = try await load()
        #expect(found == wanted)
      }
      let handles = try await settledHandles()
      let after = ProcessState()
      #expect(handles.isEmpty, "\(handles)")
      #expect(CallMonitor.counts.bufferCreations >= (device == "cpu" ? 0 : 50 * 20))
      #expect(after.isFlat(since: before), "\(before) then \(after)")
    }
  }

  @Test(.timeLimit(.minutes(20))) func overEnginesOpenedAndClosed() async {
    await #expect(processExitsWith: .success) {
      let folder = try RandomModel(layers: 1).folder()
      func run() async throws {
        let engine = try Engine.open(.opencl(selector: "opencl"))
        _ = try await SentenceEncoder.fromPretrained(folder.path, on: engine).encode(["a b"])
      }
      CallMonitor.start()
      for _ in 0..<3 { try await run() }
      _ = try await settledHandles()
      CallMonitor.start()
      let before = ProcessState()
      for _ in 0..<10 { try await run() }
      let handles = try await settledHandles()
      let after = ProcessState()
      #expect(handles.isEmpty && CallMonitor.counts.created[.context] == 10, "\(handles)")
      // PoCL keeps a few hundred KiB of each program that it built; nothing here can give that back.
      #expect(after.isFlat(since: before, residentBytes: 64 << 20), "\(before) then \(after)")
    }
  }
}
