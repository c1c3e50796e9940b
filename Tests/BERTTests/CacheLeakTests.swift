// SPDX-License-Identifier: Apache-2.0
import BERT
import ComputeGraph
import Glibc
import OpenCLRuntime
import Testing

/// `LeakTests` for caches, generation, forms of a graph and edits.
@Suite struct CacheLeakTests {
  /// Caches of 64 KiB.
  private static let model = RandomModel(hidden: 64, heads: 4, intermediate: 70, layers: 1, positions: 256)

  private static func engine(_ device: String) throws -> Engine { try Engine.open(DeviceChoice(device)) }

  /// Runs `body` `warmUp` times and then `count` times, between which nothing may grow.
  private static func demandFlat(
    warmUp: Int, count: Int, _ body: (_ round: Int) async throws -> Void
  ) async throws {
    CallMonitor.start()
    for round in 0..<warmUp { try await body(round) }
    try await quiet()
    CallMonitor.start()
    let before = ProcessState()
    for round in 0..<count { try await body(round) }
    let handles = try await settledHandles()
    let after = ProcessState()
    #expect(handles.isEmpty, "\(handles)")
    #expect(after.isFlat(since: before), "\(before) then \(after)")
  }

  @Test(.timeLimit(.minutes(20)), arguments: ["cpu", "opencl"]) func overThousandsOfSteps(device: String) async {
    await #expect(processExitsWith: .success) { [device] in
      let folder = try Self.model.folder(.decoder)
      let model = try await BertLMHeadModel.fromPretrained(folder.path, on: Self.engine(device))
      var options = GenerationOptions()
      options.maxNewTokens = 200
      // Forty generations of 200 steps.
      try await Self.demandFlat(warmUp: 6, count: 40) { [options] round in
        let found = try await model.generate([[3, 4], [5]], options)
        #expect(found.tokens.map(\.count) == [200, 200], "\(round)")
      }
    }
  }

  /// A cache that leaks is 64 KiB for each state: 1000 of them are 128 MB.
  @Test(.timeLimit(.minutes(20)), arguments: ["cpu", "opencl"]) func overCachesMadeAndDropped(device: String) async {
    await #expect(processExitsWith: .success) { [device] in
      let folder = try Self.model.folder(.decoder)
      let network = try await BertNetwork.fromPretrained(folder.path, on: Self.engine(device))
      let input = try BertInput([[3, 4, 5]])
      try await Self.demandFlat(warmUp: 100, count: 1000) { round in
        let cache = try await network.makeCache(batchSize: 1)
        // Most are used, some are not; some of those are read.
        if round % 5 != 0 { _ = try await network.forward(input, cache: cache) }
        if round % 5 == 1 { _ = try await cache.pastKeyValues(for: network.config) }
        // The plan of a cache that is gone goes with the next call.
        if round % 5 == 4 { _ = try await network.forward(input) }
      }
    }
  }

  /// About 100 KB of weights and as much again of memory: leaks of 150 rounds are 30 MB.
  @Test(.timeLimit(.minutes(20)), arguments: ["cpu", "opencl"]) func overFormsAndEdits(device: String) async {
    await #expect(processExitsWith: .success) { [device] in
      let folder = try Self.model.folder(.decoder)
      let network = try await BertNetwork.fromPretrained(folder.path, on: Self.engine(device))
      try await Self.demandFlat(warmUp: 20, count: 150) { round in
        let pruned = try await network.pruningHeads([0: [round % 4]])
        var input = try BertInput([[3, 4, 5], [6, 7, 8]])
        _ = try await pruned.forward(input, outputAttentions: true)
        input.labels = .classes([3, 4, 5, 6, 7, 8])
        _ = try await pruned.forward(input)
        input.labels = nil
        input.headMask = try Tensor(.float32([1, 0, 1]), shape: [3])
        _ = try await pruned.forward(input)
        (input.attentionMask, input.queryMask, input.headMask) = (nil, ones(18), nil)
        _ = try await pruned.forward(input)
        let cache = try await pruned.makeCache(batchSize: 2, capacity: 8)
        (input.queryMask, input.attentionMask) = (nil, ones(6))
        _ = try await pruned.forward(input, cache: cache)
        _ = try await network.resizingTokenEmbeddings(to: 50 + round % 20)
      }
    }
  }
}
