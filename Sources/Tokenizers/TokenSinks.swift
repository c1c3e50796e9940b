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

  mutating func word(_ buffer: WordBuffer) {
    let start = ids.count
    if !buffer.isTooLong, wordPiece.pieces(buffer.view, emit: { id, _, _ in ids.append(id) }) { return }
    ids.removeSubrange(start...)
    ids.append(wordPiece.unknownId)
  }

  mutating func whole(id: Int32, text: UnsafeBufferPointer<UInt8>, origin: Range<Int>) { ids.append(id) }
}

/// Collects all that an `Encoding` has.
struct EncodingSink: TokenSink {
  let wordPiece: WordPieceTokenizer
  let sequence: Int
  /// The word that all tokens belong to, where the caller has split the text; nil: words count up.
  var givenWord: Int?
  var origins: [Int]?
  private var words = 0

  private(set) var ids: [Int32] = []
  private(set) var offsets: [Range<Int>] = []
  private(set) var wordIds: [Int?] = []
  /// Tokens that do not read as the vocabulary has them: added tokens with the white space they took.
  private var spelled: [(index: Int, text: String)] = []

  init(_ wordPiece: WordPieceTokenizer, sequence: Int) {
    self.wordPiece = wordPiece
    self.sequence = sequence
  }

  private func original(_ index: Int) -> Int { origins.map { $0[index] } ?? index }

  mutating func word(_ buffer: WordBuffer) {
    let word = givenWord ?? words
    words += 1
    let start = ids.count
    let known =
      !buffer.isTooLong
      && wordPiece.pieces(buffer.view) { id, from, to in
        ids.append(id)
        offsets.append(original(buffer.origin(from))..<original(buffer.origin(to - 1)) + 1)
        wordIds.append(word)
      }
    if known { return }
    ids.removeSubrange(start...)
    offsets.removeSubrange(start...)
    wordIds.removeSubrange(start...)
    ids.append(wordPiece.unknownId)
    offsets.append(original(buffer.firstOrigin)..<original(buffer.lastOrigin) + 1)
    wordIds.append(word)
  }

  mutating func whole(id: Int32, text: UnsafeBufferPointer<UInt8>, origin: Range<Int>) {
    spelled.append((ids.count, String(decoding: text, as: UTF8.self)))
    ids.append(id)
    if origin.isEmpty {
      offsets.append(original(origin.lowerBound)..<original(origin.lowerBound))
    } else {
      offsets.append(original(origin.lowerBound)..<original(origin.upperBound - 1) + 1)
    }
    wordIds.append(givenWord ?? words)
    words += 1
  }

  /// The tokens so far, without special tokens around them.
  func encoding() -> Encoding {
    var encoding = Encoding()
    let strings = wordPiece.vocabulary.tokens
    encoding.ids = ids
    encoding.offsets = offsets
    encoding.wordIds = wordIds
    encoding.tokens = ids.map { Int($0) < strings.count ? strings[Int($0)] : "" }
    for (index, text) in spelled { encoding.tokens[index] = text }
    encoding.typeIds = [Int32](repeating: Int32(sequence), count: ids.count)
    encoding.sequenceIds = [Int?](repeating: sequence, count: ids.count)
    encoding.attentionMask = [Int32](repeating: 1, count: ids.count)
    encoding.specialTokensMask = [Int32](repeating: 0, count: ids.count)
    return encoding
  }
}

extension WordBuffer {
  @inline(__always) var view: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: bytes, count: count) }
}
