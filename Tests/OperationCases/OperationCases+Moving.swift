// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

// Operations that move rows or scale them.
extension OperationCase {
  static let movingCases: [OperationCase] =
    [(128, 12, 768, "BERT "), (1, 1, 1, ""), (5, 3, 21, ""), (13, 2, 514, ""), (0, 3, 6, "")].map {
      rows, heads, columns, prefix in
      OperationCase(
        .scaleHeads(heads: heads), "\(prefix)\(rows) x \(columns), \(heads) heads",
        [.real([.fixed(rows), .fixed(columns)]), .parameter([heads])])
    }
    + [(3, 5, 17), (7, 2, 97), (2, 3, 0)].map { rows, heads, keys in
      OperationCase(
        .scaleHeads(heads: heads), "\(rows) x \(heads) x \(keys)",
        [.real([.tokens, .fixed(heads), .symbol(.longestKeys, plus: 0)]), .real([.fixed(heads)])],
        [.tokens: rows, .longestKeys: keys])
    }
    + [(128, 19, 768, "BERT "), (1, 1, 1, ""), (3, 11, 37, ""), (97, 5, 257, ""), (5, 0, 8, "")].map {
      rows, taken, columns, prefix in
      OperationCase(
        .gatherRows, "\(prefix)\(taken) of \(rows) x \(columns)",
        [.real([.fixed(rows), .fixed(columns)]), .ids([.symbol(.selectedRows, plus: 0)], below: rows)],
        [.selectedRows: taken])
    }
    + [
      (512, 128, 768, 768, "BERT "), (1, 1, 1, 0, ""), (11, 3, 37, 5, ""), (97, 97, 257, 1, ""), (5, 0, 8, 3, ""),
      (64, 33, 16, 16, ""),
    ].map { rows, stored, columns, column, prefix in
      OperationCase(
        .storeRows(column: column), "\(prefix)\(stored) in \(rows) x \(columns) from column \(column)",
        [
          .state([.symbol(.cacheRows, plus: 0), .fixed(columns)]), .real([.tokens, .fixed(columns + column + 2)]),
          .distinctIds([.tokens], below: rows),
        ], [.cacheRows: rows, .tokens: stored])
    }
}
