// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import Testing

@Suite struct PhiloxTests {
  /// Random123's `kat_vectors`, philox4x32-10.
  @Test func knownAnswers() {
    #expect(Philox.words(counter: .zero, key: .zero) == [0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8])
    #expect(
      Philox.words(counter: .init(repeating: .max), key: .init(repeating: .max))
        == [0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD])
    #expect(
      Philox.words(
        counter: [0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344], key: [0xA409_3822, 0x299F_31D0])
        == [0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1])
  }

  @Test func siteAndSeedAreTheirOwnWords() {
    let draws = Dropout(probability: 0.5, site: 0x1319_8A2E)
      .draws(0x243F_6A88, 0x85A3_08D3, seed: [Int32(bitPattern: 0xA409_3822), 0x299F_31D0])
    #expect(
      draws == Philox.words(counter: [0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0], key: [0xA409_3822, 0x299F_31D0]))
  }

  @Test func thresholdsAreProbabilities() {
    #expect(Dropout(probability: 0, site: 0).threshold == 0)
    #expect(Dropout(probability: 0.5, site: 0).threshold == 1 << 31)
    #expect(Dropout(probability: 0.999_999_999_99, site: 0).threshold == .max)
    // Of 400,000 draws a tenth is dropped, within four deviations.
    let dropout = Dropout(probability: 0.1, site: 7)
    var dropped = 0
    for group in 0..<100_000 {
      let draws = dropout.draws(UInt32(group), 0, seed: [1, 2])
      for word in 0..<4 where draws[word] < dropout.threshold { dropped += 1 }
    }
    #expect(abs(dropped - 40_000) < 760)
  }
}
