// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// The weights are computed once more from the log-sum-exp; see `GradientOperation.attention`.
  func attentionGradient(_ step: Plan.Step, _ training: TrainingAttention, _ sharing: GradientOperation.Sharing) {
    let attention = training.attention
    let (heads, size, width, scale) = (
      attention.heads, attention.headSize, attention.width, Scalar(attention.scale)
    )
    let strides = (3...5).map { matrix(step.operands[$0]).columns }
    let ranges = sequenceRanges(step, offsets: 6)
    let seed = training.dropout == nil ? [] : integers(step, 9)
    for value in step.results { clear(value) }
    let gradients = [sharing.query, sharing.key, sharing.value].map { result(step.results[$0]) }
    withReals(step, [0, 1, 2, 3, 4, 5]) { operands in
      // Sequences one after the other, so that keys which several of them share would be summed in one order.
      parallel(heads) { head in
        for range in ranges where range.queries > 0 && range.keys > 0 {
          let keys = range.keys
          let places = [
            range.firstQuery * strides[0] + attention.queryColumn + head * size,
            range.firstKey * strides[1] + attention.keyColumn + head * size,
            range.firstKey * strides[2] + attention.valueColumn + head * size,
          ]
          let (key, value) = (operands[4] + places[1], operands[5] + places[2])
          let rows = min(range.queries, 512)
          let (weights, scores) = (Result.allocate(capacity: rows * keys), Result.allocate(capacity: rows * keys))
          defer {
            weights.deallocate()
            scores.deallocate()
          }
          for block in stride(from: 0, to: range.queries, by: 512) {
            let (first, count) = (range.firstQuery + block, min(rows, range.queries - block))
            let (dout, out) = (
              operands[0] + first * width + head * size, operands[1] + first * width + head * size
            )
            let query = operands[3] + places[0] + block * strides[0]
            Scalar.matrixProduct(
              query, stride: strides[0], key, stride: strides[1], transposed: true, into: weights, stride: keys,
              rows: count, columns: keys, depth: size, alpha: scale)
            Scalar.matrixProduct(
              dout, stride: width, value, stride: strides[2], transposed: true, into: scores, stride: keys,
              rows: count, columns: keys, depth: size, alpha: 1)
            for i in 0..<count {
              let row = (first + i) * heads + head
              let seen = range.seen(by: block + i, attention)
              let kept = factors(training.dropout, seed: seed, row: row, keys: keys)
              let delta = (0..<size).reduce(0) { $0 + dout[i * width + $1] * out[i * width + $1] }
              for j in 0..<keys {
                let p = j < seen ? Scalar.exponential(weights[i * keys + j] - operands[2][row]) : 0
                scores[i * keys + j] = p * (kept[j] * scores[i * keys + j] - delta)
                weights[i * keys + j] = kept[j] * p
              }
            }
            // `weights` are those of the values now, `scores` the gradients of the scores.
            Scalar.matrixProduct(
              scores, stride: keys, transposed: false, key, stride: strides[1], transposed: false,
              into: gradients[0] + places[0] + block * strides[0], stride: strides[0], rows: count, columns: size,
              depth: keys, alpha: scale, beta: 1)
            Scalar.matrixProduct(
              scores, stride: keys, transposed: true, query, stride: strides[0], transposed: false,
              into: gradients[1] + places[1], stride: strides[1], rows: keys, columns: size, depth: count,
              alpha: scale, beta: 1)
            Scalar.matrixProduct(
              weights, stride: keys, transposed: true, dout, stride: width, transposed: false,
              into: gradients[2] + places[2], stride: strides[2], rows: keys, columns: size, depth: count, alpha: 1,
              beta: 1)
          }
        }
      }
    }
  }
}
