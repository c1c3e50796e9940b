// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// The weights of attention, written out; see `Operation.attentionProbabilities`.
  func attentionProbabilities(_ step: Plan.Step, _ probabilities: AttentionProbabilities) {
    let attention = probabilities.attention
    let (queryStride, keyStride) = (matrix(step.operands[0]).columns, matrix(step.operands[1]).columns)
    let (queryOffsets, keyStarts, keyEnds) = (integers(step, 2), integers(step, 3), integers(step, 4))
    let (heads, size, longest) = (attention.heads, attention.headSize, sizes(step.result)[2])
    let mask = probabilities.hasMask ? bytes(step, 5) : []
    let out = result(step.result)
    withReals(step, 0) { query in
      withReals(step, 1) { key in
        parallel((queryOffsets.count - 1) * heads) { index in
          let (sequence, head) = (index / heads, index % heads)
          let (firstQuery, firstKey) = (Int(queryOffsets[sequence]), Int(keyStarts[sequence]))
          let queries = Int(queryOffsets[sequence + 1]) - firstQuery
          let keys = Int(keyEnds[sequence]) - firstKey
          let rows = out + (firstQuery * heads + head) * longest
          for i in 0..<queries { (rows + i * heads * longest).update(repeating: 0, count: longest) }
          guard queries > 0, keys > 0 else { return }
          let q = query + firstQuery * queryStride + attention.queryColumn + head * size
          let k = key + firstKey * keyStride + attention.keyColumn + head * size
          Scalar.matrixProduct(
            q, stride: queryStride, k, stride: keyStride, transposed: true, into: rows, stride: heads * longest,
            rows: queries, columns: keys, depth: size, alpha: 1)
          for i in 0..<queries {
            let row = rows + i * heads * longest
            if let relative = probabilities.relativePositions {
              addDistances(
                step, relative, table: probabilities.distanceOperand, size: size, query: q + i * queryStride,
                at: firstQuery + i, keys: k, stride: keyStride, at: firstKey, count: keys, to: row)
            }
            var visible = [UInt8](repeating: 1, count: keys)
            for j in 0..<keys {
              let isHidden = probabilities.hasMask && mask[(firstQuery + i) * longest + j] == 0
              if isHidden || (attention.isCausal && j > i + keys - queries) { visible[j] = 0 }
            }
            softmax(Operand(row), visible: visible[...], scale: Scalar(attention.scale), into: row, keys)
          }
        }
      }
    }
  }

  /// Adds the terms with an embedding of the distance to the scores of one query.
  private func addDistances(
    _ step: Plan.Step, _ terms: AttentionProbabilities.RelativePositions, table: Int, size: Int, query: Operand,
    at queryRow: Int, keys: Operand, stride: Int, at firstKey: Int, count: Int, to scores: Result
  ) {
    let positions = (matrix(step.operands[table]).rows + 1) / 2
    let (queryPositions, keyPositions) = (integers(step, table + 1), integers(step, table + 2))
    withReals(step, table) { distances in
      for j in 0..<count {
        let distance = Int(queryPositions[queryRow]) - Int(keyPositions[firstKey + j])
        let embedding = distances + (distance + positions - 1) * size
        let key = keys + j * stride
        for d in 0..<size { scores[j] += query[d] * embedding[d] }
        guard terms == .keyQuery else { continue }
        for d in 0..<size { scores[j] += key[d] * embedding[d] }
      }
    }
  }
}
