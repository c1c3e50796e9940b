// SPDX-License-Identifier: Apache-2.0

/// What a text, or a pair of texts, became. All arrays have one entry per token.
///
/// Source: Hugging Face `tokenizers.Encoding`.
public struct Encoding: Sendable, Equatable {
  /// Token ids, for the word embedding.
  public var ids: [Int32] = []
  /// 0 for the first sequence and its special tokens, 1 for the second (as the post-processor says).
  public var typeIds: [Int32] = []
  /// 1 for tokens, 0 for padding.
  public var attentionMask: [Int32] = []
  /// The tokens as strings: pieces, and special tokens as they stood in the text.
  public var tokens: [String] = []
  /// [start, end) in Unicode scalars of the original text (of the word, if words were given); 0..<0 for special tokens
  /// that were added and for padding.
  public var offsets: [Range<Int>] = []
  /// The index of the word in its sequence; nil for special tokens that were added and for padding.
  public var wordIds: [Int?] = []
  /// 0 for the first sequence, 1 for the second; nil for special tokens that were added and for padding.
  public var sequenceIds: [Int?] = []
  /// 1 for special tokens that were added and for padding, else 0.
  public var specialTokensMask: [Int32] = []
  /// What truncation cut off: one encoding per window, special tokens included. Theirs is empty.
  public var overflowing: [Encoding] = []

  public init() {}

  /// The number of tokens, padding included.
  public var count: Int { ids.count }
}

extension Encoding {
  /// The tokens in `range`, without overflow.
  func slice(_ range: Range<Int>) -> Encoding {
    var part = Encoding()
    part.ids = Array(ids[range])
    part.typeIds = Array(typeIds[range])
    part.attentionMask = Array(attentionMask[range])
    part.tokens = Array(tokens[range])
    part.offsets = Array(offsets[range])
    part.wordIds = Array(wordIds[range])
    part.sequenceIds = Array(sequenceIds[range])
    part.specialTokensMask = Array(specialTokensMask[range])
    return part
  }

  /// Appends another encoding's tokens, not its overflow.
  mutating func append(_ other: Encoding) {
    ids += other.ids
    typeIds += other.typeIds
    attentionMask += other.attentionMask
    tokens += other.tokens
    offsets += other.offsets
    wordIds += other.wordIds
    sequenceIds += other.sequenceIds
    specialTokensMask += other.specialTokensMask
  }

  /// Appends one token that no text stands behind: a special token, or padding.
  mutating func append(special id: Int32, token: String, typeId: Int32, attention: Int32 = 1) {
    ids.append(id)
    typeIds.append(typeId)
    attentionMask.append(attention)
    tokens.append(token)
    offsets.append(0..<0)
    wordIds.append(nil)
    sequenceIds.append(nil)
    specialTokensMask.append(1)
  }
}
