// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// From the gradients of the weights to those of query, key and distances; see
  /// `GradientOperation.attentionProbabilities`.
  func attentionProbabilitiesGradient(
    _ step: Plan.Step, _ kind: AttentionProbabilities, _ sharing: GradientOperation.Sharing
  ) {
    let attention = kind.attention
    let (heads, size, scale) = (attention.heads, attention.headSize, Scalar(attention.scale))
    let (longest, rows) = (sizes(step.operands[1])[2], sizes(step.operands[1]).dropLast().reduce(1, *))
    let (queryStride, keyStride) = (matrix(step.operands[2]).columns, matrix(step.operands[3]).columns)
    let ranges = sequenceRanges(step, offsets: 4)
    for result in Set([sharing.query, sharing.key]) { clear(step.results[result]) }
    let (dquery, dkey) = (result(step.results[sharing.query]), result(step.results[sharing.key]))
    let scores = Result.allocate(capacity: rows * longest)
    defer { scores.deallocate() }
    withReals(step, [0, 1, 2, 3]) { operands in
      parallelRows(rows) { block in
        for row in block {
          softmaxGradient(
            operands[0] + row * longest, operands[1] + row * longest, scale: scale, into: scores + row * longest,
            longest)
        }
      }
      parallel(heads) { head in
        for range in ranges where range.queries > 0 && range.keys > 0 {
          let ds = scores + (range.firstQuery * heads + head) * longest
          let query = range.firstQuery * queryStride + attention.queryColumn + head * size
          let key = range.firstKey * keyStride + attention.keyColumn + head * size
          Scalar.matrixProduct(
            ds, stride: heads * longest, transposed: false, operands[3] + key, stride: keyStride, transposed: false,
            into: dquery + query, stride: queryStride, rows: range.queries, columns: size, depth: range.keys,
            alpha: 1, beta: 1)
          Scalar.matrixProduct(
            ds, stride: heads * longest, transposed: true, operands[2] + query, stride: queryStride,
            transposed: false, into: dkey + key, stride: keyStride, rows: range.keys, columns: size,
            depth: range.queries, alpha: 1, beta: 1)
        }
      }
    }
    if let relative = kind.relativePositions { addDistances(step, kind, relative, sharing, ranges, scores) }
  }

  /// Adds the terms with an embedding of the distance, and its own gradient: heads and pairs in their order, since any
  /// of them may have the distance of any other.
  private func addDistances(
    _ step: Plan.Step, _ kind: AttentionProbabilities, _ terms: AttentionProbabilities.RelativePositions,
    _ sharing: GradientOperation.Sharing, _ ranges: [SequenceRange], _ scores: Result
  ) {
    let attention = kind.attention
    let (heads, size) = (attention.heads, attention.headSize)
    let longest = sizes(step.operands[1])[2]
    let (queryStride, keyStride) = (matrix(step.operands[2]).columns, matrix(step.operands[3]).columns)
    let positions = (matrix(step.operands[7]).rows + 1) / 2
    let (queryPositions, keyPositions) = (integers(step, 8), integers(step, 9))
    let (dquery, dkey) = (result(step.results[sharing.query]), result(step.results[sharing.key]))
    let dtable = result(step.results[step.results.count - 1])
    withReals(step, [2, 3, 7]) { operands in
      for range in ranges {
        for head in 0..<heads {
          for i in range.firstQuery..<(range.firstQuery + range.queries) {
            for j in 0..<range.keys {
              let ds = scores[(i * heads + head) * longest + j]
              let distance = Int(queryPositions[i]) - Int(keyPositions[range.firstKey + j]) + positions - 1
              let query = i * queryStride + attention.queryColumn + head * size
              let key = (range.firstKey + j) * keyStride + attention.keyColumn + head * size
              for d in 0..<size {
                let embedding = operands[2][distance * size + d]
                dquery[query + d] += ds * embedding
                dtable[distance * size + d] += ds * operands[0][query + d]
                guard terms == .keyQuery else { continue }
                dkey[key + d] += ds * embedding
                dtable[distance * size + d] += ds * operands[1][key + d]
              }
            }
          }
        }
      }
    }
  }
}
