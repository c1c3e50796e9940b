// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Logits to probabilities and ranks. Computed in `Double`, so that no logit overflows and no sum loses small terms.
enum Scores {
  /// `exp(x[i] - max) / sum_j exp(x[j] - max)`.
  static func softmax(_ logits: some Collection<Float>) -> [Double] { softmax(logits.lazy.map(Double.init)) }

  /// `exp(x[i] - max) / sum_j exp(x[j] - max)`.
  static func softmax(_ logits: some Collection<Double>) -> [Double] {
    let largest = logits.max() ?? 0
    var sum = 0.0
    var result: [Double] = []
    result.reserveCapacity(logits.count)
    for logit in logits {
      result.append(exp(logit - largest))
      sum += result[result.count - 1]
    }
    for index in result.indices { result[index] /= sum }
    return result
  }

  /// `1 / (1 + exp(-x))`, without overflow on either side.
  static func sigmoid(_ logit: Float) -> Double {
    let power = exp(-Double(logit).magnitude)
    return logit >= 0 ? 1 / (1 + power) : power / (1 + power)
  }

  /// The index of the largest value, of equal ones the first; 0 where there is none.
  static func argmax(_ values: some Collection<Double>) -> Int {
    var (best, largest) = (0, -Double.infinity)
    for (index, value) in values.enumerated() where value > largest { (best, largest) = (index, value) }
    return best
  }

  /// Indices of the `count` largest values, the largest first, equal ones by index.
  static func top(_ count: Int, of values: [Double]) -> [Int] {
    func precedes(_ left: Int, _ right: Int) -> Bool {
      values[left] == values[right] ? left < right : values[left] > values[right]
    }
    // A few of many are found in one pass; sorting all of a vocabulary would take most of the time of a task.
    guard count <= 64, count < values.count else {
      return Array(values.indices.sorted(by: precedes).prefix(max(count, 0)))
    }
    var best: [Int] = []
    for index in values.indices {
      if best.count == count {
        guard let last = best.last, values[index] > values[last] else { continue }
        best.removeLast()
      }
      best.insert(index, at: best.firstIndex { precedes(index, $0) } ?? best.count)
    }
    return best
  }
}
