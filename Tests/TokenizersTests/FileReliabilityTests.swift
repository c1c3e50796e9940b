// SPDX-License-Identifier: Apache-2.0

import Glibc
import StrictJSON
import Testing
import Tokenizers

/// RELIABILITY, "config.json, tokenizer files": a typed error that names file and field, or the right tokenizer.
@Suite struct FileReliabilityTests {
  static let vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "##a"]

  static func vocab(_ lines: [String], _ end: String = "\n") -> [String: [UInt8]] {
    ["vocab.txt": Array((lines.joined(separator: end) + end).utf8)]
  }

  /// A small tokenizer.json; `replace` swaps texts in it.
  static func json(_ replace: (String, String)...) -> [String: [UInt8]] {
    let entries = vocabulary.enumerated().map { "\"\($1)\":\($0)" }.joined(separator: ",")
    var text = """
      {"version":"1.0","truncation":{"max_length":128,"strategy":"LongestFirst","stride":0},\
      "padding":{"strategy":{"Fixed":8},"direction":"Right","pad_to_multiple_of":null,"pad_id":0},\
      "added_tokens":[{"id":2,"content":"[CLS]","special":true,"normalized":false}],\
      "normalizer":{"type":"BertNormalizer","lowercase":true},"pre_tokenizer":{"type":"BertPreTokenizer"},\
      "post_processor":{"type":"BertProcessing","sep":["[SEP]",3],"cls":["[CLS]",2]},\
      "decoder":{"type":"WordPiece","prefix":"##","cleanup":true},\
      "model":{"type":"WordPiece","unk_token":"[UNK]","vocab":{\(entries)}}}
      """
    for (old, new) in replace {
      guard let range = text.firstRange(of: old) else { continue }
      text.replaceSubrange(range, with: new)
    }
    return ["tokenizer.json": Array(text.utf8)]
  }

  private func expect(_ error: TokenizerError, _ files: [String: [UInt8]]) {
    #expect(throws: error) { try BertTokenizer(files: files) }
  }

  @Test("the small files are good as they are")
  func good() throws {
    for files in [Self.vocab(Self.vocabulary), Self.json(), Self.json((#""type":"WordPiece","unk"#, #""unk"#))] {
      #expect(try BertTokenizer(files: files).encode("A ba [MASK]c").ids == [2, 5, 6, 7, 4, 1, 3])
    }
  }

  @Test("empty vocabulary")
  func emptyVocabulary() {
    expect(.emptyVocabulary(file: "vocab.txt"), ["vocab.txt": []])
    expect(.emptyVocabulary(file: "vocab.txt"), ["vocab.txt": Array("\n\n".utf8)])
    expect(
      .emptyVocabulary(file: "tokenizer.json"),
      ["tokenizer.json": Array(#"{"model":{"type":"WordPiece","vocab":{}}}"#.utf8)])
    expect(.noTokenizer(directory: "the files given"), [:])
  }

  @Test("missing [UNK]")
  func missingUnknown() {
    let role = "unk_token"
    expect(.missingToken(file: "vocab.txt", role: role, token: "[UNK]"), Self.vocab(["[CLS]", "[SEP]", "a"]))
    expect(
      .missingToken(file: "tokenizer.json", role: role, token: "<unk>"),
      Self.json((#""unk_token":"[UNK]""#, #""unk_token":"<unk>""#)))
    expect(.missingToken(file: "vocab.txt", role: "sep_token", token: "[SEP]"), Self.vocab(["[UNK]", "[CLS]"]))
  }

  @Test("duplicates")
  func duplicates() {
    expect(
      .duplicateToken(file: "vocab.txt", token: "a", first: 5, second: 8), Self.vocab(Self.vocabulary + ["a"]))
    expect(
      .duplicateId(file: "tokenizer.json", id: 5, first: "a", second: "b"), Self.json((#""b":6"#, #""b":5"#)))
    #expect(throws: TokenizerError.self) { try BertTokenizer(files: Self.json((#""b":6"#, #""a":6"#))) }
  }

  @Test("CRLF and BOM")
  func lineEnds() throws {
    // Python's text mode, which the slow tokenizer reads with, takes CR LF and CR for line ends.
    for end in ["\r\n", "\r"] {
      let tokenizer = try BertTokenizer(files: Self.vocab(Self.vocabulary, end))
      #expect(tokenizer.vocabularySize == Self.vocabulary.count)
      #expect(tokenizer.tokenize("baa") == ["b", "##a", "##a"])
    }
    // It takes a BOM for a part of the first token, which is then missing.
    let marked = Self.vocab(["\u{FEFF}" + Self.vocabulary[0]] + Self.vocabulary.dropFirst())
    expect(.byteOrderMark(file: "vocab.txt"), marked)
  }

  @Test("a 1 GB line")
  func hugeLine() throws {
    let long = [UInt8](repeating: 0x61, count: 1 << 20)
    let error = TokenizerError.lineTooLong(file: "vocab.txt", line: 2, bytes: 1 << 20, limit: 1 << 16)
    expect(error, ["vocab.txt": [0x62, 0x0A] + long])
    let directory = try TemporaryDirectory()
    for (name, limit) in [("vocab.txt", 64 << 20), ("tokenizer.json", 128 << 20)] {
      directory.write(name, [])
      // Sparse: nobody may allocate what the cap forbids.
      #expect(truncate(directory.path + "/" + name, 1 << 30) == 0)
      #expect(throws: TokenizerError.file(.tooLarge(path: directory.path + "/" + name, size: 1 << 30, limit: limit))) {
        try BertTokenizer.fromPretrained(directory.path)
      }
    }
  }

  @Test("a FIFO or a directory as file")
  func notAFile() throws {
    for name in ["vocab.txt", "tokenizer.json", "tokenizer_config.json"] {
      let directory = try TemporaryDirectory()
      #expect(mkfifo(directory.path + "/" + name, 0o600) == 0)
      let path = directory.path + "/" + name
      #expect(throws: TokenizerError.file(.notRegular(path: path, kind: "a FIFO"))) {
        try BertTokenizer.fromPretrained(directory.path)
      }
      unlink(path)
      mkdir(path, 0o700)
      #expect(throws: TokenizerError.file(.notRegular(path: path, kind: "a directory"))) {
        try BertTokenizer.fromPretrained(directory.path)
      }
    }
    #expect(throws: TokenizerError.noTokenizer(directory: "/nowhere")) {
      try BertTokenizer.fromPretrained("/nowhere")
    }
  }

  @Test("not UTF-8")
  func notUTF8() {
    expect(.notUTF8(file: "vocab.txt", offset: 3), ["vocab.txt": [0x61, 0x0A, 0x62, 0xFF, 0x0A]])
    expect(.json(file: "tokenizer.json", .notUTF8(offset: 2)), ["tokenizer.json": [0x7B, 0x22, 0xC0, 0xAF]])
  }

  @Test("wrong JSON types")
  func wrongTypes() {
    let file = "tokenizer.json"
    let rows: [(String, String, String, String, String)] = [
      (#""a":5"#, #""a":"5""#, "model.vocab.a", "an integer", "a string"),
      (#""a":5"#, #""a":5.0"#, "model.vocab.a", "an integer", "a number"),
      (#""lowercase":true"#, #""lowercase":1"#, "normalizer.lowercase", "a boolean", "a number"),
      (#"{"type":"BertPreTokenizer"}"#, "[]", "pre_tokenizer", "an object", "an array"),
      (#""unk_token":"[UNK]""#, #""unk_token":{}"#, "model.unk_token", "a string", "an object"),
      (#""content":"[CLS]""#, #""content":true"#, "added_tokens[0].content", "a string", "a boolean"),
    ]
    for (old, new, field, expected, found) in rows {
      expect(.wrongType(file: file, field: field, expected: expected, found: found), Self.json((old, new)))
    }
    let error = TokenizerError.wrongType(
      file: file, field: "the top level", expected: "an object", found: "an array")
    expect(error, [file: Array("[]".utf8)])
    expect(.missingField(file: file, field: "model"), [file: Array("{}".utf8)])
    expect(.missingField(file: file, field: "pre_tokenizer"), Self.json(("pre_tokenizer", "pre")))
  }

  @Test("ids that are negative, not contiguous, or not an added token's")
  func ids() {
    let file = "tokenizer.json"
    expect(.idsNotContiguous(file: file, missing: 5, count: 8), Self.json((#""a":5"#, #""a":50"#)))
    expect(
      .invalidValue(file: file, field: "model.vocab.a", value: "-5", expected: "0...2147483647"),
      Self.json((#""a":5"#, #""a":-5"#)))
    expect(
      .wrongType(file: file, field: "model.vocab.a", expected: "an integer", found: "a number"),
      Self.json((#""a":5"#, #""a":99999999999999999999"#)))
    expect(.addedTokenId(file: file, token: "[CLS]", id: 7, expected: 2), Self.json((#""id":2"#, #""id":7"#)))
    expect(
      .addedTokenId(file: file, token: "<x>", id: 2, expected: 8),
      Self.json((#":"[CLS]","special"#, #":"<x>","special"#)))
    expect(
      .invalidValue(file: file, field: "post_processor.sep[1]", value: "8", expected: "0...7"),
      Self.json((#"["[SEP]",3]"#, #"["[SEP]",8]"#)))
  }

  @Test("what BERT does not use is refused by name")
  func unsupported() {
    let rows = [
      (#"{"type":"WordPiece","unk"#, #"{"type":"BPE","unk"#, "model.type", "BPE"),
      ("BertNormalizer", "NFKC", "normalizer", "NFKC"), ("BertPreTokenizer", "Metaspace", "pre_tokenizer", "Metaspace"),
      ("BertProcessing", "RobertaProcessing", "post_processor", "RobertaProcessing"),
      (#""decoder":{"type":"WordPiece""#, #""decoder":{"type":"ByteLevel""#, "decoder", "ByteLevel"),
      ("LongestFirst", "DoNotTruncate", "truncation.strategy", "DoNotTruncate"),
    ]
    for (old, new, field, found) in rows {
      do {
        _ = try BertTokenizer(files: Self.json((old, new)))
        Issue.record("\(new) was accepted")
      } catch {
        guard case .unsupported("tokenizer.json", field, found, _) = error else {
          Issue.record("\(new): \(error)")
          continue
        }
        #expect(error.description.contains(found))
      }
    }
  }

  @Test("nesting 10^5 and lone surrogates in JSON")
  func hostileJSON() {
    let nested = [UInt8](repeating: UInt8(ascii: "["), count: 100_000)
    #expect(throws: TokenizerError.self) { try BertTokenizer(files: ["tokenizer.json": nested]) }
    #expect(throws: TokenizerError.self) { try BertTokenizer(files: Self.json((#""a":5"#, #""\ud800":5"#))) }
  }

  @Test("each description names the file and says what to do")
  func descriptions() {
    let error = TokenizerError.duplicateToken(file: "/m/vocab.txt", token: "é\u{1B}[2J", first: 1, second: 9)
    #expect(error.description == #"/m/vocab.txt: token "é\u{1B}[2J" has two ids, 1 and 9; remove or rename one"#)
  }
}
