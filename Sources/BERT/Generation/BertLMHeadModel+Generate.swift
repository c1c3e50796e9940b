// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// What a generation gave.
public struct GeneratedSequences: Sendable {
  /// Of each prompt, the tokens that follow it, the end token included. (Hugging Face's `generate` repeats the prompt.)
  public let tokens: [[Int32]]
  /// Scores of the vocabulary at each step, `[B, steps, V]`, zeros for sequences that had ended; nil unless asked for.
  public let logits: Tensor?
}

extension BertLMHeadModel {
  /// Continues prompts token by token.
  ///
  /// Prompts may differ in length; each sequence gets what it would get alone. Positions count the tokens of the prompt
  /// from 0. Source: Hugging Face `GenerationMixin.generate`, greedy search and sampling.
  ///
  /// - Parameters:
  ///   - numbers: of each prompt, what its draws depend on beside the seed; 0, 1, 2 ... where nil.
  ///   - encoderHiddenStates: `[B, E, H]`, for a model with cross attention.
  ///   - encoderAttentionMask: `[B, E]`; all ones where nil.
  ///   - outputLogits: whether the scores of every step are kept.
  ///   - onStep: hears of each step's tokens, one a prompt, nil for those that have ended; false ends the generation.
  /// - Throws: `BertError.badArgument` naming an option or argument; `.noRoom` if a prompt and its new tokens, all but the
  ///   last of which are read, are more than the model takes; `CancellationError` between two steps; the device's error.
  public func generate(
    _ prompts: [[Int32]], _ options: GenerationOptions = GenerationOptions(), numbers: [Int]? = nil,
    encoderHiddenStates: Tensor? = nil,
    encoderAttentionMask: [Int32]? = nil, outputLogits: Bool = false,
    onStep: (([Int32?]) -> Bool)? = nil
  ) async throws -> GeneratedSequences {
    try options.check(config)
    guard config.isDecoder else {
      throw BertError.badArgument("generate", "needs a decoder (is_decoder); this model is an encoder")
    }
    guard let longest = prompts.map(\.count).max() else { return GeneratedSequences(tokens: [], logits: nil) }
    guard prompts.allSatisfy({ !$0.isEmpty }) else {
      throw BertError.badArgument("input_ids", "has a prompt of no tokens")
    }
    guard numbers == nil || numbers?.count == prompts.count else {
      throw BertError.badArgument("numbers", "has \(numbers?.count ?? 0) elements, wanted \(prompts.count)")
    }
    // The last token is generated, never read.
    let (total, overflow) = longest.addingReportingOverflow(options.maxNewTokens - 1)
    guard !overflow, total <= config.maxPositionEmbeddings else {
      throw BertError.noRoom(
        prompt: prompts.firstIndex { $0.count == longest } ?? 0, tokens: longest, new: options.maxNewTokens,
        limit: config.maxPositionEmbeddings)
    }
    var run = GenerationRun(prompts, options, config, numbers: numbers ?? Array(prompts.indices))
    run.encoderHiddenStates = encoderHiddenStates
    run.encoderAttentionMask = encoderAttentionMask
    let cache =
      options.useCache
      ? try await makeCache(
        batchSize: prompts.count, capacity: total, encoderCapacity: encoderHiddenStates?.shape.dropFirst().first ?? 0)
      : nil
    var logits: [[Float]] = []
    for _ in 0..<options.maxNewTokens where !run.hasEnded {
      try Task.checkCancellation()
      let scores = try await network.nextTokenLogits(run.input(cached: cache?.length ?? 0), cache)
      let next = run.append(scores)
      if outputLogits { logits.append(run.masked(scores, next)) }
      if let onStep, !onStep(next) { break }
    }
    return GeneratedSequences(
      tokens: run.generated, logits: outputLogits ? try run.tensor(logits) : nil)
  }
}

/// The sequences of one generation: rectangular, padded on the left, growing on the right.
private struct GenerationRun {
  let options: GenerationOptions
  private let config: BertConfig
  var encoderHiddenStates: Tensor?
  var encoderAttentionMask: [Int32]?
  private(set) var generated: [[Int32]]
  private let prompts: [[Int32]]
  private let numbers: [Int]
  private let longest: Int
  private var ended: [Bool]

