// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// The mean, of all elements or of those that have a label; see `Operation.mean`.
  func mean(_ step: Plan.Step) {
    let labels = step.operands.count == 2 ? integers(step, 1) : nil
    let all = 0..<sizes(step.operands[0]).reduce(1, *)
    let counts = { (index: Int) in labels?[index] != ignoredLabel }
    let count = labels == nil ? all.count : all.count(where: counts)
    withReals(step, 0) { x in
      result(step.result)[0] = pairwiseSum(all) { counts($0) ? x[$0] : 0 } / Scalar(count)
    }
  }

  /// A sum of halves' sums: its error grows with the logarithm of the count, a plain sum's with the count.
  func pairwiseSum(_ range: Range<Int>, _ element: (Int) -> Scalar) -> Scalar {
    guard range.count > 64 else { return range.reduce(0) { $0 + element($1) } }
    let middle = range.lowerBound + range.count / 2
    return pairwiseSum(range.lowerBound..<middle, element) + pairwiseSum(middle..<range.upperBound, element)
  }
}
