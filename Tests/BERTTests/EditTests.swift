// SPDX-License-Identifier: Apache-2.0
import BERT
import ComputeGraph
import GoldenCases
import OpenCLBackend
import TestSupport
import Testing

/// Heads pruned at run time.
@Suite struct EditTests {
  /// A golden, the heads to remove, and the size of one head.
  struct Pruning: Sendable, CustomTestStringConvertible {
    let golden: String
    let heads: [Int: [Int]]
    var testDescription: String { "\(golden) \(heads.sorted { $0.key < $1.key })" }
  }

  /// Without cross attention: a head mask works on that as well, pruning does not.
  static let prunings = [
    Pruning(golden: "switches/head-mask", heads: [0: [1, 3], 2: [0]]),
    Pruning(golden: "switches/head-mask", heads: [0: [4, 2, 1, 0], 1: [], 2: [0, 1, 2, 3]]),
    Pruning(golden: "switches/attentions-left", heads: [1: [1]]),
    Pruning(golden: "switches/relative-key-right", heads: [0: [0, 2], 1: [1]]),
    Pruning(golden: "switches/relative-key-query-left", heads: [1: [2]]),
    Pruning(golden: "switches/chunk-4", heads: [0: [1]]),
    Pruning(golden: "decoder/causal-holes", heads: [0: [0], 1: [1]]),
    Pruning(golden: "decoder/causal-relative-key-query", heads: [1: [0]]),
    Pruning(golden: "heads/pretraining-labels", heads: [0: [1]]),
  ]

