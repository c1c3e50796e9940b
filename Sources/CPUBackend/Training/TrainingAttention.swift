// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// Attention that drops weights and writes down each row's log-sum-exp; see `Operation.trainingAttention`.
  func trainingAttention(_ step: Plan.Step, _ training: TrainingAttention) {
    let attention = training.attention
    let (heads, size, width) = (attention.heads, attention.headSize, attention.width)
    let strides = (0...2).map { matrix(step.operands[$0]).columns }
    let ranges = sequenceRanges(step, offsets: 3)
    let seed = training.dropout == nil ? [] : integers(step, 6)
    let (out, logSumExp) = (result(step.results[0]), result(step.results[1]))
    withReals(step, [0, 1, 2]) { operands in
      parallel(ranges.count * heads) { index in
        let (range, head) = (ranges[index / heads], index % heads)
        let query = operands[0] + range.firstQuery * strides[0] + attention.queryColumn + head * size
        let key = operands[1] + range.firstKey * strides[1] + attention.keyColumn + head * size
        let value = operands[2] + range.firstKey * strides[2] + attention.valueColumn + head * size
        let target = out + range.firstQuery * width + head * size
        guard range.keys > 0 else {
          for i in 0..<range.queries {
            (target + i * width).update(repeating: 0, count: size)
            logSumExp[(range.firstQuery + i) * heads + head] = -.infinity
          }
          return
        }
        // Queries in blocks, as in `attention`.
        let rows = min(range.queries, 512)
        let weights = Result.allocate(capacity: rows * range.keys)
        defer { weights.deallocate() }
        for block in stride(from: 0, to: range.queries, by: 512) {
          let count = min(rows, range.queries - block)
          Scalar.matrixProduct(
            query + block * strides[0], stride: strides[0], key, stride: strides[1], transposed: true, into: weights,
            stride: range.keys, rows: count, columns: range.keys, depth: size, alpha: Scalar(attention.scale))
          for i in 0..<count {
            let row = (range.firstQuery + block + i) * heads + head
            let weights = weights + i * range.keys
            logSumExp[row] = softmaxInPlace(weights, seen: range.seen(by: block + i, attention), of: range.keys)
            let kept = factors(training.dropout, seed: seed, row: row, keys: range.keys)
            for j in 0..<range.keys { weights[j] *= kept[j] }
          }
          Scalar.matrixProduct(
            weights, stride: range.keys, value, stride: strides[2], transposed: false, into: target + block * width,
            stride: width, rows: count, columns: size, depth: range.keys, alpha: 1)
        }
      }
    }
  }

  /// Softmax over the first `seen` of a row's `count` scores; the others' weights are 0.
  ///
  /// - Returns: the logarithm of the sum of the exponentials.
  private func softmaxInPlace(_ row: Result, seen: Int, of count: Int) -> Scalar {
    let largest = (0..<seen).reduce(-Scalar.infinity) { max($0, row[$1]) }
    var sum: Scalar = 0
    for j in 0..<seen {
      row[j] = .exponential(row[j] - largest)
      sum += row[j]
    }
    for j in 0..<seen { row[j] /= sum }
    for j in seen..<count { row[j] = 0 }
    return seen > 0 ? largest + .logarithm(sum) : -.infinity
  }
}
