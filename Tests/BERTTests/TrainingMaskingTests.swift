// SPDX-License-Identifier: Apache-2.0
import BERT
import Testing

/// How many tokens are hidden, and by what.
@Suite struct TrainingMaskingTests {
  /// Rows of words that are one token each.
  private func rows(_ count: Int, words: Int) -> [String] {
    (0..<count).map { row in
      let letters = (0..<words).map { String(UnicodeScalar(UInt8(97 + (row * 7 + $0 * 3) % 26))) }
      return "{\"text\":\"\(letters.joined(separator: " "))\"}"
    }
  }

  private func labels(_ input: BertInput) -> [Int32] {
    guard case .classes(let labels)? = input.labels else { return [] }
    return labels
  }

  /// Within four standard deviations of what is wanted.
  private func isNear(_ count: Int, _ share: Double, of total: Int) -> Bool {
    abs(Double(count) - share * Double(total)) <= 4 * (share * (1 - share) * Double(total)).squareRoot()
  }

  @Test func fifteenOfAHundredAreHidden() throws {
    let folder = try TrainingFolder()
    let set = try folder.set(.maskedLM, rows(400, words: 40))
    let maskId = try #require(folder.tokenizer.maskId)
    var (total, chosen, masked, same, random) = (0, 0, 0, 0, [Int32]())
    for epoch in 0..<4 {
      let input = try set.batch(Array(0..<400), epoch: epoch)
      for (id, label) in zip(input.inputIds, labels(input)) {
        let isSpecial = id == folder.tokenizer.classificationId || id == folder.tokenizer.separatorId
        if label == -100 {
          total += isSpecial ? 0 : 1
          continue
        }
        total += 1
        chosen += 1
        if id == maskId { masked += 1 } else if id == label { same += 1 } else { random.append(id) }
      }
    }
    #expect(total == 4 * 400 * 40 || random.contains { $0 < 5 })
    #expect(isNear(chosen, 0.15, of: total), "\(chosen) of \(total)")
    #expect(isNear(masked, 0.8, of: chosen), "\(masked) of \(chosen)")
    #expect(isNear(random.count, 0.1, of: chosen), "\(random.count) of \(chosen)")
    #expect(isNear(same, 0.1, of: chosen), "\(same) of \(chosen)")
    // Random tokens come from the whole vocabulary.
    let size = folder.tokenizer.vocabularySize
    #expect(isNear(random.count { Int($0) < size / 2 }, 0.5, of: random.count))
    #expect(Set(random).count > size / 2)
  }

  @Test func specialTokensAreNeverHidden() throws {
    let folder = try TrainingFolder()
    let set = try folder.set(.maskedLM, [#"{"text":"[SEP] a [UNK] b [PAD] c [CLS] d [MASK] e"}"#])
    var hidden: Set<Int32> = []
    for epoch in 0..<400 { hidden.formUnion(labels(try set.batch([0], epoch: epoch))) }
    hidden.remove(-100)
    #expect(hidden == Set(["a", "b", "c", "d", "e"].compactMap(folder.tokenizer.id)))
  }

  @Test func masksDependOnSeedEpochAndExampleAlone() throws {
    var folder = try TrainingFolder()
    let lines = rows(20, words: 30)
    let set = try folder.set(.maskedLM, lines)
    let all = try set.batch(Array(0..<20), epoch: 5)
    for index in [0, 7, 19] {
      let alone = try set.batch([index], epoch: 5)
      let range = index * all.sequenceLength..<(index + 1) * all.sequenceLength
      #expect(alone.inputIds == Array(all.inputIds[range]))
      #expect(labels(alone) == Array(labels(all)[range]))
    }
    #expect(try set.batch(Array(0..<20), epoch: 6) != all)
    #expect(try folder.set(.maskedLM, lines).batch(Array(0..<20), epoch: 5) == all)
    folder.arguments.seed += 1
    #expect(try folder.set(.maskedLM, lines).batch(Array(0..<20), epoch: 5) != all)
    // The same text twice has two masks.
    let twice = try folder.set(.maskedLM, [lines[0], lines[0]])
    #expect(try twice.batch([0], epoch: 0) != twice.batch([1], epoch: 0))
  }

  @Test func shortTextsHaveOneTokenToFindAtLeast() throws {
    let set = try TrainingFolder().set(.maskedLM, [#"{"text":"the house"}"#])
    var places: Set<Int> = []
    for epoch in 0..<200 {
      let found = labels(try set.batch([0], epoch: epoch)).enumerated().filter { $0.element != -100 }.map(\.offset)
      #expect(!found.isEmpty)
      places.formUnion(found)
    }
    #expect(places == [1, 2])
  }
}
