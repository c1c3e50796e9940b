// SPDX-License-Identifier: Apache-2.0

import StrictJSON
import Testing
import Tokenizers

/// Files made by scripts/make-tokenizer-goldens.py.
enum Fixtures {
  /// Found by the source file's place: a resource bundle would need Foundation.
  static let directory: String = {
    let file = #filePath
    return String(file[..<(file.lastIndex(of: "/") ?? file.endIndex)]) + "/Fixtures/"
  }()

  static func bytes(_ name: String) throws -> [UInt8] { try BoundedFile.read(path: directory + name, limit: 16 << 20) }

  static func json(_ name: String) throws -> JSON { try JSON.parse(try bytes(name)) }

  /// bert-base-uncased's vocabulary under the settings of the script.
  static func tokenizer(_ setting: String = "uncased") throws -> BertTokenizer {
    try BertTokenizer(vocabulary: try vocabulary.get(), normalizer: try #require(settings[setting]))
  }

  private static let vocabulary = Result { try Vocabulary.read(directory + "uncased/vocab.txt") }

  static let settings: [String: NormalizerOptions] = [
    "uncased": NormalizerOptions(),
    "cased": NormalizerOptions(doLowerCase: false),
    "lower-keep-accents": NormalizerOptions(stripAccents: false),
    "cased-strip-accents": NormalizerOptions(stripAccents: true, doLowerCase: false),
    "bare": NormalizerOptions(cleanText: false, tokenizeChineseCharacters: false, stripAccents: true),
  ]
}

/// CRC-32 as zlib has it.
struct CRC32 {
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
  }

  private var state: UInt32 = ~0
  var value: UInt32 { ~state }

  mutating func update(_ text: String) {
    for byte in text.utf8 { state = Self.table[Int((state ^ UInt32(byte)) & 0xFF)] ^ state >> 8 }
  }
}

extension Encoding {
  /// The serialization that the golden checksums are taken of.
  var digest: String {
    ids.map(\.description).joined(separator: ",") + ";"
      + offsets.map { "\($0.lowerBound),\($0.upperBound)" }.joined(separator: ",")
  }

  var flatOffsets: [Int] { offsets.flatMap { [$0.lowerBound, $0.upperBound] } }
}

extension JSON {
  var ints: [Int] { (arrayValue ?? []).compactMap(\.intValue) }
  var optionalInts: [Int?] { (arrayValue ?? []).map(\.intValue) }
  var strings: [String] { (arrayValue ?? []).compactMap(\.stringValue) }
}

/// Fails, naming the row, where an encoding is not what the golden says. Absent keys are not compared.
func expectEqual(_ encoding: Encoding, _ golden: JSON, _ row: JSON) {
  let comment = Comment(rawValue: "\(row["a"] ?? row), pair \(row["b"] ?? .null)")
  #expect(encoding.ids.map(Int.init) == golden["ids"]?.ints, comment)
  #expect(encoding.flatOffsets == golden["offsets"]?.ints, comment)
  if let values = golden["type_ids"] { #expect(encoding.typeIds.map(Int.init) == values.ints, comment) }
  if let values = golden["attention_mask"] { #expect(encoding.attentionMask.map(Int.init) == values.ints, comment) }
  if let values = golden["special_tokens_mask"] {
    #expect(encoding.specialTokensMask.map(Int.init) == values.ints, comment)
  }
  if let values = golden["tokens"] {
    #expect(encoding.tokens.map { Array($0.utf8) } == values.strings.map { Array($0.utf8) }, comment)
  }
  if let values = golden["word_ids"] { #expect(encoding.wordIds == values.optionalInts, comment) }
  if let values = golden["sequence_ids"] { #expect(encoding.sequenceIds == values.optionalInts, comment) }
  let overflowing = golden["overflowing"]?.arrayValue ?? []
  #expect(encoding.overflowing.count == overflowing.count, comment)
  for (part, golden) in zip(encoding.overflowing, overflowing) { expectEqual(part, golden, row) }
}

/// A small generator (SplitMix64), so that every run draws the same cases.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}
