// SPDX-License-Identifier: Apache-2.0

/// A token that is recognised in the text before anything else happens to it.
///
/// Source: Hugging Face `tokenizers.AddedToken`.
public struct AddedToken: Sendable, Equatable {
  public var content: String
  public var id: Int32
  /// Left out by `decode` when it skips special tokens.
  public var isSpecial: Bool
  /// Not recognised next to a letter, digit, mark or connector.
  public var singleWord: Bool
  /// Takes the white space on its left with it.
  public var stripsLeft: Bool
  /// Takes the white space on its right with it.
  public var stripsRight: Bool
  /// Recognised in the normalized text, by its own normalized form.
  public var isNormalized: Bool

  public init(
    _ content: String, id: Int32, isSpecial: Bool = true, singleWord: Bool = false, stripsLeft: Bool = false,
    stripsRight: Bool = false, isNormalized: Bool = false
  ) {
    self.content = content
    self.id = id
    self.isSpecial = isSpecial
    self.singleWord = singleWord
    self.stripsLeft = stripsLeft
    self.stripsRight = stripsRight
    self.isNormalized = isNormalized
  }
}

/// Finds added tokens: the leftmost, and of those the longest; matches do not overlap.
struct AddedTokenMatcher: Sendable {
  /// A match, in bytes, with the white space that the token strips.
  struct Match {
    var token: Int
    var start: Int
    var end: Int
  }

  private let tokens: [AddedToken]
  private let trie: PieceTrie
  private let startsToken: [Bool]

  /// - Parameter forms: for each token the text by which it is recognised. Nil: it takes no part.
  init(_ tokens: [AddedToken], forms: [String?]) {
    self.tokens = tokens
    var byteCount = 0
    for form in forms { byteCount += form?.utf8.count ?? 0 }
    trie = PieceTrie(byteCount: byteCount)
    var startsToken = [Bool](repeating: false, count: 256)
    for (index, form) in forms.enumerated() {
      guard let form, let first = form.utf8.first, let id = Int32(exactly: index) else { continue }
      startsToken[Int(first)] = true
      _ = trie.insert(form.utf8, id: id)
    }
    self.startsToken = startsToken
  }

  var isEmpty: Bool { trie.nodes == 1 }

  /// All matches from left to right.
  func matches(in text: UnsafeBufferPointer<UInt8>) -> [Match] {
    if isEmpty { return [] }
    var matches: [Match] = []
    var position = 0
    // Where the last split ended: white space is not given away twice.
    var taken = 0
    startsToken.withUnsafeBufferPointer { startsToken in
      while position < text.count {
        guard startsToken[Int(text[position])], let found = longest(text, position) else {
          position += 1
          continue
        }
        if var match = accept(found, text) {
          if tokens[found.token].stripsLeft { match.start = max(match.start, taken) }
          matches.append(match)
          taken = match.end
        }
        // A match that is not accepted is passed over all the same.
        position = found.end
      }
    }
    return matches
  }

  private func longest(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> Match? {
    var (node, position) = (PieceTrie.root, start)
    var match: Match?
    while position < text.count {
      node = trie.step(node, text[position])
      if node == 0 { break }
      position += 1
      let id = trie.id(at: node)
      if id >= 0 { match = Match(token: Int(id), start: start, end: position) }
    }
    return match
  }

  private func accept(_ match: Match, _ text: UnsafeBufferPointer<UInt8>) -> Match? {
    let token = tokens[match.token]
    var match = match
    let data = UnicodeData.shared
    if token.singleWord {
      if match.start > 0, data.wordNeighbours.contains(text.scalar(before: match.start).scalar) { return nil }
      if match.end < text.count, data.wordNeighbours.contains(text.scalar(at: match.end).scalar) { return nil }
    }
    if token.stripsLeft {
      while match.start > 0 {
        let (scalar, start) = text.scalar(before: match.start)
        guard data.whiteSpace.contains(scalar) else { break }
        match.start = start
      }
    }
    if token.stripsRight {
      while match.end < text.count {
        let (scalar, end) = text.scalar(at: match.end)
        guard data.whiteSpace.contains(scalar) else { break }
        match.end = end
      }
    }
    return match
  }
}

extension UnsafeBufferPointer<UInt8> {
  /// The scalar that starts at a byte of valid UTF-8, and where the next one starts.
  func scalar(at position: Int) -> (scalar: UInt32, end: Int) {
    var cursor = ScalarCursor(UnsafeBufferPointer(rebasing: self[position...]), origin: 0)
    let scalar = cursor.next()
    return (scalar, position + cursor.position)
  }

  /// The scalar that ends before a byte of valid UTF-8, and where it starts.
  func scalar(before position: Int) -> (scalar: UInt32, start: Int) {
    var start = position - 1
    while start > 0, self[start] & 0xC0 == 0x80 { start -= 1 }
    return (scalar(at: start).scalar, start)
  }

  /// The number of scalars in valid UTF-8.
  var scalarCount: Int { reduce(into: 0) { count, byte in if byte & 0xC0 != 0x80 { count += 1 } } }
}
