// SPDX-License-Identifier: Apache-2.0
import BERT
import ComputeGraph
import StrictJSON

// What the switches of the forward pass cost and save, on weights of MiniLM's sizes that have not been trained:
//
//   generation   seconds per token over the length, with the cache and without
//   pruning      weights in bytes and seconds of a forward pass, over the share of heads left
//   chunks       bytes of the arena and seconds, over chunk_size_feed_forward
//
// Prints one JSON object. `Benchmarks/forward/measure` builds, runs and draws it.

let engine = try Engine.open(DeviceChoice(CommandLine.arguments.dropFirst().first ?? "auto"))
var report: JSONObject = ["device": .string(engine.device?.name ?? engine.name)]
report["generation"] = try await measureGeneration(engine)
report["pruning"] = try await measurePruning(engine)
report["chunks"] = try await measureChunks(engine)
print(JSON.object(report).serialized(pretty: true))

/// MiniLM-L6-H384.
func config() -> BertConfig {
  var config = BertConfig()
  config.hiddenSize = 384
  config.numHiddenLayers = 6
  config.intermediateSize = 1536
  return config
}

/// One generation of 511 tokens from one, each way: the time between two tokens, median of windows of 32.
func measureGeneration(_ engine: Engine) async throws -> JSON {
  var config = config()
  config.isDecoder = true
  let model = BertLMHeadModel(network: try await .untrained(config, head: .causalLM, on: engine))
  var results: JSONObject = [:]
  for (name, useCache) in [("cache", true), ("no_cache", false)] {
    var options = GenerationOptions()
    options.maxNewTokens = 511
    options.useCache = useCache
    let times = Times()
    for _ in 0..<(useCache ? 2 : 1) {  // the first with the cache builds programs
      times.start()
      _ = try await model.generate([[101]], options) { _ in
        times.lap()
        return true
      }
    }
    var windows: [JSON] = []
    for start in stride(from: 0, to: 511, by: 32) {
      let window = times.seconds[start..<min(start + 32, 511)].sorted()
      windows.append(.object(["length": number(start + 16), "seconds": number(window[window.count / 2])]))
    }
    results[name] = .array(windows)
  }
  return .object(results)
}

/// 8 x 128 tokens with some heads of every layer gone, interleaved, medians of 15.
func measurePruning(_ engine: Engine) async throws -> JSON {
  let whole = BertModel(network: try await .untrained(config(), head: .none, on: engine))
  var models = [(12, whole)]
  for left in [9, 6, 3, 1] {
    let heads = Dictionary(uniqueKeysWithValues: (0..<6).map { ($0, Array(left..<12)) })
    models.append((left, try await whole.pruningHeads(heads)))
  }
  let seconds = try await medians(models.map(\.1), input(batchSize: 8, length: 128), repeats: 15)
  return .array(
    try zip(models, seconds).map { model, seconds in
      .object([
        "heads": number(model.0), "weight_bytes": number(try weightBytes(model.1)), "seconds": number(seconds),
      ])
    })
}

/// 8 x 512 tokens, the feed-forward block some tokens of each sequence at a time.
func measureChunks(_ engine: Engine) async throws -> JSON {
  var models: [(Int, BertModel)] = []
  for chunk in [0, 256, 128, 64, 16] {
    var config = config()
    config.chunkSizeFeedForward = chunk
    models.append((chunk, BertModel(network: try await .untrained(config, head: .none, on: engine))))
  }
  let sizes: Dimensions = [.tokens: 8 * 512, .sequences: 8, .longest: 512, .longestKeys: 512]
  let seconds = try await medians(models.map(\.1), input(batchSize: 8, length: 512), repeats: 5)
  return .array(
    try zip(models, seconds).map { model, seconds in
      let plan = try Plan(model.1.graph, sizes, outputs: ["last_hidden_state"])
      return .object([
        "chunk_size_feed_forward": number(model.0), "arena_bytes": number(plan.arenaByteCount),
        "seconds": number(seconds),
      ])
    })
}

func input(batchSize: Int, length: Int) throws -> BertInput {
  let ids = (0..<(batchSize * length)).map { Int32(1000 + $0 % 20000) }
  return try BertInput(batchSize: batchSize, sequenceLength: length, inputIds: ids)
}

/// Seconds of a forward pass of each model, turn by turn, so that a noisy moment meets all of them.
func medians(_ models: [BertModel], _ input: BertInput, repeats: Int) async throws -> [Double] {
  var seconds = [[Double]](repeating: [], count: models.count)
  for turn in 0...repeats {
    for (index, model) in models.enumerated() {
      let times = Times()
      times.start()
      _ = try await model.forward(input)
      times.lap()
      if turn > 0 { seconds[index].append(times.seconds[0]) }
    }
  }
  return seconds.map { $0.sorted()[$0.count / 2] }
}

func weightBytes(_ model: BertModel) throws -> Int {
  try model.engine.profile?.weightByteCount(of: model.graph) ?? model.network.parameterCount * 4
}

func number(_ value: Int) -> JSON { .number(JSONNumber(value)) }
func number(_ value: Double) -> JSON { .number(JSONNumber(value)) }

/// Laps of a clock.
final class Times {
  private let clock = ContinuousClock()
  private var last: ContinuousClock.Instant
  private(set) var seconds: [Double] = []

  init() { last = clock.now }

  func start() {
    seconds = []
    last = clock.now
  }

  func lap() {
    let now = clock.now
    let passed = (now - last).components
    seconds.append(Double(passed.seconds) + Double(passed.attoseconds) * 1e-18)
    last = now
  }
}
