// SPDX-License-Identifier: Apache-2.0
import Dispatch

/// Results of `body(0) ... body(count - 1)` in order, worked on by all cores in blocks.
///
/// - Throws: the error of the smallest index that has one.
func concurrentMap<Item: Sendable, Failure: Error>(
  _ count: Int, _ body: @Sendable (Int) throws(Failure) -> Item
) throws(Failure) -> [Item] {
  let block = max(1, min(64, count / 32))
  let blocks = (count + block - 1) / block
  var results = [Result<Item, Failure>?](repeating: nil, count: count)
  results.withUnsafeMutableBufferPointer { results in
    // Each iteration writes only its own block.
    nonisolated(unsafe) let results = results
    DispatchQueue.concurrentPerform(iterations: blocks) { number in
      for index in number * block..<min(count, (number + 1) * block) {
        results[index] = Result { () throws(Failure) -> Item in try body(index) }
      }
    }
  }
  var items: [Item] = []
  items.reserveCapacity(count)
  for result in results {
    if let item = try result?.get() { items.append(item) }
  }
  return items
}
