// SPDX-License-Identifier: Apache-2.0
import BERT
import ComputeGraph
import GoldenCases
import Testing

/// Calls on a cache: one at a time, and one that is refused leaves it as it was.
@Suite struct CacheUseTests {
  private static let golden = "decoder/cache-one"

  /// B 3, P 6 and one token, 13 positions, 29 words.
  static let refusals: [(wanted: BertError, change: @Sendable (inout BertInput) throws -> Void)] = [
    (
      .badArgument("input_ids", "has 29 in sequence 1 (token 0); it must be below 29"),
      { try $0.replaceIds([3, 29, 4], length: 1) }
    ),
    (
      .badArgument("input_ids", "has -1 in sequence 2 (token 0); it must be below 29"),
      { try $0.replaceIds([3, 4, -1], length: 1) }
    ),
    (
      .badArgument("position_ids", "has 13 in sequence 0 (token 0); it must be below 13"),
      { $0.positionIds = [13, 6, 6] }
    ),
    // The mask covers what the cache holds as well.
    (
      .badArgument(
        "attention_mask", "covers 1 tokens; with a cache it must cover the 6 that it holds as well"),
      { $0.attentionMask = ones(3) }
    ),
    (
      .badArgument("attention_mask", "has 20 elements, wanted 3 x 7 as input_ids' shape says"),
      { $0.attentionMask = ones(20) }
    ),
    (
      .badArgument("attention_mask", "has 3 elements, wanted 3 x 1 x 7 as input_ids' shape says"),
      { ($0.attentionMask, $0.queryMask) = (nil, ones(3)) }
    ),
    (
      .badArgument("attention_mask", "has 5 at index 20; it must be 0 or 1"),
      { $0.attentionMask = ones(21, except: 20, is: 5) }
    ),
    // 6 are there, 8 come.
    (.sequenceTooLong(index: 0, tokens: 14, limit: 13), { try $0.replaceIds(ones(24), length: 8) }),
    (
      .badArgument("past_key_values", "takes 12 tokens of a sequence, not 13"),
      {
        try $0.replaceIds(ones(21), length: 7)
        $0.attentionMask = nil
      }
    ),
    (
      .badArgument(
        "encoder_hidden_states", "is given, but the model has no cross attention (is_decoder, add_cross_attention)"),
      { $0.encoderHiddenStates = try zeros([3, 4, 12]) }
    ),
    (.badArgument("head_mask", "has 3 heads, layer 0 has 2"), { $0.headMask = try zeros([3]) }),
  ]

  @Test(arguments: refusals.indices, TestEngine.allCases)
  func whatIsRefusedLeavesTheCacheAsItWas(index: Int, test: TestEngine) async throws {
    let (wanted, change) = Self.refusals[index]
    let golden = try GoldenCase(Self.golden)
    let network = try await golden.load(on: test.engine)
    let arguments = try golden.arguments
    let right = try await network.forward(arguments.input, cache: try await filled(network, arguments))
    let cache = try await filled(network, arguments)
    let before = try await cache.bits(for: network.config)
    var input = arguments.input
    try change(&input)
    await #expect(throws: wanted) { try await network.forward(input, cache: cache) }
    #expect(cache.length == 6)
    #expect(try await cache.bits(for: network.config) == before)
    #expect(try await network.forward(arguments.input, cache: cache).bits == right.bits)
    #expect(cache.length == 7)
  }

  private func filled(_ network: BertNetwork, _ arguments: ForwardArguments) async throws -> KeyValueCache {
    let cache = try await network.makeCache(batchSize: 3, capacity: 12)
    try await cache.load(arguments.past ?? [], for: network.config)
    return cache
  }

