// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing
import Tokenizers

/// RELIABILITY, "Text". Time is compared within one run: ten times the text may take ten times as long, not a hundred.
@Suite(.serialized) struct TextReliabilityTests {
  let tokenizer: BertTokenizer
  init() throws { tokenizer = try Fixtures.tokenizer() }

  /// This thread's processor time, in seconds: other programs on the machine do not count.
  private func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// The best of five.
  private func time(_ body: () throws -> Void) rethrows -> Double {
    var best = Double.infinity
    for _ in 0..<5 {
      let start = now()
      try body()
      best = min(best, now() - start)
    }
    return best
  }

  private func expectLinear(
    _ name: String, _ make: (Int) -> String, _ small: Int, idsOnly: Bool = false
  ) throws {
    let (short, long) = (make(small), make(small * 10))
    func encode(_ text: String) throws { _ = idsOnly ? try tokenizer.encodeIds(text) : try tokenizer.encode(text).ids }
    let once = try time { try encode(short) }
    let tenTimes = try time { try encode(long) }
    #expect(tenTimes < 2, "\(name): \(long.utf8.count) bytes took \(tenTimes) s")
    #expect(tenTimes / once < 15, "\(name): \(once) s for a tenth, \(tenTimes) s for the whole")
  }

  @Test("empty, white space only")
  func empty() throws {
    for text in ["", " ", " \t\n\r\u{3000}\u{A0}\u{2028} ", "\u{AD}\u{200B}"] {
      let encoding = try tokenizer.encode(text)
      #expect(encoding.ids == [101, 102])
      #expect(encoding.offsets == [0..<0, 0..<0])
      #expect(try tokenizer.encode(text, pair: text).ids == [101, 102, 102])
      #expect(tokenizer.tokenize(text).isEmpty)
    }
    #expect(try tokenizer.encodeBatch([String]()).isEmpty)
    #expect(tokenizer.decode([]) == "")
  }

  @Test("10 MB in one word (linear time)")
  func oneWord() throws {
    for letter in ["a", "é", "\u{10428}"] {
      try expectLinear("one word", { String(repeating: letter, count: $0) }, 1_000_000)
    }
    let encoding = try tokenizer.encode(String(repeating: "é", count: 10_000_000))
    #expect(encoding.ids == [101, 100, 102])
    #expect(encoding.offsets[1] == 0..<10_000_000)
  }

  @Test("10 MB of words, of punctuation, of ideographs, of brackets (linear time)")
  func manyWords() throws {
    for word in ["hello unaffable ", "!", "中", "[MASK", "["] {
      // Without offsets: 10^7 tokens with all that an encoding has are 1 GB, and the time is the kernel's.
      try expectLinear(word, { String(repeating: word, count: $0) }, 1_000_000 / word.utf8.count, idsOnly: true)
    }
  }

  @Test("10^5 combining marks")
  func combiningMarks() throws {
    // Marks of many classes in falling order, among them some that stay, so that all have to be sorted.
    for marks in ["\u{345}\u{301}\u{316}\u{334}", "\u{345}\u{302E}\u{1D165}\u{334}"] {
      try expectLinear("marks", { "a" + String(repeating: marks, count: $0) + "b" }, 25_000)
    }
    let text = "a" + String(repeating: "\u{301}", count: 100_000) + "b c"
    let encoding = try tokenizer.encode(text)
    #expect(encoding.tokens == ["[CLS]", "ab", "c", "[SEP]"])
    #expect(encoding.offsets == [0..<0, 0..<100_002, 100_003..<100_004, 0..<0])
  }

  @Test("NUL, unassigned and astral scalars")
  func oddScalars() throws {
    #expect(tokenizer.tokenize("a\u{0}b \u{FFFD}c") == ["ab", "c"])
    #expect(tokenizer.tokenize("\u{10FFFD}a\u{E000}b") == ["ab"])
    #expect(tokenizer.tokenize("\u{378} \u{1F600} \u{1F1E9}\u{1F1EA}") == ["[UNK]", "[UNK]", "[UNK]"])
    #expect(tokenizer.basicTokenizer.tokenize("\u{10400}x") == ["\u{10428}x"])
  }

