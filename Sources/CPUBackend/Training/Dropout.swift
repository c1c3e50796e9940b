// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// Elements dropped at random, the others scaled; see `Operation.dropout`.
  func dropout(_ step: Plan.Step, _ dropout: Dropout) {
    let count = sizes(step.result).reduce(1, *)
    let (seed, threshold, scale) = (integers(step, 1), dropout.threshold, Scalar(dropout.scale))
    let y = result(step.result)
    withReals(step, 0) { x in
      parallelRows((count + 3) / 4, grain: 1024) { block in
        for group in block {
          let draws = dropout.draws(
            UInt32(truncatingIfNeeded: group), UInt32(truncatingIfNeeded: group >> 32), seed: seed)
          for index in (4 * group)..<min(4 * group + 4, count) {
            y[index] = draws[index % 4] >= threshold ? scale * x[index] : 0
          }
        }
      }
    }
  }

  /// What dropout makes of the weights of one query and head: 0 or `Dropout.scale` for each key; 1 without dropout.
  ///
  /// - Parameter row: the query's row times the number of heads, plus the head.
  func factors(_ dropout: Dropout?, seed: [Int32], row: Int, keys: Int) -> [Scalar] {
    var factors = [Scalar](repeating: 1, count: keys)
    guard let dropout else { return factors }
    for start in stride(from: 0, to: keys, by: 4) {
      let draws = dropout.draws(UInt32(start / 4), UInt32(row), seed: seed)
      for key in start..<min(start + 4, keys) {
        factors[key] = draws[key % 4] >= dropout.threshold ? Scalar(dropout.scale) : 0
      }
    }
    return factors
  }
}
