// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension OperationCase {
  static let softmaxCases: [OperationCase] = [(1, 1, 1), (3, 5, 7), (2, 12, 97), (4, 3, 257), (1, 2, 1025)].map {
    batch, rowsPerBatch, keys in
    OperationCase(
      .maskedSoftmax(scale: 0.25), "\(batch) x \(rowsPerBatch) x \(keys)",
      [
        .real([.fixed(batch * rowsPerBatch), .fixed(keys)]), .mask([.fixed(batch), .fixed(keys)], visible: 0.7),
      ])
  }

  static let poolingCases: [OperationCase] =
    (PoolingMode.allCases.map { [$0] } + [[.cls, .mean], PoolingMode.allCases]).flatMap { modes in
      [([1, 5, 0, 33, 2], 37), ([97], 1), ([3, 64], 384)].map { lengths, hidden in
        pooling(modes, lengths, hidden, "\(modes) of \(lengths) x \(hidden)")
      }
    }

  static func pooling(_ modes: [PoolingMode], _ lengths: [Int], _ hidden: Int, _ what: String) -> OperationCase {
    OperationCase(
      .pooling(modes), what,
      [.real([.tokens, .fixed(hidden)]), .offsets(lengths, segmenting: .tokens)], dimensions(lengths))
  }
}
