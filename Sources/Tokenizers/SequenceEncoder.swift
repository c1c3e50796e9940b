// SPDX-License-Identifier: Apache-2.0

/// Runs one text through added tokens, words and pieces.
struct SequenceEncoder: Sendable {
  let basic: BasicTokenizer
  let wordPiece: WordPieceTokenizer
  let addedTokens: [AddedToken]
  private let matcher: AddedTokenMatcher
  /// For added tokens that are recognised in the normalized text. Nil: there are none, as with every BERT in use.
  private let normalizedMatcher: AddedTokenMatcher?

  init(
    basic: BasicTokenizer, wordPiece: WordPieceTokenizer, addedTokens: [AddedToken], source: String
  ) throws(TokenizerError) {
    self.basic = basic
    self.wordPiece = wordPiece
    self.addedTokens = addedTokens
    let plain = addedTokens.map { $0.isNormalized ? nil : $0.content }
    let normalized = addedTokens.map { $0.isNormalized ? basic.normalize($0.content).text : nil }
    for forms in [plain, normalized] {
      var byteCount = 0
      for form in forms { byteCount += form?.utf8.count ?? 0 }
      guard byteCount < PieceTrie.maxNodes else {
        throw .vocabularyTooLarge(file: source, bytes: byteCount, limit: PieceTrie.maxNodes - 1)
      }
    }
    matcher = AddedTokenMatcher(addedTokens, forms: plain)
    let second = AddedTokenMatcher(addedTokens, forms: normalized)
    normalizedMatcher = second.isEmpty ? nil : second
  }

  /// Scratch memory for calls of `encode` on one thread.
  func makeBuffer() -> WordBuffer { WordBuffer(maxScalars: wordPiece.maxInputCharsPerWord) }

  /// Feeds all tokens of `text` to the sink, with origins counted from 0.
  func encode<Sink: TokenSink>(_ text: String, buffer: WordBuffer, into sink: inout Sink) {
    var text = text
    text.withUTF8 { bytes in
      split(bytes, matcher, origin: 0, into: &sink) { part, origin, sink in
        if normalizedMatcher == nil {
          return scan(part, origin, basic, buffer, &sink)
        }
        return encodeNormalized(part, origin, buffer, &sink)
      }
    }
  }

  /// Hands added tokens to the sink, and what lies between them to `rest`, which returns the index after its scalars.
  @inline(__always)
  private func split<Sink: TokenSink>(
    _ bytes: UnsafeBufferPointer<UInt8>, _ matcher: AddedTokenMatcher, origin: Int, into sink: inout Sink,
    rest: (UnsafeBufferPointer<UInt8>, Int, inout Sink) -> Int
  ) {
    var (position, index) = (0, origin)
    for match in matcher.matches(in: bytes) {
      if match.start > position {
        index = rest(UnsafeBufferPointer(rebasing: bytes[position..<match.start]), index, &sink)
      } else if match.start < position {
        // Its white space was taken by the token before; as in the fast tokenizer, it has it too.
        index -= UnsafeBufferPointer(rebasing: bytes[match.start..<position]).scalarCount
      }
      let text = UnsafeBufferPointer(rebasing: bytes[match.start..<match.end])
      let end = index + text.scalarCount
      sink.whole(id: addedTokens[match.token].id, text: text, origin: index..<end)
      (position, index) = (match.end, end)
    }
    if position < bytes.count {
      _ = rest(UnsafeBufferPointer(rebasing: bytes[position...]), index, &sink)
    }
  }

  @inline(__always)
  private func scan<Sink: TokenSink>(
    _ part: UnsafeBufferPointer<UInt8>, _ origin: Int, _ basic: BasicTokenizer, _ buffer: WordBuffer,
    _ sink: inout Sink
  ) -> Int {
    guard let neverSplit = basic.neverSplit else {
      return basic.scanner.scan(part, origin: origin, buffer: buffer, into: &sink)
    }
    var index = origin
    neverSplit.split(part, table: basic.scanner.table) { range, word in
      let text = UnsafeBufferPointer(rebasing: part[range])
      guard let word else {
        index = basic.scanner.scan(text, origin: index, buffer: buffer, into: &sink)
        return
      }
      let end = index + text.scalarCount
      sink.whole(id: wordPiece.vocabulary.id(of: word) ?? wordPiece.unknownId, text: text, origin: index..<end)
      index = end
    }
    return index
  }

  /// The way for added tokens that match normalized text: the text is normalized as a whole first.
  private func encodeNormalized<Sink: TokenSink>(
    _ part: UnsafeBufferPointer<UInt8>, _ origin: Int, _ buffer: WordBuffer, _ sink: inout Sink
  ) -> Int {
    guard let normalizedMatcher else { return origin }
    var (text, origins) = basic.normalize(part, origin: origin)
    sink.origins = origins
    let splitter = BasicTokenizer(.none)
    text.withUTF8 { bytes in
      split(bytes, normalizedMatcher, origin: 0, into: &sink) { part, index, sink in
        scan(part, index, splitter, buffer, &sink)
      }
    }
    sink.origins = nil
    origins.removeAll()
    return origin + part.scalarCount
  }
}
