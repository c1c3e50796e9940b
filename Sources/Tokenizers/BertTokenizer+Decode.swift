// SPDX-License-Identifier: Apache-2.0

extension BertTokenizer {
  /// The text that ids stand for. Ids beyond the vocabulary are passed over.
  ///
  /// - Parameters:
  ///   - skipSpecialTokens: leave special tokens out.
  ///   - cleanUpTokenizationSpaces: remove the blanks before punctuation and contractions in the whole text; nil: as
  ///     `tokenizer_config.json` says, else true. The decoder of `tokenizer.json` may have done so token by token.
  public func decode(
    _ ids: [Int32], skipSpecialTokens: Bool = false, cleanUpTokenizationSpaces: Bool? = nil
  ) -> String {
    let tokens = convertIdsToTokens(ids, skipSpecialTokens: skipSpecialTokens).compactMap { $0 }
    let text = convertTokensToString(tokens)
    guard cleanUpTokenizationSpaces ?? self.cleanUpTokenizationSpaces else { return text }
    return SpaceCleaner.text.clean(text)
  }

  /// Joins tokens: pieces with "##" to the word before them, others with a blank.
  public func convertTokensToString(_ tokens: [String]) -> String {
    guard let decoder else { return tokens.joined(separator: " ") }
    return decoder.decode(tokens)
  }
}

/// Joins pieces to words.
///
/// Source: Hugging Face `tokenizers.decoders.WordPiece`.
struct PieceDecoder: Sendable, Equatable {
  var prefix = "##"
  /// Remove blanks before punctuation and contractions, within each token and the blank before it.
  var cleansUp = true

  func decode(_ tokens: [String]) -> String {
    var text: [UInt8] = []
    for (index, token) in tokens.enumerated() {
      var piece = Array(token.utf8)
      if index > 0 {
        if piece.starts(with: prefix.utf8) {
          piece.removeFirst(prefix.utf8.count)
        } else {
          piece.insert(UInt8(ascii: " "), at: 0)
        }
      }
      text += cleansUp ? SpaceCleaner.token.clean(piece) : piece
    }
    return String(decoding: text, as: UTF8.self)
  }
}

/// Replaces " ." by "." and the like, one rule after the other.
struct SpaceCleaner: Sendable {
  /// Source: Hugging Face `PreTrainedTokenizerBase.clean_up_tokenization`.
  static let text = SpaceCleaner([
    (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" 's", "'s"),
    (" 've", "'ve"), (" 're", "'re"),
  ])
  /// Source: the cleanup of `tokenizers.decoders.WordPiece`, which has one rule more.
  static let token = SpaceCleaner([
    (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
    (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
  ])

  private let rules: [(pattern: [UInt8], replacement: [UInt8])]

  private init(_ rules: [(String, String)]) { self.rules = rules.map { (Array($0.utf8), Array($1.utf8)) } }

  func clean(_ text: String) -> String { String(decoding: clean(Array(text.utf8)), as: UTF8.self) }

  func clean(_ text: [UInt8]) -> [UInt8] {
    var text = text
    for (pattern, replacement) in rules { text = Self.replace(pattern, by: replacement, in: text) }
    return text
  }

  private static func replace(_ pattern: [UInt8], by replacement: [UInt8], in text: [UInt8]) -> [UInt8] {
    guard pattern.count <= text.count else { return text }
    var result: [UInt8] = []
    var (copied, position) = (0, 0)
    while position + pattern.count <= text.count {
      if text[position] == pattern[0], text[position..<position + pattern.count].elementsEqual(pattern) {
        result += text[copied..<position]
        result += replacement
        position += pattern.count
        copied = position
      } else {
        position += 1
      }
    }
    if copied == 0 { return text }
    return result + text[copied...]
  }
}
