// SPDX-License-Identifier: Apache-2.0
import BERT
import ComputeGraph
import Testing

/// What a sentence encoder makes of every kind of text.
@Suite struct TextTests {
  private static func encoders() async throws -> [SentenceEncoder] {
    var encoders: [SentenceEncoder] = []
    for engine in [TestEngine.cpu, .opencl] {
      for name in ["mean-max", "dense-normalize"] {
        encoders.append(try await .fromPretrained(Goldens.path("sentence/" + name), on: engine.engine))
      }
    }
    return encoders
  }

  static let texts: [(what: String, text: String)] = [
    ("empty", ""), ("white space", " \t\n\r\u{A0}\u{3000}\u{2028} "), ("NUL", "a\0b\0"), ("NUL alone", "\0"),
    ("controls", "\u{1}\u{7F}\u{9F}\u{200B}\u{FEFF}"),
    ("combining marks", "e" + String(repeating: "\u{301}", count: 100_000)),
    ("marks alone", String(repeating: "\u{20DD}\u{327}", count: 50_000)), ("unassigned", "\u{378}\u{E0080}\u{10FFFF}"),
    ("astral", "\u{1D400}\u{1F600}\u{20000}\u{1F468}\u{200D}\u{1F469}"), ("private use", "\u{E000}\u{F8FF}\u{100000}"),
    (
      "noncharacters",
      String([0xFFFD, 0xFFFF, 0xFDD0, 0x1FFFE].compactMap { Unicode.Scalar($0) }.map { Character($0) })
    ), ("right to left", "\u{202E}\u{5D0}\u{5D1}\u{627}\u{644}"),
    ("Hangul", "\u{AC00}\u{1100}\u{1161}\u{11A8}"), ("special tokens", "[CLS] [SEP] [PAD] [MASK] [UNK]"),
  ]

  @Test(arguments: texts) func anyTextGetsAVector(what: String, text: String) async throws {
    for encoder in try await Self.encoders() {
      let result = try await encoder.embed([text])
      #expect(result.vectors.count == 1 && result.vectors[0].count == encoder.dimension)
      #expect(result.vectors[0].allSatisfy { $0.isFinite }, "\(what)")
      #expect(result.tokenCount <= encoder.maxSequenceLength)
    }
  }

  @Test func textsOfNothingAreOneText() async throws {
    for encoder in try await Self.encoders() {
      let vectors = bits(try await encoder.encode(["", " ", "\t\n", "\0"]))
      #expect(Set(vectors).count == 1)
    }
  }

  /// In a process of its own: beside hundreds of other tests, seconds say nothing.
  @Test(.timeLimit(.minutes(20)), arguments: ["a", "\u{301}", "\u{4E00}", " a", "\u{10FFFF}"])
  func tenMegabytesInOneGo(piece: String) async {
    await #expect(processExitsWith: .success) { [piece] in
      let text = String(repeating: piece, count: 10_000_000 / piece.utf8.count)
      for encoder in try await Self.encoders() {
        let clock = ContinuousClock()
        let start = clock.now
        let result = try await encoder.embed([text])
        // Under a second on an idle machine; anything but linear time is minutes.
        #expect(clock.now - start < .seconds(30))
        #expect(result.vectors[0].allSatisfy { $0.isFinite } && result.tokenCount <= encoder.maxSequenceLength)
      }
    }
  }

  @Test func whatIsTooLongIsCutAndCounted() async throws {
    for encoder in try await Self.encoders() {
      let word = "a "
      let limit = encoder.maxSequenceLength
      // Special tokens take two places.
      let fits = String(repeating: word, count: limit - 2)
      let result = try await encoder.embed([fits, fits + word, fits + word + "b c d", "a"])
      #expect(result.truncatedCount == 2 && result.tokenCount == 3 * limit + 3)
      #expect(bits([result.vectors[1], result.vectors[2]]) == bits([result.vectors[0], result.vectors[0]]))
    }
  }

  @Test func noTexts() async throws {
    for encoder in try await Self.encoders() {
      let result = try await encoder.embed([])
      #expect(result.vectors.isEmpty && result.truncatedCount == 0 && result.tokenCount == 0)
    }
  }
}