  @Test(arguments: TestEngine.allCases) func labelsComeWithoutACache(test: TestEngine) async throws {
    let golden = try GoldenCase("decoder/lm-labels-hidden")
    let network = try await golden.load(on: test.engine)
    let arguments = try golden.arguments
    let cache = try await network.makeCache(batchSize: 3)
    let wanted = BertError.badArgument("labels", "cannot be given with past_key_values")
    await #expect(throws: wanted) { try await network.forward(arguments.input, cache: cache) }
    #expect(cache.length == 0)
    // Asked for both, Hugging Face's code gives the loss and no cache.
    let output = try await network.forward(arguments, useCache: true)
    #expect(output.loss != nil && !output.entries.contains { $0.name.hasPrefix("past_key_values") })
  }

  /// With cross attention: a later step's mask of encoder tokens is held against those that the cache has.
  @Test(arguments: TestEngine.allCases) func encodersOfLaterSteps(test: TestEngine) async throws {
    let golden = try GoldenCase("decoder/cache-cross-one")
    let network = try await golden.load(on: test.engine)
    let arguments = try golden.arguments
    let cache = try await network.makeCache(batchSize: 3)
    try await cache.load(try #require(arguments.past), for: network.config)
    var input = arguments.input
    input.encoderHiddenStates = nil
    input.encoderAttentionMask = ones(12)
    let count = "has 12 elements, wanted 3 x 5 as encoder_hidden_states' shape says"
    await #expect(throws: BertError.badArgument("encoder_attention_mask", count)) {
      try await network.forward(input, cache: cache)
    }
    #expect(cache.length == 6)
    // Before there are any, they must come.
    let empty = try await network.makeCache(batchSize: 3)
    input.attentionMask = nil
    let missing = "is missing: the model has cross attention (add_cross_attention)"
    await #expect(throws: BertError.badArgument("encoder_hidden_states", missing)) {
      try await network.forward(input, cache: empty)
    }
    let small = try await network.makeCache(batchSize: 3, encoderCapacity: 4)
    input.encoderHiddenStates = try zeros([3, 5, 15])
    input.encoderAttentionMask = nil
    await #expect(throws: BertError.badArgument("encoder_hidden_states", "has 5 tokens, the cache takes 4")) {
      try await network.forward(input, cache: small)
    }
    // Four of the five are shown: those fit.
    input.encoderAttentionMask = [0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 0]
    _ = try await network.forward(input, cache: small)
    #expect(small.length == 1)
  }

  /// What was hidden when the cache was filled has no key: it cannot be shown later.
  @Test(arguments: TestEngine.allCases) func whatWasHiddenStaysHidden(test: TestEngine) async throws {
    let network = try await GoldenCase.network("decoder/cache-first-cross", on: test.engine)
    let cache = try await network.makeCache(batchSize: 2, capacity: 5, encoderCapacity: 3)
    var prompt = try BertInput([[3, 4, 5], [6, 7]])
    prompt.encoderHiddenStates = try zeros([2, 4, 15])
    prompt.encoderAttentionMask = [1, 1, 1, 0, 0, 1, 1, 1]
    _ = try await network.forward(prompt, cache: cache)
    let before = try await cache.bits(for: network.config)
    // Row 1's last token: column 2. Rows of the mask are 4 wide then.
    let right = (mask: ones(8, except: 6), encoder: prompt.encoderAttentionMask)
    func refuses(_ argument: String, _ what: String, _ change: (inout BertInput) -> Void) async throws {
      var step = try BertInput(batchSize: 2, sequenceLength: 1, inputIds: [8, 9])
      (step.attentionMask, step.encoderAttentionMask) = right
      change(&step)
      await #expect(throws: BertError.badArgument(argument, what)) { try await network.forward(step, cache: cache) }
      #expect(cache.length == 3)
    }
    let hidden = "which was hidden when the cache was filled"
    try await refuses("attention_mask", "is missing, but the cache holds 2 of sequence 1's 3 tokens") {
      $0.attentionMask = nil
    }
    try await refuses("attention_mask", "shows token 2 of sequence 1, \(hidden)") { $0.attentionMask = ones(8) }
    try await refuses("attention_mask", "shows token 2 of sequence 1, \(hidden)") {
      ($0.attentionMask, $0.queryMask) = (nil, ones(8))
    }
    try await refuses("encoder_attention_mask", "shows token 3 of sequence 0, \(hidden)") {
      $0.encoderAttentionMask = nil
    }
    try await refuses("encoder_attention_mask", "shows token 0 of sequence 1, \(hidden)") {
      $0.encoderAttentionMask = [1, 1, 1, 0, 1, 1, 1, 1]
    }
    #expect(try await cache.bits(for: network.config) == before)
    // Fewer may be shown than there are.
    var step = try BertInput(batchSize: 2, sequenceLength: 1, inputIds: [8, 9])
    step.attentionMask = [0, 1, 1, 1, 1, 0, 0, 1]
    step.encoderAttentionMask = [1, 0, 0, 0, 0, 0, 1, 0]
    #expect(try await network.forward(step, cache: cache).lastHiddenState?.shape == [2, 1, 15])
  }

  @Test func oneCallAtATime() async throws {
    let gate = Gate()
    let engine = Engine(executor: GatedExecutor(base: Engine.cpu.executor, gate: gate), device: nil, profile: nil)
    let golden = try GoldenCase(Self.golden)
    let network = try await golden.load(on: engine)
    let arguments = try golden.arguments
    let right = try await network.forward(arguments.input, cache: try await filled(network, arguments))
    let cache = try await filled(network, arguments)
    await gate.shut()
    let first = Task { try await network.forward(arguments.input, cache: cache).bits }
    await gate.arrival()
    let busy = BertError.badArgument("past_key_values", "is in use by another call")
    await #expect(throws: busy) { try await network.forward(arguments.input, cache: cache) }
    await #expect(throws: busy) { try await cache.pastKeyValues(for: network.config) }
    await #expect(throws: busy) { try await cache.load(arguments.past ?? [], for: network.config) }
    #expect(cache.length == 6)
    await gate.open()
    #expect(try await first.value == right.bits)
    #expect(cache.length == 7)
    // And then the next one may.
    let next = try BertInput(batchSize: 3, sequenceLength: 1, inputIds: [3, 4, 5])
    _ = try await network.forward(next, cache: cache)
    #expect(cache.length == 8)
  }
}

