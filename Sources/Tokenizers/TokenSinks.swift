// SPDX-License-Identifier: Apache-2.0

/// Takes the words and the added tokens of a text, and makes tokens of them.
protocol TokenSink: WordSink {
  /// Where each scalar of the text being scanned lies in the original text; nil if they are the same text.
  var origins: [Int]? { get set }
  /// A token that was recognised as a whole.
  mutating func whole(id: Int32, text: UnsafeBufferPointer<UInt8>, origin: Range<Int>)
}

/// Collects ids and nothing else: the path for embedding.
struct IdSink: TokenSink {
  let wordPiece: WordPieceTokenizer
  var origins: [Int]?
  var ids: [Int32] = []

  init(_ wordPiece: WordPieceTokenizer) { self.wordPiece = wordPiece }

  @inline(__always)
  mutating func word(_ buffer: WordBuffer) {
    let id = wordPiece.wholeWord(buffer)
    if id >= 0 { ids.append(id) } else { split(buffer) }
  }

  @inline(never)
  private mutating func split(_ buffer: WordBuffer) {
    let start = ids.count
    if !buffer.isTooLong, wordPiece.pieces(buffer.view, emit: { id, _, _ in ids.append(id) }) { return }
    ids.removeSubrange(start...)
    ids.append(wordPiece.unknownId)
  }

  mutating func whole(id: Int32, text: UnsafeBufferPointer<UInt8>, origin: Range<Int>) { ids.append(id) }
}

/// Collects all that an `Encoding` has, sequence after sequence.
struct EncodingSink: TokenSink {
  let wordPiece: WordPieceTokenizer
  /// The word that all tokens belong to, where the caller has split the text; nil: words count up.
  var givenWord: Int?
  var origins: [Int]?
  var encoding = Encoding()
  private var words = 0
  /// Tokens that do not read as the vocabulary has them: added tokens with the white space they took.
  private var spelled: [(index: Int, text: String)] = []

  init(_ wordPiece: WordPieceTokenizer) { self.wordPiece = wordPiece }

  @inline(__always)
  private func original(_ index: Int) -> Int {
    guard let origins else { return index }
    return origins[index]
  }

  @inline(__always)
  private mutating func append(_ id: Int32, from first: Int, through last: Int, word: Int) {
    encoding.ids.append(id)
    encoding.offsets.append(original(first)..<original(last) + 1)
    encoding.wordIds.append(word)
  }

  @inline(__always)
  mutating func word(_ buffer: WordBuffer) {
    let word = givenWord ?? words
    words += 1
    let id = wordPiece.wholeWord(buffer)
    if id >= 0 {
      append(id, from: buffer.firstOrigin, through: buffer.lastOrigin, word: word)
    } else {
      split(buffer, word)
    }
  }

  @inline(never)
  private mutating func split(_ buffer: WordBuffer, _ word: Int) {
    let start = encoding.ids.count
    let known =
      !buffer.isTooLong
      && wordPiece.pieces(buffer.view) { id, from, to in
        append(id, from: buffer.origin(from), through: buffer.origin(to - 1), word: word)
      }
    if known { return }
    encoding.ids.removeSubrange(start...)
    encoding.offsets.removeSubrange(start...)
    encoding.wordIds.removeSubrange(start...)
    append(wordPiece.unknownId, from: buffer.firstOrigin, through: buffer.lastOrigin, word: word)
  }

  mutating func whole(id: Int32, text: UnsafeBufferPointer<UInt8>, origin: Range<Int>) {
    spelled.append((encoding.ids.count, String(decoding: text, as: UTF8.self)))
    // An added token has at least one scalar, and so has its place in the text.
    let last = max(origin.lowerBound, origin.upperBound - 1)
    append(id, from: origin.lowerBound, through: last, word: givenWord ?? words)
    words += 1
  }

  /// Completes the tokens that came since `start`, all of one sequence.
  mutating func finish(from start: Int, sequence: Int, typeId: Int32) {
    let (strings, ids) = (wordPiece.vocabulary.tokens, encoding.ids)
    let count = ids.count - start
    encoding.tokens.reserveCapacity(ids.count + 1)
    for id in ids[start...] { encoding.tokens.append(Int(id) < strings.count ? strings[Int(id)] : "") }
    for (index, text) in spelled { encoding.tokens[index] = text }
    encoding.typeIds += repeatElement(typeId, count: count)
    encoding.sequenceIds += repeatElement(Int?.some(sequence), count: count)
    encoding.attentionMask += repeatElement(1, count: count)
    encoding.specialTokensMask += repeatElement(0, count: count)
    spelled.removeAll()
    words = 0
    givenWord = nil
  }
}

extension WordBuffer {
  @inline(__always) var view: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: bytes, count: count) }
}
