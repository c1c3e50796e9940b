// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

/// The comparisons that all parity rests on fail when they must.
@Suite struct ComparisonTests {
  private let wanted = [3.0, -4, 0, 12]

  @Test func equalNumbersDoNotDiffer() {
    #expect(relativeError(wanted, wanted) == 0 && largestDifference(wanted, wanted) == 0)
    #expect(abs(cosineSimilarity(wanted, wanted) - 1) < 1e-15)
    #expect(relativeError([], []) == 0 && largestDifference([], []) == 0)
  }

  @Test func aWrongNumberShows() {
    let found = [3.0, -4, 0, 12.13]
    #expect(abs(relativeError(found, wanted) - 0.01) < 1e-12)
    #expect(abs(largestDifference(found, wanted) - 0.13) < 1e-12)
    #expect(cosineSimilarity(found, wanted) < 1 && cosineSimilarity(wanted.map { -$0 }, wanted) < -0.999)
    #expect(relativeError([0, 0, 0, 0], wanted) == 1 && relativeError(wanted.reversed(), wanted) > 1)
    #expect(cosineSimilarity([1, 0], [0, 1]) == 0)
  }

  @Test func aNumberWhereZeroIsWantedShows() {
    #expect(relativeError([0, 1e-3], [0, 0]) == 1e-3 && largestDifference([0, -1e-3], [0, 0]) == 1e-3)
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity], 0..<4) func noNumberShows(value: Double, at index: Int) {
    var broken = wanted
    broken[index] = value
    // On either side, and on both: a NaN never agrees with anything.
    for (found, wanted) in [(broken, wanted), (wanted, broken), (broken, broken)] {
      #expect(relativeError(found, wanted) == .infinity && largestDifference(found, wanted) == .infinity)
      #expect(!(cosineSimilarity(found, wanted) >= 0.999999))
    }
  }

  @Test func anotherCountShows() {
    for found in [[], [3.0, -4, 0], wanted + [0]] {
      #expect(relativeError(found, wanted) == .infinity && largestDifference(found, wanted) == .infinity)
      #expect(cosineSimilarity(found, wanted).isNaN)
    }
  }

  @Test func zerosHaveNoDirection() { #expect(!(cosineSimilarity([0, 0, 0, 0], wanted) >= 0.999999)) }
}
