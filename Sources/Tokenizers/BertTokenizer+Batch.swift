// SPDX-License-Identifier: Apache-2.0

import Dispatch

extension BertTokenizer {
  /// Encodes texts on all cores. The order is kept; padding `.longest` looks at the whole batch.
  ///
  /// - Throws: the `TokenizerError` of the first text, in order, whose truncation is impossible.
  public func encodeBatch(
    _ texts: [String], options: EncodeOptions = EncodeOptions()
  ) throws(TokenizerError) -> [Encoding] {
    try encodeBatch(texts.count, options) { [.text(texts[$0])] }
  }

  /// Encodes pairs of texts on all cores. See `encodeBatch(_:options:)`.
  public func encodeBatch(
    pairs: [(String, String)], options: EncodeOptions = EncodeOptions()
  ) throws(TokenizerError) -> [Encoding] {
    try encodeBatch(pairs.count, options) { [.text(pairs[$0].0), .text(pairs[$0].1)] }
  }

  /// Encodes texts that are split into words already, on all cores. See `encode(words:pair:options:)`.
  public func encodeBatch(
    words: [[String]], options: EncodeOptions = EncodeOptions()
  ) throws(TokenizerError) -> [Encoding] {
    try encodeBatch(words.count, options) { [.words(words[$0])] }
  }

  /// Only the ids of many texts, on all cores. See `encodeIds`.
  public func encodeIdsBatch(
    _ texts: [String], addSpecialTokens: Bool = true, truncation: Truncation? = nil
  ) throws(TokenizerError) -> [[Int32]] {
    try inParallel(texts.count) { index, buffer throws(TokenizerError) in
      try encodeIds(texts[index], nil, addSpecialTokens, truncation, buffer)
    }
  }

  private func encodeBatch(
    _ count: Int, _ options: EncodeOptions, _ inputs: @Sendable (Int) -> [SequenceInput]
  ) throws(TokenizerError) -> [Encoding] {
    var batch = try inParallel(count) { index, buffer throws(TokenizerError) in
      try encodeUnpadded(inputs(index), options, buffer)
    }
    if let padding = options.padding { try pad(&batch, padding) }
    return batch
  }

  /// Results of `body(0) ... body(count - 1)` in order, worked on by all cores in blocks.
  private func inParallel<Item: Sendable>(
    _ count: Int, _ body: @Sendable (Int, WordBuffer) throws(TokenizerError) -> Item
  ) throws(TokenizerError) -> [Item] {
    // Blocks large enough to share a buffer, small enough that the cores end together.
    let block = max(1, min(64, count / 32))
    let blocks = (count + block - 1) / block
    var results = [Result<Item, TokenizerError>?](repeating: nil, count: count)
    results.withUnsafeMutableBufferPointer { results in
      // Each iteration writes only its own block.
      nonisolated(unsafe) let results = results
      DispatchQueue.concurrentPerform(iterations: blocks) { number in
        let buffer = encoder.makeBuffer()
        for index in number * block..<min(count, (number + 1) * block) {
          results[index] = Result { () throws(TokenizerError) -> Item in try body(index, buffer) }
        }
      }
    }
    var items: [Item] = []
    items.reserveCapacity(count)
    for result in results {
      if let item = try result?.get() { items.append(item) }
    }
    return items
  }
}
