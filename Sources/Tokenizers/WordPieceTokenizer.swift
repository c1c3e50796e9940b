// SPDX-License-Identifier: Apache-2.0

/// Splits a word into the longest pieces that the vocabulary has, from left to right.
///
/// Pieces after the first carry `continuingSubwordPrefix` ("##"). A word of more than `maxInputCharsPerWord` scalars, or
/// one that cannot be covered, is one unknown token. Source: Hugging Face `WordpieceTokenizer`; arXiv:1609.08144.
public struct WordPieceTokenizer: Sendable {
  public let vocabulary: Vocabulary
  public let unknownToken: String
  public let unknownId: Int32
  /// In Unicode scalars.
  public let maxInputCharsPerWord: Int
  public let continuingSubwordPrefix: String
  private let continuationNode: UInt32?
  private let words: WordTable

  /// - Throws: `TokenizerError.missingToken` if the unknown token is not in the vocabulary.
  public init(
    vocabulary: Vocabulary, unknownToken: String = "[UNK]", maxInputCharsPerWord: Int = 100,
    continuingSubwordPrefix: String = "##", source: String = "the vocabulary"
  ) throws(TokenizerError) {
    guard let unknownId = vocabulary.id(of: unknownToken) else {
      throw .missingToken(file: source, role: "unk_token", token: unknownToken)
    }
    self.vocabulary = vocabulary
    self.unknownToken = unknownToken
    self.unknownId = unknownId
    self.maxInputCharsPerWord = max(0, maxInputCharsPerWord)
    self.continuingSubwordPrefix = continuingSubwordPrefix
    continuationNode = vocabulary.trie.node(at: continuingSubwordPrefix.utf8)
    words = vocabulary.words
  }

  /// The pieces of one word, which is taken as it is: no white space or punctuation is looked for.
  public func tokenize(_ word: String) -> [String] {
    ids(word).map { vocabulary.tokens[Int($0)] }
  }

  /// The piece ids of one word.
  public func ids(_ word: String) -> [Int32] {
    var ids: [Int32] = []
    guard word.unicodeScalars.count <= maxInputCharsPerWord else { return [unknownId] }
    var word = word
    let known = word.withUTF8 { bytes in pieces(bytes) { id, _, _ in ids.append(id) } }
    return known ? ids : [unknownId]
  }

  /// The id of a word that is one piece, or -1.
  @inline(__always)
  func wholeWord(_ buffer: WordBuffer) -> Int32 {
    buffer.isTooLong || buffer.count == 0 ? -1 : words.id(buffer.bytes, buffer.count)
  }

  /// Calls `emit` with the id and the byte bounds of each piece. On false, what was emitted is void.
  @inline(__always)
  func pieces(_ word: UnsafeBufferPointer<UInt8>, emit: (Int32, Int, Int) -> Void) -> Bool {
    let trie = vocabulary.trie
    var start = 0
    var first = PieceTrie.root
    while start < word.count {
      var (node, position, end) = (first, start, start)
      var best: Int32 = -1
      while position < word.count {
        node = trie.step(node, word[position])
        if node == 0 { break }
        position &+= 1
        let id = trie.id(at: node)
        if id >= 0 { (best, end) = (id, position) }
      }
      guard best >= 0 else { return false }
      emit(best, start, end)
      start = end
      guard let continuationNode else { return start == word.count }
      first = continuationNode
    }
    return true
  }
}
