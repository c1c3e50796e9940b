// SPDX-License-Identifier: Apache-2.0

/// Cleans, normalizes and splits a text into words, as the fast Hugging Face tokenizer does for every Unicode scalar.
///
/// Drops control characters, surrounds CJK ideographs with blanks, lower-cases, decomposes and strips accents (see
/// `NormalizerOptions`), then splits at white space and isolates punctuation.
public struct BasicTokenizer: Sendable {
  public let options: NormalizerOptions
  let scanner: WordScanner
  let neverSplit: NeverSplit?

  /// - Parameter neverSplit: words that pass as they are if they stand between white space (or ideographs). The fast
  ///   tokenizer has no such switch; the slow one's meaning is kept.
  public init(_ options: NormalizerOptions = NormalizerOptions(), neverSplit: [String] = []) {
    self.options = options
    scanner = WordScanner(table: .shared(options))
    self.neverSplit = NeverSplit(neverSplit)
  }

  /// The words of a text. Takes linear time.
  public func tokenize(_ text: String) -> [String] {
    var text = text
    var sink = StringSink()
    let buffer = WordBuffer(maxScalars: .max)
    text.withUTF8 { bytes in
      guard let neverSplit else {
        scanner.scan(bytes, origin: 0, buffer: buffer, into: &sink)
        return
      }
      neverSplit.split(bytes, table: scanner.table) { range, word in
        if let word {
          sink.words.append(word)
        } else {
          scanner.scan(UnsafeBufferPointer(rebasing: bytes[range]), origin: 0, buffer: buffer, into: &sink)
        }
      }
    }
    return sink.words
  }

  /// The normalized text, not split, and for each of its scalars the index of the scalar it came from.
  public func normalize(_ text: String) -> (text: String, origins: [Int]) {
    var text = text
    return text.withUTF8 { normalize($0, origin: 0) }
  }

  func normalize(_ text: UnsafeBufferPointer<UInt8>, origin: Int) -> (text: String, origins: [Int]) {
    let (table, data) = (scanner.table, UnicodeData.shared)
    var cursor = ScalarCursor(text, origin: origin)
    var normalized = String.UnicodeScalarView()
    var origins: [Int] = []
    func put(_ element: UInt32, _ origin: Int) {
      guard let scalar = Unicode.Scalar(element & ScalarTable.scalarMask) else { return }
      normalized.append(scalar)
      origins.append(origin)
    }
    while !cursor.isAtEnd {
      let start = cursor
      let scalar = cursor.next()
      let kind = table.entry(scalar) >> 28
      if kind == ScalarTable.Kind.removed { continue }
      if kind >= ScalarTable.Kind.mark {
        cursor = start
        for (element, origin) in MarkRun.read(&cursor, table: table) { put(element, origin) }
      } else {
        for element in table.expand(scalar, data) { put(element, start.index) }
      }
    }
    return (String(normalized), origins)
  }

  private struct StringSink: WordSink {
    var words: [String] = []
    mutating func word(_ buffer: WordBuffer) { words.append(buffer.string) }
  }
}
