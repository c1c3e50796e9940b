// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// Attention within each packed sequence; see `Operation.attention`.
  func attention(_ step: Plan.Step, _ attention: Attention) {
    let queryStride = matrix(step.operands[0]).columns
    let keyStride = matrix(step.operands[1]).columns
    let valueStride = matrix(step.operands[2]).columns
    let (queryOffsets, keyStarts, keyEnds) = (integers(step, 3), integers(step, 4), integers(step, 5))
    let size = attention.headSize
    let out = result(step.result)
    withReals(step, 0) { query in
      withReals(step, 1) { key in
        withReals(step, 2) { value in
          parallel((queryOffsets.count - 1) * attention.heads) { index in
            let (sequence, head) = (index / attention.heads, index % attention.heads)
            let (firstQuery, firstKey) = (Int(queryOffsets[sequence]), Int(keyStarts[sequence]))
            let queries = Int(queryOffsets[sequence + 1]) - firstQuery
            let keys = Int(keyEnds[sequence]) - firstKey
            guard queries > 0 else { return }
            let result = out + firstQuery * attention.width + head * size
            guard keys > 0 else {
              for row in 0..<queries { (result + row * attention.width).update(repeating: 0, count: size) }
              return
            }
            // Queries in blocks, counted from the sequence's start: all scores of a sequence of 10^5 tokens are 40 GB.
            let rows = min(queries, 512)
            let scores = Result.allocate(capacity: rows * keys)
            defer { scores.deallocate() }
            for block in stride(from: 0, to: queries, by: rows) {
              let count = min(rows, queries - block)
              Scalar.matrixProduct(
                query + (firstQuery + block) * queryStride + attention.queryColumn + head * size, stride: queryStride,
                key + firstKey * keyStride + attention.keyColumn + head * size, stride: keyStride, transposed: true,
                into: scores, stride: keys, rows: count, columns: keys, depth: size, alpha: Scalar(attention.scale))
              for row in 0..<count {
                let seen = attention.isCausal ? keys - queries + block + row + 1 : keys
                softmaxInPlace(scores + row * keys, seen: min(max(seen, 0), keys), of: keys)
              }
              Scalar.matrixProduct(
                scores, stride: keys, value + firstKey * valueStride + attention.valueColumn + head * size,
                stride: valueStride, transposed: false, into: result + block * attention.width,
                stride: attention.width, rows: count, columns: size, depth: keys, alpha: 1)
            }
          }
        }
      }
    }
  }

  /// Softmax over the first `seen` of a row's `count` scores; the others' weights are 0.
  private func softmaxInPlace(_ row: Result, seen: Int, of count: Int) {
    var largest = row[0]
    for index in 1..<max(seen, 1) { largest = max(largest, row[index]) }
    var sum: Scalar = 0
    for index in 0..<seen {
      row[index] = .exponential(row[index] - largest)
      sum += row[index]
    }
    for index in 0..<seen { row[index] /= sum }
    for index in seen..<count { row[index] = 0 }
  }
}
