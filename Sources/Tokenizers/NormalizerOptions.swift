// SPDX-License-Identifier: Apache-2.0

/// The switches of Hugging Face's `BertNormalizer`, under the names of `BertTokenizer`'s configuration.
///
/// Source: https://huggingface.co/docs/tokenizers/api/normalizers (BertNormalizer).
public struct NormalizerOptions: Hashable, Sendable {
  /// Drop control characters and U+FFFD, and turn each white space into a blank.
  public var cleanText: Bool
  /// Put blanks around CJK ideographs, so that each is a word.
  public var tokenizeChineseCharacters: Bool
  /// Decompose (NFD) and drop nonspacing marks. Nil follows `doLowerCase`.
  public var stripAccents: Bool?
  /// Lower-case each scalar.
  public var doLowerCase: Bool

  public init(
    cleanText: Bool = true, tokenizeChineseCharacters: Bool = true, stripAccents: Bool? = nil,
    doLowerCase: Bool = true
  ) {
    self.cleanText = cleanText
    self.tokenizeChineseCharacters = tokenizeChineseCharacters
    self.stripAccents = stripAccents
    self.doLowerCase = doLowerCase
  }

  /// `stripAccents`, or what it follows.
  var stripsAccents: Bool { stripAccents ?? doLowerCase }

  /// Nothing is changed: what is left is splitting at white space and punctuation.
  static let none = NormalizerOptions(
    cleanText: false, tokenizeChineseCharacters: false, stripAccents: false, doLowerCase: false)
}
