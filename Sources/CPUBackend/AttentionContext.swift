// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// Sums of values by weights that are written out; see `Operation.attentionContext`.
  func attentionContext(_ step: Plan.Step, _ attention: Attention) {
    let (heads, size, longest) = (attention.heads, attention.headSize, sizes(step.operands[0])[2])
    let stride = matrix(step.operands[1]).columns
    let (queryOffsets, keyStarts, keyEnds) = (integers(step, 2), integers(step, 3), integers(step, 4))
    let out = result(step.result)
    withReals(step, 0) { probabilities in
      withReals(step, 1) { value in
        parallel((queryOffsets.count - 1) * heads) { index in
          let (sequence, head) = (index / heads, index % heads)
          let (firstQuery, firstKey) = (Int(queryOffsets[sequence]), Int(keyStarts[sequence]))
          let queries = Int(queryOffsets[sequence + 1]) - firstQuery
          let keys = Int(keyEnds[sequence]) - firstKey
          let result = out + firstQuery * attention.width + head * size
          guard queries > 0, keys > 0 else {
            for i in 0..<queries { (result + i * attention.width).update(repeating: 0, count: size) }
            return
          }
          Scalar.matrixProduct(
            probabilities + (firstQuery * heads + head) * longest, stride: heads * longest,
            value + firstKey * stride + attention.valueColumn + head * size, stride: stride, transposed: false,
            into: result, stride: attention.width, rows: queries, columns: size, depth: keys, alpha: 1)
        }
      }
    }
  }
}