  init(_ prompts: [[Int32]], _ options: GenerationOptions, _ config: BertConfig, numbers: [Int]) {
    self.prompts = prompts
    self.numbers = numbers
    self.options = options
    self.config = config
    longest = prompts.map(\.count).max() ?? 0
    generated = [[Int32]](repeating: [], count: prompts.count)
    ended = [Bool](repeating: false, count: prompts.count)
  }

  var hasEnded: Bool { ended.allSatisfy { $0 } }
  private var steps: Int { generated.map(\.count).max() ?? 0 }

  /// The columns from `cached` on. Of a sequence that has ended nothing more is computed: its mask shows what the cache
  /// holds of it, and nothing else.
  func input(cached: Int) throws(BertError) -> BertInput {
    let length = longest + steps
    var (ids, mask, positions): ([Int32], [Int32], [Int32]) = ([], [], [])
    for (sequence, prompt) in prompts.enumerated() {
      let padding = longest - prompt.count
      let row = prompt + generated[sequence]
      let shown =
        padding..<(ended[sequence] ? max(min(cached, longest + generated[sequence].count - 1), padding) : length)
      for column in 0..<length { mask.append(shown.contains(column) ? 1 : 0) }
      for column in cached..<length {
        let place = column - padding
        ids.append(row.indices.contains(place) ? row[place] : options.padTokenId)
        positions.append(Int32(max(place, 0)))
      }
    }
    var input = try BertInput(
      batchSize: prompts.count, sequenceLength: length - cached, inputIds: ids, positionIds: positions)
    input.attentionMask = mask
    input.encoderHiddenStates = encoderHiddenStates
    input.encoderAttentionMask = encoderAttentionMask
    return input
  }

  /// Takes one token for each sequence that has not ended.
  ///
  /// - Parameter scores: one row for each of those sequences, in order.
  mutating func append(_ scores: [Float]) -> [Int32?] {
    let choice = TokenChoice(options: options)
    let step = steps
    var row = 0
    return generated.indices.map { sequence in
      guard !ended[sequence] else { return nil }
      let range = (row * config.vocabSize)..<((row + 1) * config.vocabSize)
      row += 1
      let token = choice.token(scores[range], sequence: numbers[sequence], step: step)
      generated[sequence].append(token)
      ended[sequence] = token == options.eosTokenId
      return token
    }
  }

  /// Scores of all sequences, with zeros for those that got no token.
  func masked(_ scores: [Float], _ next: [Int32?]) -> [Float] {
    var rest = scores[...]
    return next.flatMap { token -> [Float] in
      guard token != nil else { return [Float](repeating: 0, count: config.vocabSize) }
      defer { rest = rest.dropFirst(config.vocabSize) }
      return Array(rest.prefix(config.vocabSize))
    }
  }

  /// `[steps][B * V]` as `[B, steps, V]`.
  func tensor(_ steps: [[Float]]) throws -> Tensor {
    let width = config.vocabSize
    var elements: [Float] = []
    for sequence in prompts.indices {
      for step in steps { elements += step[(sequence * width)..<((sequence + 1) * width)] }
    }
    return try Tensor(.float32(elements), shape: [prompts.count, steps.count, width])
  }
}

extension BertNetwork {
  /// Scores for the token that follows each sequence's last, `[sequences, V]`; sequences of no tokens have none.
  func nextTokenLogits(_ input: BertInput, _ cache: KeyValueCache?) async throws -> [Float] {
    func run(_ contents: CacheContents?) async throws -> ([Float], ForwardCall) {
      var call = try ForwardCall(input, config, head, hasPooler: hasPooler, contents)
      let offsets = call.batch.offsets
      // The last row of each sequence that has any.
      call.select(zip(offsets, offsets.dropFirst()).filter { $0 < $1 }.map { $1 - 1 })
      let results = try await loaded(call.variant).run(call.inputs, outputs: ["logits"], state: cache?.state)
      guard let logits = results["logits"] else { throw GraphError.missingOutput("logits") }
      return (logits.floats, call)
    }
    guard let cache else { return try await run(nil).0 }
    return try await cache.use { contents in
      let (logits, call) = try await run(contents)
      contents = call.contents(after: contents)
      return logits
    }
  }
}
