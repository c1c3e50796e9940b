// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// One vector a sequence and mode; see `Operation.pooling`.
  func pooling(_ step: Plan.Step, _ modes: [PoolingMode]) {
    let hidden = matrix(step.operands[0]).columns
    let offsets = integers(step, 1)
    let out = result(step.result)
    withReals(step, 0) { x in
      parallelRows(offsets.count - 1) { block in
        for sequence in block {
          let (start, end) = (Int(offsets[sequence]), Int(offsets[sequence + 1]))
          for (index, mode) in modes.enumerated() {
            let vector = out + (sequence * modes.count + index) * hidden
            pool(x + start * hidden, tokens: end - start, hidden, mode, into: vector)
          }
        }
      }
    }
  }

  private func pool(_ x: Operand, tokens: Int, _ hidden: Int, _ mode: PoolingMode, into vector: Result) {
    vector.update(repeating: 0, count: hidden)
    guard tokens > 0 else { return }
    let count = Scalar(tokens)
    for column in 0..<hidden {
      let state = { (token: Int) in x[token * hidden + column] }
      switch mode {
      case .cls: vector[column] = state(0)
      case .lastToken: vector[column] = state(tokens - 1)
      case .mean: vector[column] = (0..<tokens).reduce(0) { $0 + state($1) } / count
      case .meanSqrtLength: vector[column] = (0..<tokens).reduce(0) { $0 + state($1) } / count.squareRoot()
      case .max: vector[column] = (0..<tokens).reduce(-Scalar.infinity) { Swift.max($0, state($1)) }
      case .weightedMean:
        vector[column] = (0..<tokens).reduce(0) { $0 + Scalar($1 + 1) * state($1) } / (count * (count + 1) / 2)
      }
    }
  }
}