  @Test("100,000 special tokens")
  func specialTokens() throws {
    try expectLinear("[MASK]", { String(repeating: "[MASK]", count: $0) }, 10_000)
    let encoding = try tokenizer.encode(String(repeating: "[MASK] x", count: 50_000))
    #expect(encoding.ids.count == 100_002)
    #expect(encoding.ids.count { $0 == 103 } == 50_000)
    #expect(encoding.offsets[100_000] == 399_999..<400_000)
  }

  @Test("100,000 added tokens")
  func addedTokens() throws {
    var lines = FileReliabilityTests.vocabulary
    for number in 0..<100_000 { lines.append("<\(number)>") }
    let names = (0..<100_000).map { #""<\#($0)>""# }
    let tokenizer = try BertTokenizer(files: [
      "vocab.txt": Array(lines.joined(separator: "\n").utf8),
      "special_tokens_map.json": Array((#"{"additional_special_tokens":["# + names.joined(separator: ",") + "]}").utf8),
    ])
    #expect(try tokenizer.encode("a<99999><7>b").ids == [2, 5, 100_007, 15, 6, 3])
  }

  @Test("longer than the model: nothing is cut unless asked")
  func longerThanTheModel() throws {
    let text = String(repeating: "hello ", count: 1_000)
    #expect(try tokenizer.encode(text).count == 1_002)
    let cut = try tokenizer.encode(text, options: EncodeOptions(truncation: Truncation(maxLength: 512)))
    #expect(cut.count == 512)
    #expect(cut.ids.last == 102)
    #expect(cut.overflowing.isEmpty)
  }

  @Test("pairs where one side eats the budget")
  func greedyPairs() throws {
    let long = String(repeating: "hello ", count: 100)
    func encode(_ a: String, _ b: String?, _ truncation: Truncation) throws -> Encoding {
      try tokenizer.encode(a, pair: b, options: EncodeOptions(truncation: truncation))
    }
    #expect(try encode(long, "a b", Truncation(maxLength: 20)).count == 20)
    #expect(throws: TokenizerError.truncationImpossible(tokens: 2, toRemove: 85, sequence: "second")) {
      try encode(long, "a b", Truncation(maxLength: 20, strategy: .onlySecond))
    }
    #expect(throws: TokenizerError.noPairToTruncate) {
      try encode(long, nil, Truncation(maxLength: 20, strategy: .onlySecond))
    }
    #expect(throws: TokenizerError.maxLengthTooSmall(maxLength: 2, specialTokens: 3)) {
      try encode(long, "a", Truncation(maxLength: 2))
    }
    #expect(throws: TokenizerError.self) { try encode(long, nil, Truncation(maxLength: -1)) }
    #expect(throws: TokenizerError.self) { try encode(long, nil, Truncation(maxLength: 10, stride: 9)) }
    #expect(throws: TokenizerError.self) { try encode(long, nil, Truncation(maxLength: 10, stride: -1)) }
    #expect(throws: TokenizerError.self) { try encode(long, nil, Truncation(maxLength: .min, stride: .max)) }
  }

  @Test("windows and padding that would take all memory")
  func multiplied() throws {
    let long = String(repeating: "hello ", count: 100_000)
    let narrow = Truncation(maxLength: 3_000, stride: 2_996)
    #expect(throws: TokenizerError.self) {
      try tokenizer.encode(long, options: EncodeOptions(truncation: narrow, returnOverflowingTokens: true))
    }
    for padding in [Padding(.fixed(.max)), Padding(.longest, multipleOf: .max)] {
      #expect(throws: TokenizerError.self) {
        try tokenizer.encodeBatch(["a", "b"], options: EncodeOptions(padding: padding))
      }
    }
  }
}
