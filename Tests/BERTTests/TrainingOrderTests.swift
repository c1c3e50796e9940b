// SPDX-License-Identifier: Apache-2.0
import BERT
import Testing

/// Which examples come when, and that a run can be taken up anywhere.
@Suite struct TrainingOrderTests {
  @Test func withoutShufflingBatchesFollowTheFileAndGoAround() {
    var order = BatchOrder(count: 5, batchSize: 2, seed: 1, shuffles: false)
    let batches = (0..<6).map { _ in order.next() }
    #expect(batches.map(\.indices) == [[0, 1], [2, 3], [4, 0], [1, 2], [3, 4], [0, 1]])
    #expect(batches.map(\.epoch) == [0, 0, 0, 1, 1, 2])
    #expect(order.batchesPerEpoch == 3)
    var wide = BatchOrder(count: 2, batchSize: 5, seed: 1, shuffles: false)
    #expect(wide.next().indices == [0, 1, 0, 1, 0])
    #expect(wide.cursor == BatchOrder.Cursor(epoch: 2, position: 1))
    #expect(wide.next().indices == [1, 0, 1, 0, 1])
  }

  @Test(arguments: [(1, 1), (7, 3), (8, 4), (3, 10), (1000, 32)])
  func shuffledEpochsHaveEveryExampleOnce(count: Int, batchSize: Int) {
    var order = BatchOrder(count: count, batchSize: batchSize, seed: 7, shuffles: true)
    for epoch in 0..<3 {
      let batches = (0..<order.batchesPerEpoch).map { _ in order.next() }
      #expect(batches.allSatisfy { $0.epoch == epoch })
      #expect(batches.dropLast().allSatisfy { $0.indices.count == min(batchSize, count) })
      #expect(batches.flatMap(\.indices).sorted() == Array(0..<count))
    }
  }

  @Test func ordersDependOnSeedAndEpochAlone() {
    func epochs(_ seed: UInt64, batchSize: Int) -> [[Int]] {
      var order = BatchOrder(count: 100, batchSize: batchSize, seed: seed, shuffles: true)
      return (0..<4).map { _ in (0..<order.batchesPerEpoch).flatMap { _ in order.next().indices } }
    }
    let first = epochs(42, batchSize: 10)
    #expect(first == epochs(42, batchSize: 10))
    #expect(first == epochs(42, batchSize: 7))
    #expect(Set(first).count == 4)
    #expect(Set(first).isDisjoint(with: epochs(43, batchSize: 10)))
    #expect(!first.contains(Array(0..<100)))
  }

  @Test func everyPlaceIsAboutAsLikelyForEveryExample() {
    // 6 orders of 3, drawn 6000 times: 1000 each, with a standard deviation of 29.
    var order = BatchOrder(count: 3, batchSize: 3, seed: 5, shuffles: true)
    var counts: [[Int]: Int] = [:]
    for _ in 0..<6000 { counts[order.next().indices, default: 0] += 1 }
    #expect(counts.count == 6)
    #expect(counts.values.allSatisfy { abs($0 - 1000) < 145 }, "\(counts)")
  }

  @Test(arguments: [true, false]) func aRunGoesOnFromAnyCursor(shuffles: Bool) throws {
    var order = BatchOrder(count: 11, batchSize: 4, seed: 3, shuffles: shuffles)
    var cursors: [BatchOrder.Cursor] = []
    var batches: [[Int]] = []
    for _ in 0..<20 {
      cursors.append(order.cursor)
      batches.append(order.next().indices)
    }
    for (place, cursor) in cursors.enumerated() {
      var resumed = BatchOrder(count: 11, batchSize: 4, seed: 3, shuffles: shuffles)
      try resumed.restore(cursor)
      #expect((place..<20).map { _ in resumed.next().indices } == Array(batches[place...]))
    }
  }

  @Test func aPlaceBeyondTheExamplesIsRefused() {
    var order = BatchOrder(count: 5, batchSize: 2, seed: 3, shuffles: true)
    for (epoch, position) in [(0, 5), (0, -1), (-1, 0), (2, .max)] {
      let wanted =
        "the training data has 5 examples, so there is no going on from example \(position) of epoch \(epoch); "
        + "is it another file than the run began with?"
      #expect(throws: TrainingDataError.place(wanted)) {
        try order.restore(BatchOrder.Cursor(epoch: epoch, position: position))
      }
    }
  }
}