  @Test(arguments: prunings, TestEngine.allCases)
  func prunedIsMaskedByZeros(pruning: Pruning, test: TestEngine) async throws {
    let golden = try GoldenCase(pruning.golden)
    let network = try await golden.load(on: test.engine)
    let config = network.config
    var input = try golden.arguments.input
    input.headMask = nil
    let pruned = try await network.pruningHeads(pruning.heads)
    let found = try await pruned.forward(input, outputHiddenStates: true)
    input.headMask = try mask(pruning.heads, config)
    let wanted = try await network.forward(input, outputHiddenStates: true)
    #expect(found.entries.map(\.name) == wanted.entries.map(\.name))
    for (name, tensor) in wanted.entries {
      let error = relativeError(try #require(found[name]).doubles, tensor.doubles)
      #expect(error <= (test == .oracle ? 1e-12 : 5e-6), "\(name): \(error)")
    }
    // Something was removed.
    input.headMask = nil
    let whole = try await network.forward(input)
    let last = found.entries[0].name
    #expect(relativeError(try #require(found[last]).doubles, try #require(whole[last]).doubles) > 1e-4)
    for (layer, heads) in pruning.heads {
      #expect(pruned.config.heads(ofLayer: layer) == config.numAttentionHeads - heads.count)
    }
  }

  private func mask(_ heads: [Int: [Int]], _ config: BertConfig) throws -> Tensor {
    let (layers, width) = (config.numHiddenLayers, config.numAttentionHeads)
    let factors = (0..<layers).flatMap { layer in
      (0..<width).map { heads[layer]?.contains($0) ?? false ? Float(0) : 1 }
    }
    return try Tensor(.float32(factors), shape: [layers, width])
  }

  @Test(arguments: TestEngine.allCases) func prunedDecodersHaveSmallerCaches(test: TestEngine) async throws {
    for name in ["decoder/cache-first", "decoder/causal-relative-key"] {
      let golden = try GoldenCase(name)
      let network = try await golden.load(on: test.engine)
      let heads = [0: [1]]
      let pruned = try await network.pruningHeads(heads)
      func run(_ network: BertNetwork, _ mask: Tensor?) async throws -> ([[Double]], [PastKeyValues]) {
        let cache = try await network.makeCache(batchSize: 3, capacity: 12)
        var input = try golden.arguments.input
        input.headMask = mask
        var found = [try #require(try await network.forward(input, cache: cache).lastHiddenState).doubles]
        for step in 0..<2 {
          var next = try BertInput(batchSize: 3, sequenceLength: 1, inputIds: [3, 4, 5])
          next.attentionMask = (input.attentionMask ?? []).padded(rows: 3, by: step + 1)
          next.headMask = mask
          found.append(try #require(try await network.forward(next, cache: cache).lastHiddenState).doubles)
        }
        return (found, try await cache.pastKeyValues(for: network.config))
      }
      let (found, past) = try await run(pruned, nil)
      let (wanted, whole) = try await run(network, mask(heads, network.config))
      for (one, other) in zip(found, wanted) { #expect(relativeError(one, other) <= (test == .oracle ? 1e-12 : 5e-6)) }
      #expect(past[0].key.shape == [3, 1, 9, 6] && whole[0].key.shape == [3, 2, 9, 6])
      #expect(past[1].key.shape == whole[1].key.shape)
      // The head that stays is the first one.
      let width = 9 * 6
      let first = (0..<3).flatMap { whole[0].value.doubles[($0 * 2 * width)..<(($0 * 2 + 1) * width)] }
      #expect(relativeError(past[0].value.doubles, first) <= (test == .oracle ? 1e-12 : 5e-6))
    }
  }

  @Test(arguments: TestEngine.allCases) func twiceIsOnce(test: TestEngine) async throws {
    let golden = try GoldenCase("switches/head-mask")
    let network = try await golden.load(on: test.engine)
    var input = try golden.arguments.input
    input.headMask = nil
    let once = try await network.pruningHeads([0: [1, 3], 2: [0]])
    let wanted = try await once.forward(input, outputAttentions: true).bits
    // One by one, in another order, with heads named twice, and with some that are gone already.
    let steps: [[[Int: [Int]]]] = [
      [[0: [3]], [2: [0]], [0: [1]]], [[0: [1, 3, 1], 2: [0]], [0: [3], 2: [0]]],
      [[2: [0]], [0: [3, 1]], [:], [1: []]],
    ]
    for steps in steps {
      var pruned = network
      for heads in steps { pruned = try await pruned.pruningHeads(heads) }
      #expect(try await pruned.forward(input, outputAttentions: true).bits == wanted)
      #expect(pruned.config == once.config)
    }
  }

  /// A checkpoint that lacks heads already: numbers stay those of the whole model.
  @Test(arguments: TestEngine.allCases) func aCheckpointThatIsPrunedAlready(test: TestEngine) async throws {
    // 5 heads; 0: [1, 3], 2: [0, 2, 3] are gone.
    let golden = try GoldenCase("switches/pruned")
    let network = try await golden.load(on: test.engine)
    let input = try golden.arguments.input
    let pruned = try await network.pruningHeads([0: [1, 4], 1: [0]])
    #expect(pruned.config.prunedHeads.filter { !$0.value.isEmpty } == [0: [1, 3, 4], 1: [0], 2: [0, 2, 3]])
    let found = try await pruned.forward(input)
    // Of layer 0 the heads 0, 2 and 4 are there: 4 is the last of them. The mask takes one width for all layers.
    let heads = [0: (0..<5).map { $0 == 4 ? Float(0) : 1 }, 1: [0, 1, 1, 1, 1]]
    var masked = input
    masked.headMask = try Tensor(
      .float32((0..<3).flatMap { heads[$0] ?? [1, 1, 1, 1, 1] }), shape: [3, 5])
    let wanted = try await network.forward(masked)
    let error = relativeError(
      try #require(found.lastHiddenState).doubles, try #require(wanted.lastHiddenState).doubles)
    #expect(error <= (test == .oracle ? 1e-12 : 5e-6), "\(error)")
    await #expect(throws: BertError.badArgument("heads_to_prune", "leaves layer 2 without a head")) {
      try await network.pruningHeads([2: [1, 4]])
    }
  }

  /// H 15, 5 heads of 3, and matrices that shrink by 3 rows or columns for a head.
  @Test func theWeightsShrink() async throws {
    let golden = try GoldenCase("switches/head-mask")
    let engine = try TestEngine.opencl.engine
    let profile = try #require(engine.profile)
    let network = try await golden.load(on: engine)
    let pruned = try await network.pruningHeads([0: [1, 3], 2: [0]])
    // Query, key, value: 3 x (15 + 1) each; output: 15 x 3. Its bias stays.
    let perHead = 3 * 3 * 16 + 15 * 3
    #expect(network.parameterCount - pruned.parameterCount == 3 * perHead)
    // Out of panels every number is 4 bytes.
    let plain = DeviceProfile(try #require(engine.device), workGroupSize: 32, matrixProduct: .tiled)
    let saved = try plain.weightByteCount(of: network.graph) - plain.weightByteCount(of: pruned.graph)
    #expect(saved == 3 * perHead * 4)
    // In panels, columns are rounded up to whole ones; biases are not.
    let width = profile.panelWidth
    func panels(_ columns: Int, depth: Int) -> Int { (columns + width - 1) / width * width * depth * 4 }
    func layer(_ heads: Int) -> Int { panels(9 * heads, depth: 15) + 9 * heads * 4 + panels(15, depth: 3 * heads) }
    if profile.matrixProduct == .panels {
      let found = try profile.weightByteCount(of: network.graph) - profile.weightByteCount(of: pruned.graph)
      #expect(found == 2 * layer(5) - layer(3) - layer(4))
    }
    // And so does what is computed: the stacked product is as wide as the heads that stay.
    let sizes: Dimensions = [.tokens: 64, .sequences: 2, .longest: 32]
    let before = try Plan(network.graph, sizes, outputs: ["last_hidden_state"])
    let after = try Plan(pruned.graph, sizes, outputs: ["last_hidden_state"])
    func widths(_ plan: Plan) -> [Int] {
      plan.steps.filter { if case .attention = $0.operation { true } else { false } }
        .compactMap { plan.slots[$0.operands[0]].map { $0.byteCount / 64 / 4 } }
    }
    #expect(widths(before) == [45, 45, 45] && widths(after) == [27, 45, 36])
  }

  @Test(arguments: TestEngine.allCases) func whatCannotBePruned(test: TestEngine) async throws {
    let network = try await GoldenCase("switches/head-mask").load(on: test.engine)
    let cases: [([Int: [Int]], String)] = [
      ([3: [0]], "names layer 3 of 3"), ([-1: [0]], "names layer -1 of 3"),
      ([0: [5]], "names head 5 of layer 0, which has 5"), ([1: [2, -1]], "names head -1 of layer 1, which has 5"),
      ([2: [0, 1, 2, 3, 4]], "leaves layer 2 without a head"), ([.max: []], "names layer \(Int.max) of 3"),
    ]
    for (heads, what) in cases {
      await #expect(throws: BertError.badArgument("heads_to_prune", what)) { try await network.pruningHeads(heads) }
    }
  }
}

extension [Int32] {
  /// A mask's rows with ones behind them.
  fileprivate func padded(rows: Int, by count: Int) -> [Int32] {
    let width = self.count / rows
    return (0..<rows).flatMap { self[($0 * width)..<(($0 + 1) * width)] + ones(count) }
  }
}
