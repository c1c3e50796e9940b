// SPDX-License-Identifier: Apache-2.0
import BERT
import ComputeGraph
import OpenCLRuntime
import Testing

/// A step of generation, once warm, moves the new tokens up and their scores down; the caches stay on the device.
@Suite struct CacheResidencyTests {
  /// Caches of 2 x 512 rows: 96 KiB each, eight of them.
  private static let model = RandomModel(hidden: 24, heads: 2, intermediate: 37, layers: 2, positions: 512)
  private static let sequences = 2
  private static let vocabulary = 56

  /// What `steps` may have cost: an upload of `up` bytes, the launches and one readback each, and nothing that stays.
  private static func check(_ counts: CallMonitor.Counts, steps: UInt64, launches: Int, up: Int) {
    #expect(counts.enqueues == steps * UInt64(1 + launches), "upload and launches: \(counts)")
    #expect(counts.waits == steps, "the readback: \(counts)")
    #expect(counts.calls[.create] == 0 && counts.calls[.release] == 0 && counts.calls[.build] == 0, "\(counts)")
    #expect(counts.created.values.allSatisfy { $0 == 0 } && counts.released.values.allSatisfy { $0 == 0 })
    #expect(counts.bytesUp == steps * UInt64(up), "\(counts)")
    #expect(counts.bytesDown == steps * UInt64(sequences * vocabulary * 4), "the scores alone: \(counts)")
    #expect(UInt64(up) < 2 * 512 * 24 * 4 / 20, "not a twentieth of one cache")
  }

  /// Bytes of one upload: each input at the device's alignment, in the order of the graph. Tokens are rounded up to 16.
  private static func uploadBytes(_ alignment: Int, hasCross: Bool, selects: Bool) -> Int {
    func aligned(_ bytes: Int) -> Int { (bytes + alignment - 1) / alignment * alignment }
    let (perToken, perSequence) = (16 * 4, sequences * 4)
    // Offsets, key starts and ends, rows in the caches; of the encoder starts and ends, and states and rows, of which a
    // later step has none; ids, positions and types; the rows that are scored.
    var sizes = [perSequence + 4, perSequence, perSequence, perToken]
    if hasCross { sizes += [perSequence, perSequence, 4, 4] }
    sizes += [perToken, perToken, perToken]
    if selects { sizes.append(perToken) }
    // Of the last, what there is: one row for each sequence.
    return sizes.dropLast().reduce(0) { $0 + aligned($1) } + perSequence
  }

  /// Launches of a step: embeddings; per layer 4 products, 2 stores, attention, 2 LayerNorms, and with cross attention 2
  /// products, attention, LayerNorm; product, LayerNorm and product of the head.
  private static func launches(hasCross: Bool, selects: Bool) -> Int {
    1 + model.layers * (9 + (hasCross ? 4 : 0)) + 3 + (selects ? 1 : 0)
  }

  @Test(.timeLimit(.minutes(20)), arguments: [false, true]) func forwardOnACache(hasCross: Bool) async {
    await #expect(processExitsWith: .success) { [hasCross] in
      let folder = try Self.model.folder(hasCross ? .crossDecoder : .decoder)
      let engine = try Engine.open(.opencl(selector: "opencl"))
      let network = try await BertNetwork.fromPretrained(folder.path, on: engine)
      let cache = try await network.makeCache(batchSize: Self.sequences)
      var prompt = try BertInput([RandomModel.ids(17, seed: 1), RandomModel.ids(17, seed: 2)])
      if hasCross { prompt.encoderHiddenStates = try Self.model.states(2, 20, seed: 3) }
      _ = try await network.forward(prompt, cache: cache)
      func step(_ number: Int) async throws {
        let input = try BertInput(batchSize: 2, sequenceLength: 1, inputIds: [Int32(number + 1), 3])
        let logits = try await network.forward(input, cache: cache).logits
        #expect(logits?.shape == [2, 1, Self.vocabulary])
      }
      try await step(0)
      CallMonitor.start()
      // Up to 32 keys: one rounding, one plan.
      for number in 1..<14 { try await step(number) }
      CallMonitor.stop()
      let alignment = try #require(engine.profile).alignment
      Self.check(
        CallMonitor.counts, steps: 13, launches: Self.launches(hasCross: hasCross, selects: false),
        up: Self.uploadBytes(alignment, hasCross: hasCross, selects: false))
    }
  }

  @Test(.timeLimit(.minutes(20)), arguments: [false, true]) func generation(hasCross: Bool) async {
    await #expect(processExitsWith: .success) { [hasCross] in
      let folder = try Self.model.folder(hasCross ? .crossDecoder : .decoder)
      let engine = try Engine.open(.opencl(selector: "opencl"))
      let model = try await BertLMHeadModel.fromPretrained(folder.path, on: engine)
      var options = GenerationOptions()
      options.maxNewTokens = 480
      var (step, counted) = (0, 0)
      // The capacity is what prompt and new tokens need, so that here too a cache is 96 KiB.
      _ = try await model.generate(
        [RandomModel.ids(33, seed: 1), RandomModel.ids(17, seed: 2)], options,
        encoderHiddenStates: hasCross ? Self.model.states(2, 20, seed: 3) : nil
      ) { _ in
        step += 1
        // 35 keys to 48, of which the last step rounds to 48 as well.
        if step == 3 { CallMonitor.start() }
        if step > 3 { counted += 1 }
        return step < 15
      }
      CallMonitor.stop()
      #expect(counted == 12)
      let alignment = try #require(engine.profile).alignment
      Self.check(
        CallMonitor.counts, steps: 12, launches: Self.launches(hasCross: hasCross, selects: true),
        up: Self.uploadBytes(alignment, hasCross: hasCross, selects: true))
    }
  }

  /// Reading a cache back is what moves it.
  @Test(.timeLimit(.minutes(20))) func readingACacheMovesIt() async {
    await #expect(processExitsWith: .success) {
      let folder = try Self.model.folder(.decoder)
      let network = try await BertNetwork.fromPretrained(folder.path, on: Engine.open(.opencl(selector: "opencl")))
      let cache = try await network.makeCache(batchSize: 2)
      _ = try await network.forward(BertInput([[3, 4], [5, 6]]), cache: cache)
      CallMonitor.start()
      let past = try await cache.pastKeyValues(for: network.config)
      CallMonitor.stop()
      #expect(past.count == 2 && past[0].key.shape == [2, 2, 2, 12])
      #expect(CallMonitor.counts.bytesDown == 4 * 2 * 512 * 24 * 4)
    }
  }
}
