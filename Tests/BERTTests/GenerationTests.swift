// SPDX-License-Identifier: Apache-2.0
import BERT
import Checkpoints
import ComputeGraph
import Glibc
import StrictJSON
import TestSupport
import Testing

/// Greedy generation as Hugging Face's `generate`, and sampling.
@Suite struct GenerationTests {
  static let cases = Goldens.folders("generation")

  @Test func thereAreCases() { #expect(Self.cases.count >= 10) }

  @Test(arguments: cases, TestEngine.allCases) func greedy(name: String, on test: TestEngine) async throws {
    let golden = try GenerationGolden(name)
    let model = try await BertLMHeadModel.fromPretrained(golden.folder, on: test.engine)
    for useCache in [true, false] {
      let found = try await golden.generate(model, useCache: useCache)
      #expect(found.tokens == golden.tokens, "cache \(useCache)")
      let logits = try #require(found.logits)
      #expect(logits.shape == golden.logitShape)
      // Logits come back in single precision on every engine.
      #expect(relativeError(logits.doubles, golden.logits) <= (test == .oracle ? 1e-7 : golden.tolerance))
    }
  }

  @Test(arguments: [true, false]) func aSequenceGetsWhatItGetsAlone(useCache: Bool) async throws {
    let golden = try GenerationGolden("batch")
    let model = try await BertLMHeadModel.fromPretrained(golden.folder, on: TestEngine.opencl.engine)
    var options = GenerationOptions()
    options.maxNewTokens = 6
    options.useCache = useCache
    let prompts: [[Int32]] = [[3, 4, 5, 6], [7], [8, 9]]
    let together = try await model.generate(prompts, options, outputLogits: true)
    for (index, prompt) in prompts.enumerated() {
      let alone = try await model.generate([prompt], options, outputLogits: true)
      #expect(alone.tokens[0] == together.tokens[index])
      let width = model.config.vocabSize * 6
      let (all, one) = (try #require(together.logits).floats, try #require(alone.logits).floats)
      #expect(all[(index * width)..<((index + 1) * width)].map(\.bitPattern) == one.map(\.bitPattern))
    }
  }

  @Test func samplingIsSeeded() async throws {
    let golden = try GenerationGolden("plain")
    let model = try await BertLMHeadModel.fromPretrained(golden.folder, on: TestEngine.opencl.engine)
    var options = GenerationOptions()
    options.maxNewTokens = 8
    options.doSample = true
    options.temperature = 3
    func run(_ seed: UInt64, cache: Bool = true) async throws -> [[Int32]] {
      options.seed = seed
      options.useCache = cache
      return try await model.generate([[3, 4], [5, 6]], options).tokens
    }
    let first = try await run(1)
    #expect(try await run(1) == first)
    #expect(try await run(1, cache: false) == first)
    #expect(try await run(2) != first)
    // One candidate is no choice.
    options.topK = 1
    let greedy = try await model.generate([[3, 4]], GenerationOptions.greedy(8)).tokens
    #expect(try await model.generate([[3, 4]], options).tokens == greedy)
    options.topK = 0
    options.topP = 1e-9
    #expect(try await model.generate([[3, 4]], options).tokens == greedy)
  }

  /// The distribution that is drawn from is the one that the options describe: many draws, against exact probabilities.
  @Test func samplingFollowsTheProbabilities() async throws {
    let golden = try GenerationGolden("plain")
    let model = try await BertLMHeadModel.fromPretrained(golden.folder, on: .cpu)
    let greedy = try await model.generate([[3, 4]], .greedy(1), outputLogits: true)
    let scores = try #require(greedy.logits).doubles
    var options = GenerationOptions.greedy(1)
    options.doSample = true
    options.temperature = 2
    options.topK = 5
    let best = scores.indices.sorted { scores[$0] > scores[$1] }.prefix(5)
    let weights = best.map { exp(scores[$0] / 2 - scores[best[0]] / 2) }
    let total = weights.reduce(0, +)
    let count = 4000
    options.seed = 7
    let drawn = try await model.generate([[Int32]](repeating: [3, 4], count: count), options).tokens.map { $0[0] }
    for (token, weight) in zip(best, weights) {
      let wanted = weight / total
      let found = Double(drawn.count { $0 == Int32(token) }) / Double(count)
      #expect(abs(found - wanted) < 5 * (wanted * (1 - wanted) / Double(count)).squareRoot(), "\(token)")
    }
    #expect(drawn.allSatisfy { best.contains(Int($0)) })
  }

  @Test func optionsThatMakeNoSense() async throws {
    let model = try await BertLMHeadModel.fromPretrained(GenerationGolden("plain").folder, on: .cpu)
    func refuses(_ name: String, _ change: (inout GenerationOptions) -> Void) async {
      var options = GenerationOptions.greedy(3)
      change(&options)
      await #expect { try await model.generate([[3]], options) } throws: { error in
        if case .badArgument(name, _)? = error as? BertError { true } else { false }
      }
    }
    await refuses("max_new_tokens") { $0.maxNewTokens = 0 }
    await refuses("temperature") { $0.temperature = 0 }
    await refuses("temperature") { $0.temperature = .nan }
    await refuses("top_k") { $0.topK = -1 }
    await refuses("top_p") { $0.topP = 0 }
    await refuses("top_p") { $0.topP = 1.5 }
    await refuses("pad_token_id") { $0.padTokenId = -1 }
    await #expect(throws: BertError.badArgument("input_ids", "has a prompt of no tokens")) {
      try await model.generate([[3], []])
    }
    let limit = model.config.maxPositionEmbeddings
    await #expect(throws: BertError.noRoom(prompt: 0, tokens: 1, new: limit + 1, limit: limit)) {
      try await model.generate([[3]], .greedy(limit + 1))
    }
    #expect(try await model.generate([[3]], .greedy(limit)).tokens[0].count == limit)
    #expect(try await model.generate([]).tokens.isEmpty)
  }
}

