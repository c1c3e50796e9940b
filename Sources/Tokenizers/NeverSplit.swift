// SPDX-License-Identifier: Apache-2.0

/// Words that pass whole, where they stand alone between white space.
///
/// Source: Hugging Face `BasicTokenizer.never_split`; it compares words after cleaning and before lower-casing.
struct NeverSplit: Sendable {
  private let words: Set<[UInt8]>

  /// Nil if there are no words.
  init?(_ words: [String]) {
    if words.isEmpty { return nil }
    self.words = Set(words.map { Array($0.utf8) })
  }

  /// Cuts a text: `emit` gets byte ranges in order, which cover all of it, each with the word that passes whole or nil.
  func split(
    _ text: UnsafeBufferPointer<UInt8>, table: ScalarTable, emit: (Range<Int>, String?) -> Void
  ) {
    let data = UnicodeData.shared
    var cursor = ScalarCursor(text, origin: 0)
    var cleaned: [UInt8] = []
    var (rest, start) = (0, 0)
    func close(_ end: Int) {
      if words.contains(cleaned) {
        if rest < start { emit(rest..<start, nil) }
        emit(start..<end, String(decoding: cleaned, as: UTF8.self))
        rest = end
      }
      cleaned.removeAll(keepingCapacity: true)
    }
    while !cursor.isAtEnd {
      let before = cursor.position
      let scalar = cursor.next()
      let isIdeograph = table.options.tokenizeChineseCharacters && data.ideographs.contains(scalar)
      if table.entry(scalar) >> 28 == ScalarTable.Kind.removed { continue }
      if isIdeograph || data.whiteSpace.contains(scalar) {
        close(before)
        start = cursor.position
      } else {
        if cleaned.isEmpty { start = before }
        cleaned += text[before..<cursor.position]
      }
    }
    close(text.count)
    if rest < text.count { emit(rest..<text.count, nil) }
  }
}
