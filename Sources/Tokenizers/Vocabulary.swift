// SPDX-License-Identifier: Apache-2.0

/// The tokens of a WordPiece model: token `i` has id `i`.
public struct Vocabulary: Sendable {
  /// Tokens by id.
  public let tokens: [String]
  let trie: PieceTrie
  let words: WordTable

  /// The number of tokens.
  public var count: Int { tokens.count }

  /// Indexes a list of tokens.
  ///
  /// Empty tokens, which blank lines of a `vocab.txt` become, have an id but are never found in a text, as in the fast
  /// tokenizer.
  ///
  /// - Parameter source: the file to be named in errors.
  /// - Throws: `TokenizerError.emptyVocabulary`, `.duplicateToken` or `.vocabularyTooLarge`.
  public init(_ tokens: [String], source: String = "the vocabulary") throws(TokenizerError) {
    guard !tokens.isEmpty else { throw .emptyVocabulary(file: source) }
    var byteCount = 0
    for token in tokens { byteCount += token.utf8.count }
    guard byteCount < PieceTrie.maxNodes else {
      throw .vocabularyTooLarge(file: source, bytes: byteCount, limit: PieceTrie.maxNodes - 1)
    }
    trie = PieceTrie(byteCount: byteCount)
    for (id, token) in tokens.enumerated() where !token.isEmpty {
      guard let id = Int32(exactly: id) else { break }  // fewer tokens than bytes, so never
      if let first = trie.insert(token.utf8, id: id) {
        throw .duplicateToken(file: source, token: token, first: Int(first), second: Int(id))
      }
    }
    words = WordTable(tokens, byteCount: byteCount)
    self.tokens = tokens
  }

  /// The id of a token, compared scalar by scalar.
  public func id(of token: String) -> Int32? { trie.id(of: token.utf8) }

  /// The token with an id.
  public func token(for id: Int32) -> String? {
    guard id >= 0, Int(id) < tokens.count else { return nil }
    return tokens[Int(id)]
  }
}
