// SPDX-License-Identifier: Apache-2.0

/// The names of BERT's special tokens, under their roles in `tokenizer_config.json`.
public struct SpecialTokens: Sendable, Equatable {
  /// `unk_token`: stands for a word that the vocabulary cannot spell.
  public var unknown: String
  /// `sep_token`: ends a sequence.
  public var separator: String
  /// `pad_token`: fills batches.
  public var padding: String
  /// `cls_token`: starts a sequence.
  public var classification: String
  /// `mask_token`: to be predicted.
  public var mask: String
  /// `additional_special_tokens`.
  public var additional: [String]

  public init(
    unknown: String = "[UNK]", separator: String = "[SEP]", padding: String = "[PAD]",
    classification: String = "[CLS]", mask: String = "[MASK]", additional: [String] = []
  ) {
    self.unknown = unknown
    self.separator = separator
    self.padding = padding
    self.classification = classification
    self.mask = mask
    self.additional = additional
  }

  /// All of them, in Hugging Face's order.
  var all: [String] { [unknown, separator, padding, classification, mask] + additional }
}
