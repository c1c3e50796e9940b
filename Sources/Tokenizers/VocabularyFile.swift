// SPDX-License-Identifier: Apache-2.0

import StrictJSON

extension Vocabulary {
  /// Reads `vocab.txt`: one token per line, the first has id 0.
  ///
  /// Lines end in LF, CR LF or CR, as in Python's text mode, which the slow tokenizer reads with. White space at the end
  /// of a line is part of the token.
  ///
  /// - Throws: `TokenizerError.file`, `.notUTF8`, `.byteOrderMark` (Hugging Face would make it part of the first token,
  ///   and then miss that token), `.lineTooLong`, `.emptyVocabulary`, `.duplicateToken`.
  public static func read(_ path: String) throws(TokenizerError) -> Vocabulary {
    let bytes: [UInt8]
    do { bytes = try BoundedFile.read(path: path, limit: FileLimits.vocabulary) } catch { throw .file(error) }
    return try parse(bytes, file: path)
  }

  static func parse(_ bytes: [UInt8], file: String) throws(TokenizerError) -> Vocabulary {
    guard !bytes.starts(with: [0xEF, 0xBB, 0xBF]) else { throw .byteOrderMark(file: file) }
    var tokens: [String] = []
    var start = 0
    while start < bytes.count {
      var end = start
      while end < bytes.count, bytes[end] != 0x0A, bytes[end] != 0x0D { end += 1 }
      guard end - start <= FileLimits.line else {
        throw .lineTooLong(file: file, line: tokens.count + 1, bytes: end - start, limit: FileLimits.line)
      }
      guard let token = String(validating: bytes[start..<end], as: UTF8.self) else {
        throw .notUTF8(file: file, offset: start + invalidOffset(bytes[start..<end]))
      }
      tokens.append(token)
      let isCarriageReturnLineFeed = end + 1 < bytes.count && bytes[end] == 0x0D && bytes[end + 1] == 0x0A
      start = end + (isCarriageReturnLineFeed ? 2 : 1)
    }
    guard tokens.contains(where: { !$0.isEmpty }) else { throw .emptyVocabulary(file: file) }
    return try Vocabulary(tokens, source: file)
  }

  /// Where the first ill-formed sequence starts, relative to the slice.
  private static func invalidOffset(_ bytes: ArraySlice<UInt8>) -> Int {
    var decoder = Unicode.UTF8.ForwardParser()
    var iterator = bytes.makeIterator()
    var offset = 0
    while case .valid(let scalar) = decoder.parseScalar(from: &iterator) { offset += scalar.count }
    return offset
  }
}
