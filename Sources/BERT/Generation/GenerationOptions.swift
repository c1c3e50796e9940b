// SPDX-License-Identifier: Apache-2.0

/// How `BertLMHeadModel.generate` goes on: names and defaults of Hugging Face's `GenerationConfig`.
public struct GenerationOptions: Sendable, Equatable {
  /// Tokens added to each prompt, at most.
  public var maxNewTokens = 20
  /// Whether tokens are drawn; else the likeliest is taken.
  public var doSample = false
  /// Scores are divided by it before a token is drawn.
  public var temperature = 1.0
  /// Only so many of the likeliest tokens are drawn from (more where scores are equal); 0 for all.
  public var topK = 50
  /// Only the likeliest tokens that together have this probability are drawn from; 1 for all.
  public var topP = 1.0
  /// The same seed gives the same tokens, whatever else is in the batch.
  public var seed: UInt64 = 0
  /// The token after which a sequence ends; nil for none.
  public var eosTokenId: Int32?
  /// What stands behind a sequence that has ended.
  public var padTokenId: Int32 = 0
  /// Whether keys and values are kept from step to step; without, each step computes everything anew.
  public var useCache = true

  public init() {}

  /// - Throws: `BertError.badArgument` naming the option.
  func check(_ config: BertConfig) throws(BertError) {
    guard maxNewTokens > 0 else { throw .badArgument("max_new_tokens", "is \(maxNewTokens); it must be above 0") }
    guard temperature > 0, temperature.isFinite else {
      throw .badArgument("temperature", "is \(temperature); it must be above 0")
    }
    guard topK >= 0 else { throw .badArgument("top_k", "is \(topK); it must not be below 0") }
    guard topP > 0, topP <= 1 else { throw .badArgument("top_p", "is \(topP); it must be above 0 and at most 1") }
    guard padTokenId >= 0, Int(padTokenId) < config.vocabSize else {
      throw .badArgument("pad_token_id", "is \(padTokenId); it must be in 0 ..< \(config.vocabSize)")
    }
  }
}
