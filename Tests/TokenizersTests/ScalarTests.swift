// SPDX-License-Identifier: Apache-2.0

import Dispatch
import StrictJSON
import Testing
import Tokenizers

/// Every Unicode scalar, alone and between letters, against the real tokenizer's answers.
@Suite struct ScalarTests {
  static let blocks = stride(from: UInt32(0), to: 0x110000, by: 256).filter { !(0xD800..<0xE000).contains($0) }

  @Test("words (and ids, offsets) of every scalar", arguments: Fixtures.settings.keys.sorted())
  func everyScalar(setting: String) throws {
    let lines = String(decoding: try Fixtures.bytes("scalars.txt"), as: UTF8.self).split(separator: "\n")
    let line = try #require(lines.first { $0.hasPrefix(setting + " ") })
    let golden = Array(line.utf8.dropFirst(setting.utf8.count + 1))
    #expect(golden.count == Self.blocks.count * 8)

    let tokenizer = try Fixtures.tokenizer(setting)
    let isEncoded = setting == "uncased" || setting == "cased"
    var sums = [String](repeating: "", count: Self.blocks.count)
    sums.withUnsafeMutableBufferPointer { sums in
      nonisolated(unsafe) let sums = sums
      DispatchQueue.concurrentPerform(iterations: Self.blocks.count) { block in
        sums[block] = Self.checksum(Self.blocks[block], tokenizer, isEncoded)
      }
    }
    for (index, block) in Self.blocks.enumerated() {
      let expected = String(decoding: golden[index * 8..<index * 8 + 8], as: UTF8.self)
      let name = "U+" + String(block, radix: 16)
      #expect(sums[index] == expected, "\(setting): the 256 scalars from \(name) on")
    }
  }

  private static func checksum(_ block: UInt32, _ tokenizer: BertTokenizer, _ isEncoded: Bool) -> String {
    var crc = CRC32()
    for value in block..<block + 256 {
      guard let scalar = Unicode.Scalar(value) else { continue }
      for text in [String(scalar), "a" + String(scalar) + "b"] {
        let words = tokenizer.basicTokenizer.tokenize(text)
        crc.update(words.joined(separator: "\u{1}") + "\u{2}")
        if isEncoded, let encoding = try? tokenizer.encode(text) { crc.update(encoding.digest) }
        crc.update("\n")
      }
    }
    let hex = String(crc.value, radix: 16)
    return String(repeating: "0", count: 8 - hex.utf8.count) + hex
  }
}
