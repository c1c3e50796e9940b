// SPDX-License-Identifier: Apache-2.0

extension BertTokenizer {
  /// Only the ids of a text or a pair, special tokens included: for embedding, where nobody asks for offsets.
  ///
  /// Equal to `encode(...).ids`, several times faster.
  ///
  /// - Throws: `TokenizerError` where truncation is impossible.
  public func encodeIds(
    _ text: String, pair: String? = nil, addSpecialTokens: Bool = true, truncation: Truncation? = nil
  ) throws(TokenizerError) -> [Int32] {
    try encodeIds(text, pair, addSpecialTokens, truncation, encoder.makeBuffer())
  }

  func encodeIds(
    _ text: String, _ pair: String?, _ addSpecialTokens: Bool, _ truncation: Truncation?, _ buffer: WordBuffer
  ) throws(TokenizerError) -> [Int32] {
    let pieces = postProcessor.pieces(isPair: pair != nil, addSpecialTokens: addSpecialTokens)
    let texts = [text] + (pair.map { [$0] } ?? [])
    guard let truncation else {
      var sink = IdSink(wordPieceTokenizer)
      sink.ids.reserveCapacity(texts.reduce(8) { $0 + $1.utf8.count / 4 })
      for piece in pieces {
        switch piece {
        case .sequence(let index, _): encoder.encode(texts[index], buffer: buffer, into: &sink)
        case .special(let special, _, _): sink.ids += special
        }
      }
      return sink.ids
    }

    try truncation.checkStride(specialTokens: PostProcessor.specialCount(postProcessor.single))
    var sequences: [ArraySlice<Int32>] = []
    for text in texts {
      var sink = IdSink(wordPieceTokenizer)
      encoder.encode(text, buffer: buffer, into: &sink)
      sequences.append(sink.ids[...])
    }
    let lengths = try truncation.lengths(
      first: sequences[0].count, second: sequences.count > 1 ? sequences[1].count : nil,
      specialTokens: PostProcessor.specialCount(pieces))
    for (index, length) in zip(sequences.indices, [lengths.first, lengths.second]) {
      let window = try truncation.windows(of: sequences[index].count, length: length, withOverflow: false)[0]
      sequences[index] = sequences[index][window]
    }
    var ids: [Int32] = []
    for piece in pieces {
      switch piece {
      case .sequence(let index, _): ids += sequences[index]
      case .special(let special, _, _): ids += special
      }
    }
    return ids
  }
}
