// SPDX-License-Identifier: Apache-2.0
import BERT
import ComputeGraph
import GoldenCases
import Testing

/// Issue 3, "Bad input": caches that do not fit the model, and calls that do not fit the cache.
@Suite(.serialized) struct CacheRefusalTests {
  /// B 3, P 6, one new token, 2 layers of 2 heads of 6, 13 positions, 29 words.
  private static let golden = "decoder/cache-one"

  private struct Setting {
    let network: BertNetwork
    let past: [PastKeyValues]
    let input: BertInput

    init(_ test: TestEngine, golden name: String = CacheRefusalTests.golden) async throws {
      let golden = try GoldenCase(name)
      network = try await golden.load(on: test.engine)
      let arguments = try golden.arguments
      past = arguments.past ?? []
      input = arguments.input
    }

    /// A cache that holds the golden's tokens.
    func cache(capacity: Int = 13) async throws -> KeyValueCache {
      let cache = try await network.makeCache(batchSize: input.batchSize, capacity: capacity)
      try await cache.load(past, for: network.config)
      return cache
    }
  }

  private func refuses(
    _ argument: String, _ what: String, _ test: TestEngine, _ body: () async throws -> Void,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async {
    await #expect(throws: BertError.badArgument(argument, what), "\(test)", sourceLocation: sourceLocation) {
      try await body()
    }
  }

  @Test(arguments: TestEngine.allCases) func tensorsThatDoNotFit(test: TestEngine) async throws {
    let setting = try await Setting(test)
    let (network, past) = (setting.network, setting.past)
    func load(_ change: (inout [PastKeyValues]) throws -> Void) async throws {
      var past = past
      try change(&past)
      try await network.makeCache(batchSize: 3).load(past, for: network.config)
    }
    let wanted = "wanted [3, 2, 6, 6]"
    await refuses("past_key_values", "has 1 layers, the model has 2", test) { try await load { $0.removeLast() } }
    await refuses("past_key_values", "has 3 layers, the model has 2", test) { try await load { $0.append($0[0]) } }
    await refuses("past_key_values", "has 0 layers, the model has 2", test) { try await load { $0 = [] } }
    for shape in [[3, 3, 6, 6], [3, 2, 6, 5], [2, 2, 6, 6], [3, 1, 6, 12]] {
      await refuses("past_key_values.0.key", "has the shape \(shape), \(wanted)", test) {
        try await load { $0[0].key = try zeros(shape) }
      }
    }
    // The first layer's key says how many tokens there are.
    await refuses("past_key_values.0.value", "has the shape [3, 2, 5, 6], \(wanted)", test) {
      try await load { $0[0].value = try zeros([3, 2, 5, 6]) }
    }
    await refuses("past_key_values.1.key", "has the shape [3, 2, 7, 6], \(wanted)", test) {
      try await load { $0[1].key = try zeros([3, 2, 7, 6]) }
    }
    await refuses("past_key_values.0.key", "has the shape [3, 2, 36], wanted [3, 2, -1, 6]", test) {
      try await load { $0[0].key = try zeros([3, 2, 36]) }
    }
    await refuses("past_key_values.0.key", "has 14 tokens, the cache takes 13", test) {
      try await load { $0[0].key = try zeros([3, 2, 14, 6]) }
    }
    await refuses("past_key_values.0.cross_key", "has 4 tokens, the cache takes 0", test) {
      try await load { $0[0].crossKey = try zeros([3, 2, 4, 6]) }
    }
    await refuses("past_key_values.1.value", "holds integers, wanted floating point", test) {
      try await load { $0[1].value = try Tensor(.int32(ones(216)), shape: [3, 2, 6, 6]) }
    }
    try await load { _ in }
  }

  @Test(arguments: TestEngine.allCases) func crossTensorsThatLack(test: TestEngine) async throws {
    let setting = try await Setting(test, golden: "decoder/cache-cross-one")
    let config = setting.network.config
    for layer in 0..<2 {
      var past = setting.past
      past[layer].crossValue = nil
      let cache = try await setting.network.makeCache(batchSize: 3)
      await refuses("past_key_values.\(layer).cross_value", "is missing", test) {
        try await cache.load(past, for: config)
      }
      // What was refused is not half there.
      #expect(cache.length == 0)
      try await cache.load(setting.past, for: config)
      #expect(cache.length == 6)
    }
    let small = try await setting.network.makeCache(batchSize: 3, capacity: 7, encoderCapacity: 4)
    await refuses("past_key_values.0.cross_key", "has 5 tokens, the cache takes 4", test) {
      try await small.load(setting.past, for: config)
    }
  }

  @Test(arguments: TestEngine.allCases) func aCacheThatIsUsedAlready(test: TestEngine) async throws {
    let setting = try await Setting(test)
    let cache = try await setting.cache()
    await refuses("past_key_values", "cannot be loaded into a cache that holds tokens already", test) {
      try await cache.load(setting.past, for: setting.network.config)
    }
    #expect(cache.length == 6)
  }

