// SPDX-License-Identifier: Apache-2.0
import BERT
import ComputeGraph
import TestSupport
import Testing

/// `chunk_size_feed_forward`: less memory, the same numbers.
@Suite struct ChunkTests {
  /// B 2 sequences, T 64 tokens, H 12, I 4096.
  private static let model = RandomModel(hidden: 12, heads: 2, intermediate: 4096, layers: 2)
  private static let sizes: Dimensions = [.tokens: 64, .sequences: 2, .longest: 32]

  private func network(chunk: Int, on engine: Engine, _ model: RandomModel = model) async throws -> BertNetwork {
    let extras = RandomModel.Extras(hasLanguageModel: false, chunk: chunk)
    let folder = try model.folder(extras)
    return try await BertNetwork.fromPretrained(folder.path, on: engine)
  }

  /// The peak is in the feed-forward block: its input and result and the wide state between them, beside the output. In
  /// chunks, the wide state has `chunk` rows a sequence.
  @Test(arguments: [1, 3, 8, 31, 32, 33, 1 << 20]) func thePeakFalls(chunk: Int) async throws {
    func arena(_ chunk: Int) async throws -> Int {
      try Plan(try await network(chunk: chunk, on: .cpu).graph, Self.sizes, outputs: ["last_hidden_state"])
        .arenaByteCount
    }
    let (narrow, whole) = (64 * 12 * 4, 64 * 4096 * 4)
    let rows = min(chunk * 2, 64)
    let before = try await arena(0)
    let after = try await arena(chunk)
    #expect(before == 3 * narrow + whole)
    // One row a sequence is 32 KiB, still the largest thing there is: the stacked query, key and value are 9 KiB.
    #expect(after == 3 * narrow + rows * 4096 * 4)
    #expect(before - after == (64 - rows) * 4096 * 4)
  }

  @Test(arguments: [TestEngine.cpu, .oracle, .opencl]) func theNumbersStay(test: TestEngine) async throws {
    let model = RandomModel(hidden: 60, heads: 5, intermediate: 257, layers: 2)
    let rows = [1, 7, 40, 64, 2].enumerated().map { RandomModel.ids($1, seed: UInt64($0)) }
    let input = try BertInput(rows)
    let whole = try await network(chunk: 0, on: test.engine, model).forward(input, outputHiddenStates: true)
    for chunk in [1, 2, 5, 13, 64, 1000] {
      let found = try await network(chunk: chunk, on: test.engine, model).forward(input, outputHiddenStates: true)
      #expect(found.entries.count == whole.entries.count)
      for (name, tensor) in whole.entries {
        let states = try #require(found[name])
        switch test {
        case .opencl: #expect(states == tensor, "\(chunk) \(name)")
        // The library's product picks another order of sums for another number of rows.
        case .cpu: #expect(relativeError(states.doubles, tensor.doubles) <= 1e-6, "\(chunk) \(name)")
        case .oracle: #expect(relativeError(states.doubles, tensor.doubles) <= 1e-14, "\(chunk) \(name)")
        }
      }
    }
  }
}
