// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// See `GradientOperation.attentionContext`.
  func attentionContextGradient(_ step: Plan.Step, _ attention: Attention) {
    let (heads, size, width) = (attention.heads, attention.headSize, attention.width)
    let longest = sizes(step.operands[1])[2]
    let valueStride = matrix(step.operands[2]).columns
    let ranges = sequenceRanges(step, offsets: 3)
    for value in step.results { clear(value) }
    let (dprobabilities, dvalue) = (result(step.results[0]), result(step.results[1]))
    withReals(step, [0, 1, 2]) { operands in
      parallel(heads) { head in
        for range in ranges where range.queries > 0 && range.keys > 0 {
          let dout = operands[0] + range.firstQuery * width + head * size
          let weights = (range.firstQuery * heads + head) * longest
          let value = range.firstKey * valueStride + attention.valueColumn + head * size
          Scalar.matrixProduct(
            dout, stride: width, operands[2] + value, stride: valueStride, transposed: true,
            into: dprobabilities + weights, stride: heads * longest, rows: range.queries, columns: range.keys,
            depth: size, alpha: 1)
          Scalar.matrixProduct(
            operands[1] + weights, stride: heads * longest, transposed: true, dout, stride: width, transposed: false,
            into: dvalue + value, stride: valueStride, rows: range.keys, columns: size, depth: range.queries, alpha: 1,
            beta: 1)
        }
      }
    }
  }
}
