// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// Which examples make up each batch: a function of the seed and the place alone, so that a run can be taken up anywhere.
///
/// Shuffled, each epoch has its own order, drawn from seed and epoch, and its last batch is smaller where the count is no
/// multiple of the batch size (Hugging Face's `DataLoader` without `drop_last`). Not shuffled, batches follow the file and
/// go around: one may begin at the file's end and go on at its beginning, so that all have the same size.
public struct BatchOrder: Sendable {
  /// A place between two batches.
  public struct Cursor: Sendable, Equatable {
    /// Passes over the examples that are complete.
    public let epoch: Int
    /// Examples of this pass that have been given out.
    public let position: Int

    public init(epoch: Int, position: Int) {
      self.epoch = epoch
      self.position = position
    }
  }

  /// Where the next batch begins.
  public private(set) var cursor = Cursor(epoch: 0, position: 0)
  public let count: Int
  public let batchSize: Int
  public let seed: UInt64
  public let shuffles: Bool
  /// The order of the cursor's epoch; empty where it is that of the file.
  private var order: [Int] = []

  /// - Parameters:
  ///   - count: examples, at least one.
  ///   - batchSize: examples of a batch, at least one.
  public init(count: Int, batchSize: Int, seed: UInt64, shuffles: Bool) {
    precondition(count > 0 && batchSize > 0, "files and batches are checked before")
    self.count = count
    self.batchSize = batchSize
    self.seed = seed
    self.shuffles = shuffles
    order = permutation(ofEpoch: 0)
  }

  /// Batches that one pass over the examples takes; not shuffled, the last of them goes on at the beginning.
  public var batchesPerEpoch: Int { (count + batchSize - 1) / batchSize }

  /// The next batch: the epoch that it begins in, and the examples by index.
  public mutating func next() -> (epoch: Int, indices: [Int]) {
    let start = cursor
    guard shuffles else {
      let indices = (0..<batchSize).map { (start.position + $0) % count }
      let end = start.position + batchSize
      cursor = Cursor(epoch: start.epoch + end / count, position: end % count)
      return (start.epoch, indices)
    }
    let indices = Array(order[start.position..<min(start.position + batchSize, count)])
    cursor = Cursor(epoch: start.epoch, position: start.position + indices.count)
    if cursor.position == count { go(to: Cursor(epoch: start.epoch + 1, position: 0)) }
    return (start.epoch, indices)
  }

  /// Goes on from a cursor that was kept: the batches are those that followed it then.
  ///
  /// - Throws: `TrainingDataError.place` for a place that these examples do not have.
  public mutating func restore(_ cursor: Cursor) throws(TrainingDataError) {
    guard cursor.epoch >= 0, (0..<count).contains(cursor.position) else {
      throw .place(
        "the training data has \(count) examples, so there is no going on from example \(cursor.position) of epoch "
          + "\(cursor.epoch); is it another file than the run began with?")
    }
    go(to: cursor)
  }

  private mutating func go(to cursor: Cursor) {
    if cursor.epoch != self.cursor.epoch { order = permutation(ofEpoch: cursor.epoch) }
    self.cursor = cursor
  }

  /// Fisher and Yates's shuffle; empty without shuffling.
  private func permutation(ofEpoch epoch: Int) -> [Int] {
    guard shuffles else { return [] }
    var draws = DrawSequence(seed: seed, purpose: .shuffling, epoch: epoch)
    var order = Array(0..<count)
    for last in stride(from: count - 1, to: 0, by: -1) { order.swapAt(last, draws.below(last + 1)) }
    return order
  }
}
