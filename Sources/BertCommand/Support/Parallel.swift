// SPDX-License-Identifier: Apache-2.0
import Dispatch

/// What `body` makes of consecutive blocks of `0..<count`, worked on by all cores; in order.
func inParallel<Output: Sendable>(
  _ count: Int, block: Int = 64, _ body: @Sendable (Range<Int>) -> Output
) -> [Output] {
  let blocks = (count + block - 1) / block
  var results = [Output?](repeating: nil, count: blocks)
  results.withUnsafeMutableBufferPointer { results in
    // Each iteration writes only its own element.
    nonisolated(unsafe) let results = results
    DispatchQueue.concurrentPerform(iterations: blocks) { number in
      results[number] = body(number * block..<min(count, (number + 1) * block))
    }
  }
  return results.compactMap { $0 }
}