  @Test(arguments: TestEngine.allCases) func aCacheThatIsTooSmall(test: TestEngine) async throws {
    let setting = try await Setting(test)
    let small = try await setting.network.makeCache(batchSize: 3, capacity: 5)
    await refuses("past_key_values.0.key", "has 6 tokens, the cache takes 5", test) {
      try await small.load(setting.past, for: setting.network.config)
    }
    // Full: every token fits that was there, none more. Rows count, not padding.
    let full = try await setting.cache(capacity: 6)
    let before = try await full.pastKeyValues(for: setting.network.config)
    var input = setting.input
    input.attentionMask = nil
    await refuses("past_key_values", "takes 6 tokens of a sequence, not 7", test) {
      _ = try await setting.network.forward(input, cache: full)
    }
    #expect(full.length == 6)
    let after = try await full.pastKeyValues(for: setting.network.config)
    for (one, other) in zip(before, after) { #expect(one.key == other.key && one.value == other.value) }
  }

  @Test(arguments: TestEngine.allCases) func anotherBatch(test: TestEngine) async throws {
    let setting = try await Setting(test)
    let cache = try await setting.network.makeCache(batchSize: 2)
    await refuses("past_key_values", "holds 2 sequences, input_ids has 3", test) {
      _ = try await setting.network.forward(setting.input, cache: cache)
    }
    for (batch, capacity) in [(0, 5), (-1, 5), (1, 0), (1, -3)] {
      await refuses("use_cache", "cannot hold \(batch) sequences of \(capacity) tokens", test) {
        _ = try await setting.network.makeCache(batchSize: batch, capacity: capacity)
      }
    }
  }

  @Test(arguments: TestEngine.allCases) func anEncoder(test: TestEngine) async throws {
    let decoder = try await Setting(test)
    let encoder = try await BertModel.fromPretrained(Goldens.path("switches/attentions"), on: test.engine)
    await refuses("use_cache", "needs a decoder (is_decoder); this model is an encoder", test) {
      _ = try await encoder.makeCache(batchSize: 1)
    }
    let cache = try await decoder.network.makeCache(batchSize: 3)
    await refuses("past_key_values", "is given, but the model is no decoder (is_decoder)", test) {
      _ = try await encoder.forward(BertInput([[1], [2], [3]]), cache: cache)
    }
    await refuses("generate", "needs a decoder (is_decoder); this model is an encoder", test) {
      let lm = try await BertLMHeadModel.fromPretrained(Goldens.path("decoder/lm-encoder"), on: test.engine)
      _ = try await lm.generate([[1]])
    }
  }

  /// Models of other widths, of other heads and of other layers, and one with cross attention.
  @Test(arguments: TestEngine.allCases) func theCacheOfAnotherModel(test: TestEngine) async throws {
    let setting = try await Setting(test)
    let own = setting.network
    let prefix = "is the cache of another model: "
    let cases = [
      ("decoder/cache-pruned", prefix + "past_key_values.0.key has the shape [39, 9], wanted [39, 12]"),
      ("decoder/cache-first-cross", prefix + "past_key_values.0.key has the shape [39, 15], wanted [39, 12]"),
      ("of one layer", prefix + "past_key_values.1.key is not there, wanted [39, 12]"),
    ]
    let short = try ModelFolder(golden: Self.golden)
    try short.set("config.json", ["num_hidden_layers": "1"])
    let ofOneLayer = try await BertNetwork.fromPretrained(short.path, on: test.engine)
    for (name, what) in cases {
      let other = name == "of one layer" ? ofOneLayer : try await GoldenCase.network(name, on: test.engine)
      let cache = try await other.makeCache(batchSize: 3, capacity: 13)
      await refuses("past_key_values", what, test) { _ = try await own.forward(setting.input, cache: cache) }
      await refuses("past_key_values", what, test) { try await cache.load(setting.past, for: own.config) }
      await refuses("past_key_values", what, test) { _ = try await cache.pastKeyValues(for: own.config) }
      #expect(cache.length == 0)
    }
    let cache = try await own.makeCache(batchSize: 3, capacity: 13)
    await refuses("past_key_values", prefix + "it has 4 tensors, not 2", test) {
      _ = try await ofOneLayer.forward(setting.input, cache: cache)
    }
    let cross = try await GoldenCase.network("generation/cross", on: test.engine)
    await refuses("past_key_values", prefix + "past_key_values.0.cross_key is not there, wanted [0, 12]", test) {
      _ = try await cross.forward(setting.input, cache: cache)
    }
  }

  @Test func theCacheOfAnotherEngine() async throws {
    let engines = try TestEngine.allCases.map { try $0.engine } + [Engine.open(.opencl(selector: "opencl"))]
    let input = try BertInput([[3, 4]])
    for (index, engine) in engines.enumerated() {
      let own = try await GoldenCase(Self.golden).load(on: engine)
      for (place, other) in engines.enumerated() {
        let cache = try await GoldenCase(Self.golden).load(on: other).makeCache(batchSize: 1)
        let error = await thrown { _ = try await own.forward(input, cache: cache) }
        let refusal = BertError.badArgument("past_key_values", "was made on another engine, \(other.name)")
        #expect(error as? BertError == (place == index ? nil : refusal), "\(index) \(place)")
        #expect((error == nil) == (place == index) && cache.length == (place == index ? 2 : 0))
      }
    }
  }
}
