// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Testing
import Tokenizers

/// Small valid files, changed at random from fixed seeds: a typed error or a tokenizer that works, never a trap.
@Suite struct MutationTests {
  static let config = """
    {"do_lower_case":true,"strip_accents":null,"never_split":["ab"],"unk_token":"[UNK]",\
    "mask_token":{"content":"[MASK]","lstrip":true},"model_max_length":512,"additional_special_tokens":["<x>"],\
    "clean_up_tokenization_spaces":false,\
    "added_tokens_decoder":{"4":{"content":"[MASK]","lstrip":true,"special":true}}}
    """

  static func seeds() throws -> [[String: [UInt8]]] {
    let flags = try Fixtures.bytes("flags/tokenizer.json")
    let vocab = FileReliabilityTests.vocab(FileReliabilityTests.vocabulary + ["é", "中"])
    return [
      vocab, FileReliabilityTests.json(), ["tokenizer.json": flags],
      vocab.merging(["tokenizer_config.json": Array(config.utf8)]) { $1 },
    ]
  }

  static let snippets = [
    "null", "true", "[]", "{}", "-1", "0", "1e999", "9223372036854775807", "99999999999999999999", "\"\"", "\"[UNK]\"",
    "\"Sequence\"", "\"normalizers\":[]", "\r", "\n", "\n\n", "\u{FEFF}", "\u{0}", "é", "\u{301}", "\\ud800", "##",
    "[MASK]",
    "\"lowercase\":false", "\"normalized\":true", "\"single_word\":true", "\"max_input_chars_per_word\":0",
  ].map { Array($0.utf8) }

  static func mutate(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      let position = Int.random(in: 0...bytes.count, using: &random)
      let end = min(bytes.count, position + Int.random(in: 0...12, using: &random))
      switch Int.random(in: 0..<7, using: &random) {
      case 0 where position < bytes.count: bytes[position] = UInt8.random(in: 0...255, using: &random)
      case 1 where position < bytes.count: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 2: bytes.removeSubrange(position..<end)
      case 3: bytes.insert(contentsOf: Array(bytes[position..<end]), at: position)
      case 4: bytes.replaceSubrange(position..<end, with: snippets.randomElement(using: &random) ?? [])
      case 5: bytes.insert(contentsOf: snippets.randomElement(using: &random) ?? [], at: position)
      default: if Int.random(in: 0..<8, using: &random) == 0 { bytes.removeSubrange(position...) }
      }
    }
  }

  @Test("50,000 mutated files")
  func mutations() throws {
    let seeds = try Self.seeds()
    let parts = 100
    var accepted = [Int](repeating: 0, count: parts)
    accepted.withUnsafeMutableBufferPointer { accepted in
      nonisolated(unsafe) let accepted = accepted
      DispatchQueue.concurrentPerform(iterations: parts) { part in
        var random = SeededGenerator(state: UInt64(part))
        for round in 0..<500 {
          var files = seeds[round % seeds.count]
          let names = files.keys.sorted()
          let name = names[Int.random(in: 0..<names.count, using: &random)]
          if var bytes = files[name] {
            Self.mutate(&bytes, &random)
            files[name] = bytes
          }
          accepted[part] += Self.use(files) ? 1 : 0
        }
      }
    }
    // Neither all refused nor all accepted, or the mutations would test nothing.
    #expect((5_000...45_000).contains(accepted.reduce(0, +)), "\(accepted.reduce(0, +)) accepted")
  }

  /// Loads, and if that succeeds encodes and decodes. True if it did.
  private static func use(_ files: [String: [UInt8]]) -> Bool {
    let tokenizer: BertTokenizer
    do throws(TokenizerError) {
      tokenizer = try BertTokenizer(files: files)
    } catch {
      if error.description.isEmpty { Issue.record("an error without words") }
      return false
    }
    let text = "Aba [MASK] <l> café\u{301} 中b\u{302E}\u{345} abcdefghi <x>! ab dé g"
    do throws(TokenizerError) {
      var options = EncodeOptions(truncation: tokenizer.fileTruncation, padding: tokenizer.filePadding)
      if options.padding != nil { options.padding = Padding(.fixed(9), multipleOf: 8) }
      let encoding = try tokenizer.encode(text, pair: "a [SEP] b", options: options)
      let isInside = encoding.ids.allSatisfy { $0 >= 0 && $0 < tokenizer.vocabularySize }
      let count = text.unicodeScalars.count
      if !isInside || encoding.offsets.contains(where: { $0.upperBound > count }) {
        Issue.record("an id or an offset out of range: \(String(decoding: files.values.first ?? [], as: UTF8.self))")
      }
      _ = tokenizer.decode(encoding.ids)
    } catch {
      if error.description.isEmpty { Issue.record("an error without words") }
    }
    return true
  }
}