extension GenerationOptions {
  fileprivate static func greedy(_ count: Int) -> GenerationOptions {
    var options = GenerationOptions()
    options.maxNewTokens = count
    return options
  }
}

/// One folder of goldens.
private struct GenerationGolden {
  let folder: String
  let tolerance: Double
  let tokens: [[Int32]]
  let logits: [Double]
  let logitShape: [Int]
  private let prompts: [[Int32]]
  private let arguments: ForwardArguments
  private let options: GenerationOptions

  init(_ name: String) throws {
    folder = Goldens.path("generation/" + name)
    let description = try Goldens.json(folder + "/case.json")
    tolerance = try #require(description["relative_tolerance"]?.doubleValue)
    var options = GenerationOptions()
    options.maxNewTokens = try #require(description["max_new_tokens"]?.intValue)
    options.eosTokenId = description["eos_token_id"]?.intValue.map(Int32.init)
    options.padTokenId = Int32(description["pad_token_id"]?.intValue ?? 0)
    self.options = options
    arguments = try Goldens.arguments(folder + "/inputs.safetensors")
    let input = arguments.input
    let length = input.sequenceLength
    prompts = (0..<input.batchSize).map { sequence in
      (0..<length).map { sequence * length + $0 }.filter { input.attentionMask?[$0] ?? 1 != 0 }
        .map { input.inputIds[$0] }
    }
    let outputs = try SafetensorsFile(path: folder + "/outputs.safetensors")
    logits = try outputs.readFloat64("logits")
    logitShape = try outputs.existingTensor(named: "logits").shape
    let all = try outputs.readInt64("sequences").map(Int32.init)
    let width = try outputs.existingTensor(named: "sequences").shape[1]
    tokens = (0..<input.batchSize).map { sequence in
      let row = Array(all[(sequence * width + length)..<((sequence + 1) * width)])
      guard let end = options.eosTokenId.flatMap(row.firstIndex) else { return row }
      return Array(row[...end])
    }
  }

  func generate(_ model: BertLMHeadModel, useCache: Bool) async throws -> GeneratedSequences {
    var options = options
    options.useCache = useCache
    return try await model.generate(
      prompts, options, encoderHiddenStates: arguments.input.encoderHiddenStates,
      encoderAttentionMask: arguments.input.encoderAttentionMask, outputLogits: true)
  }
}
