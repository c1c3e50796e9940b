// SPDX-License-Identifier: Apache-2.0
import BERT
import Glibc
import OpenCLRuntime
import Testing

/// Handles, file descriptors, threads and resident memory stay flat.
@Suite struct LeakTests {
  /// Allocators keep some pages, and a thread pool may add a worker under load. One vector leaked per run is 9 MB over
  /// 3000 runs, one tenth of the weights per load 5 MB over 50 loads.
  private static let slack = 4 << 20

  @Test(.timeLimit(.minutes(5)), arguments: ["cpu", "opencl"]) func overThousandsOfRuns(device: String) async {
    await #expect(processExitsWith: .success) { [device] in
      let folder = try RandomModel(hidden: 384, heads: 12, intermediate: 64, layers: 1).folder()
      let engine = try Engine.open(DeviceChoice(device))
      let encoder = try await SentenceEncoder.fromPretrained(folder.path, on: engine)
      let shapes = (0..<10).map { RandomModel.texts(1 + $0 % 3, longest: 12 * (1 + $0 % 5), seed: UInt64($0)) }
      for run in 0..<500 { _ = try await encoder.encode(shapes[run % shapes.count]) }
      CallMonitor.start()
      let before = try await ProcessState.now()
      for run in 0..<3000 { _ = try await encoder.encode(shapes[run % shapes.count]) }
      let handles = try await settledHandles()
      let after = try await ProcessState.now()
      #expect(handles.isEmpty, "\(handles)")
      #expect(after.files == before.files, "\(before) then \(after)")
      #expect(after.threads <= before.threads + 8, "\(before) then \(after)")
      #expect(after.residentBytes <= before.residentBytes + Self.slack, "\(before) then \(after)")
    }
  }

  @Test(.timeLimit(.minutes(5)), arguments: ["cpu", "opencl"]) func overLoadsAndUnloads(device: String) async {
    await #expect(processExitsWith: .success) { [device] in
      // About 1 MB of weights: fifty loads that leak them are 50 MB.
      let folder = try RandomModel(hidden: 120, heads: 10, intermediate: 360, layers: 2).folder()
      let engine = try Engine.open(DeviceChoice(device))
      let texts = RandomModel.texts(3, longest: 60)
      func load() async throws -> [[UInt32]] {
        bits(try await SentenceEncoder.fromPretrained(folder.path, on: engine).encode(texts))
      }
      let wanted = try await load()
      for _ in 0..<15 { _ = try await load() }
      CallMonitor.start()
      let before = try await ProcessState.now()
      for _ in 0..<50 {
        let found = try await load()
        #expect(found == wanted)
      }
      let handles = try await settledHandles()
      let after = try await ProcessState.now()
      #expect(handles.isEmpty, "\(handles)")
      #expect(CallMonitor.counts.bufferCreations >= (device == "cpu" ? 0 : 50 * 20))
      #expect(after.files == before.files, "\(before) then \(after)")
      #expect(after.threads <= before.threads + 8, "\(before) then \(after)")
      #expect(after.residentBytes <= before.residentBytes + Self.slack, "\(before) then \(after)")
    }
  }

  @Test(.timeLimit(.minutes(5))) func overEnginesOpenedAndClosed() async {
    await #expect(processExitsWith: .success) {
      let folder = try RandomModel(layers: 1).folder()
      func run() async throws {
        let engine = try Engine.open(.opencl(selector: "opencl"))
        _ = try await SentenceEncoder.fromPretrained(folder.path, on: engine).encode(["a b"])
      }
      for _ in 0..<3 { try await run() }
      CallMonitor.start()
      let before = try await ProcessState.now()
      for _ in 0..<10 { try await run() }
      let handles = try await settledHandles()
      let after = try await ProcessState.now()
      #expect(handles.isEmpty && CallMonitor.counts.created[.context] == 10, "\(handles)")
      #expect(after.files == before.files && after.threads <= before.threads + 8, "\(before) then \(after)")
    }
  }
}
