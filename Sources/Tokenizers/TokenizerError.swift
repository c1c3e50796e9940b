// SPDX-License-Identifier: Apache-2.0

import StrictJSON

/// Everything that can go wrong between a tokenizer's files and an encoding.
///
/// `description` says what, in which file and field, with the numbers, and what to do next.
public enum TokenizerError: Error, Equatable, Sendable {
  // Files.
  case file(FileError)
  case noTokenizer(directory: String)
  case notUTF8(file: String, offset: Int)
  case byteOrderMark(file: String)
  case lineTooLong(file: String, line: Int, bytes: Int, limit: Int)
  case json(file: String, JSONError)
  case wrongType(file: String, field: String, expected: String, found: String)
  case missingField(file: String, field: String)
  case invalidValue(file: String, field: String, value: String, expected: String)
  case unsupported(file: String, field: String, found: String, supported: String)

  // Vocabularies.
  case emptyVocabulary(file: String)
  case vocabularyTooLarge(file: String, bytes: Int, limit: Int)
  case duplicateToken(file: String, token: String, first: Int, second: Int)
  case missingToken(file: String, role: String, token: String)
  case duplicateId(file: String, id: Int, first: String, second: String)
  case idsNotContiguous(file: String, missing: Int, count: Int)
  case addedTokenId(file: String, token: String, id: Int, expected: Int)

  // Encoding.
  case noPairToTruncate
  case truncationImpossible(tokens: Int, toRemove: Int, sequence: String)
  case maxLengthTooSmall(maxLength: Int, specialTokens: Int)
  case strideTooLarge(stride: Int, maxLength: Int, specialTokens: Int)
  case noPaddingToken
  case tooManyTokens(count: Int, limit: Int)
}

extension TokenizerError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .file(let error): "\(error)"
    case .noTokenizer(let directory):
      "\(directory): neither tokenizer.json nor vocab.txt; is this a BERT model's directory?"
    case .notUTF8(let file, let offset): "\(file): byte \(offset) is not UTF-8; convert the file to UTF-8"
    case .byteOrderMark(let file):
      "\(file): starts with a byte order mark, which would become part of the first token; remove its three bytes"
    case .lineTooLong(let file, let line, let bytes, let limit):
      "\(file): line \(line) has \(bytes) bytes, where a token may have \(limit); is this a vocabulary?"
    case .json(let file, let error): "\(file): \(error)"
    case .wrongType(let file, let field, let expected, let found): "\(file): \(field) is \(found), not \(expected)"
    case .missingField(let file, let field): "\(file): \(field) is missing"
    case .invalidValue(let file, let field, let value, let expected):
      "\(file): \(field) is \(brief(value)), where \(expected) is expected"
    case .unsupported(let file, let field, let found, let supported):
      "\(file): \(field) is \(brief(found)), which BERT models do not use; supported: \(supported)"
    case .emptyVocabulary(let file): "\(file): the vocabulary has no token"
    case .vocabularyTooLarge(let file, let bytes, let limit):
      "\(file): the tokens have \(bytes) bytes together, where at most \(limit) are accepted"
    case .duplicateToken(let file, let token, let first, let second):
      "\(file): token \(brief(token)) has two ids, \(first) and \(second); remove or rename one"
    case .missingToken(let file, let role, let token):
      "\(file): the vocabulary lacks \(brief(token)), the \(role); add it, or name another token as \(role)"
    case .duplicateId(let file, let id, let first, let second):
      "\(file): id \(id) is given to \(brief(first)) and to \(brief(second))"
    case .idsNotContiguous(let file, let missing, let count):
      "\(file): \(count) tokens need the ids 0...\(count - 1), but none has id \(missing)"
    case .addedTokenId(let file, let token, let id, let expected):
      "\(file): added token \(brief(token)) says id \(id), but would get \(expected); number added tokens in order"
    case .noPairToTruncate: "truncation only_second needs a second sequence; pass a pair or use longest_first"
    case .truncationImpossible(let tokens, let toRemove, let sequence):
      "\(toRemove) tokens are too many, and the \(sequence) sequence, the only one to be cut, has \(tokens); "
        + "use longest_first or a larger max length"
    case .maxLengthTooSmall(let maxLength, let specialTokens):
      "max length \(maxLength) does not even hold the \(specialTokens) special tokens; use a larger one"
    case .strideTooLarge(let stride, let maxLength, let specialTokens):
      "stride \(stride) must lie in 0..<\(maxLength > specialTokens ? maxLength - specialTokens : 0), "
        + "the max length \(maxLength) less \(specialTokens) special tokens"
    case .noPaddingToken: "padding was asked for, but the tokenizer has no pad token; add one to its files"
    case .tooManyTokens(let count, let limit):
      "this would make \(count) tokens with padding or overflow, where at most \(limit) are accepted"
    }
  }

  /// A quoted token or value, cut where it would bury the message.
  private func brief(_ value: String) -> String {
    var text = "\""
    for (index, scalar) in value.unicodeScalars.enumerated() {
      if index == 60 { return text + "...\"" }
      text += scalar.escaped(asASCII: false)
    }
    return text + "\""
  }
}
