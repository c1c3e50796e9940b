// SPDX-License-Identifier: Apache-2.0

import StrictJSON
import Testing
import Tokenizers

/// Texts and options against what the real tokenizer made of them.
@Suite struct GoldenTests {
  @Test("I like natural language progressing!")
  func knownSentence() throws {
    let encoding = try Fixtures.tokenizer().encode("I like natural language progressing!")
    #expect(encoding.ids == [101, 1045, 2066, 3019, 2653, 27673, 999, 102])
  }

  @Test("5,300 mixed lines: ids and offsets, uncased and cased; ids alone; batches")
  func mixedLines() throws {
    let (uncased, cased) = (try Fixtures.tokenizer(), try Fixtures.tokenizer("cased"))
    var texts: [String] = []
    var encodings: [Encoding] = []
    for line in try Fixtures.bytes("lines.jsonl").split(separator: 0x0A) {
      let row = try JSON.parse(Array(line))
      let text = try #require(row["text"]?.stringValue)
      let encoding = try uncased.encode(text)
      #expect(encoding.ids.map(Int.init) == row["ids"]?.ints, "\(text.debugDescription)")
      #expect(encoding.flatOffsets == row["offsets"]?.ints, "\(text.debugDescription)")
      #expect(try uncased.encodeIds(text) == encoding.ids)
      var crc = CRC32()
      crc.update(try cased.encode(text).digest)
      #expect(Int(crc.value) == Int(row["cased"]?.stringValue ?? "", radix: 16), "cased: \(text.debugDescription)")
      texts.append(text)
      encodings.append(encoding)
    }
    #expect(texts.count >= 5_000)
    #expect(try uncased.encodeBatch(texts) == encodings)
    #expect(try uncased.encodeIdsBatch(texts) == encodings.map(\.ids))
  }

  @Test("single texts, pairs, truncation and overflow in every strategy")
  func options() throws {
    let tokenizer = try Fixtures.tokenizer()
    for row in try #require(Fixtures.json("cases.json")["encode"]?.arrayValue?.nonEmpty) {
      let expected = try #require(row["expect"])
      let text = try #require(row["a"]?.stringValue)
      var options = EncodeOptions(addSpecialTokens: row["special"]?.boolValue ?? true, returnOverflowingTokens: true)
      if let maxLength = row["max_length"]?.intValue {
        options.truncation = Truncation(
          maxLength: maxLength, strategy: try #require(.init(rawValue: row["strategy"]?.stringValue ?? "")),
          stride: row["stride"]?.intValue ?? 0,
          direction: try #require(.init(rawValue: row["direction"]?.stringValue ?? "")))
      }
      let comment = Comment(rawValue: "\(row)")
      let pair = row["b"]?.stringValue
      if expected["error"] != nil {
        #expect(throws: TokenizerError.self, comment) { try tokenizer.encode(text, pair: pair, options: options) }
        continue
      }
      let encoding = try tokenizer.encode(text, pair: pair, options: options)
      expectEqual(encoding, expected, row)
      let ids = try tokenizer.encodeIds(
        text, pair: pair, addSpecialTokens: options.addSpecialTokens, truncation: options.truncation)
      #expect(ids == encoding.ids, comment)
    }
  }

  @Test("padding: longest, to a length, to a multiple, on either side")
  func padding() throws {
    let tokenizer = try Fixtures.tokenizer()
    for row in try #require(Fixtures.json("cases.json")["pad"]?.arrayValue?.nonEmpty) {
      let padding = Padding(
        row["length"]?.intValue.map { .fixed($0) } ?? .longest, multipleOf: row["multiple"]?.intValue,
        side: try #require(.init(rawValue: row["side"]?.stringValue ?? "")))
      let texts = row["batch"]?.strings ?? []
      let batch = try tokenizer.encodeBatch(texts, options: EncodeOptions(padding: padding))
      let expected = row["expect"]?.arrayValue ?? []
      #expect(batch.count == expected.count)
      for (encoding, golden) in zip(batch, expected) { expectEqual(encoding, golden, row) }
    }
  }

  @Test("texts that are split into words, with word ids")
  func splitWords() throws {
    let tokenizer = try Fixtures.tokenizer()
    for row in try #require(Fixtures.json("cases.json")["words"]?.arrayValue?.nonEmpty) {
      let encoding = try tokenizer.encode(words: row["a"]?.strings ?? [], pair: row["b"]?.strings)
      expectEqual(encoding, try #require(row["expect"]), row)
    }
  }

  @Test("decoding, with and without special tokens and cleaning")
  func decoding() throws {
    let tokenizer = try Fixtures.tokenizer()
    for row in try #require(Fixtures.json("cases.json")["decode"]?.arrayValue?.nonEmpty) {
      let ids = (row["ids"]?.ints ?? []).map { Int32($0) }
      var texts: [String] = []
      for skip in [false, true] {
        for clean in [false, true] {
          texts.append(tokenizer.decode(ids, skipSpecialTokens: skip, cleanUpTokenizationSpaces: clean))
        }
      }
      #expect(texts.map { Array($0.utf8) } == row["skip"]?.strings.map { Array($0.utf8) })
    }
  }

  @Test("added tokens with every flag, and a template out of the ordinary")
  func addedTokenFlags() throws {
    let tokenizer = try BertTokenizer.fromPretrained(Fixtures.directory + "flags")
    for row in try #require(Fixtures.json("flags/cases.json").arrayValue?.nonEmpty) {
      let text = try #require(row["a"]?.stringValue)
      let encoding = try tokenizer.encode(text, pair: row["b"]?.stringValue)
      expectEqual(encoding, try #require(row["expect"]), row)
      let decoded = tokenizer.decode(encoding.ids, cleanUpTokenizationSpaces: false)
      #expect(Array(decoded.utf8) == row["decoded"]?.stringValue.map { Array($0.utf8) }, "\(text)")
    }
  }
}

extension Array {
  /// Nil where there is nothing, so that a table of cases that has become empty fails its test.
  fileprivate var nonEmpty: [Element]? { isEmpty ? nil : self }
}