extension BertInput {
  /// Other ids, and none of the arguments that go with them.
  fileprivate mutating func replaceIds(_ ids: [Int32], length: Int) throws {
    self = try BertInput(batchSize: batchSize, sequenceLength: length, inputIds: ids)
  }
}

/// Runs wait here while it is shut.
private actor Gate {
  private var isShut = false
  private var held: [CheckedContinuation<Void, Never>] = []
  private var waiting: CheckedContinuation<Void, Never>?

  func shut() { isShut = true }

  func open() {
    isShut = false
    for run in held { run.resume() }
    held = []
  }

  func pass() async {
    guard isShut else { return }
    await withCheckedContinuation { run in
      held.append(run)
      waiting?.resume()
      waiting = nil
    }
  }

  /// Returns once a run is held.
  func arrival() async {
    guard held.isEmpty else { return }
    await withCheckedContinuation { waiting = $0 }
  }
}

private struct GatedExecutor: Executor {
  let base: any Executor
  let gate: Gate

  func load(_ graph: Graph, parameters: any ParameterSource) async throws -> any LoadedGraph {
    GatedGraph(base: try await base.load(graph, parameters: parameters), gate: gate)
  }
}

private struct GatedGraph: LoadedGraph {
  let base: any LoadedGraph
  let gate: Gate
  var graph: Graph { base.graph }

  func run(_ inputs: RunInputs, outputs: [String], state: (any GraphState)?) async throws -> [String: Tensor] {
    await gate.pass()
    return try await base.run(inputs, outputs: outputs, state: state)
  }

  func variant(_ graph: Graph) async throws -> any LoadedGraph {
    GatedGraph(base: try await base.variant(graph), gate: gate)
  }

  func makeState(_ dimensions: Dimensions) async throws -> any GraphState { try await base.makeState(dimensions) }
}
