// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension OperationCase {
  static let lossCases: [OperationCase] =
    crossEntropyCases + segmentCases
    + [(8, 3, "BERT "), (1, 1, ""), (5, 7, ""), (3, 257, ""), (0, 2, ""), (17, 241, ""), (1, 8193, "")].flatMap {
      rows, columns, prefix in
      [Operation.squaredError, .binaryCrossEntropy].map { operation in
        OperationCase(
          operation, "\(prefix)\(rows) x \(columns)",
          [.real([.fixed(rows), .fixed(columns)]), .real([.fixed(rows), .fixed(columns)])])
      }
    }
    + [[1], [7], [257], [100_000], [8, 3], [313, 320]].map { sizes in
      OperationCase(.mean, sizes == [8, 3] ? "BERT 8 x 3" : "of \(sizes)", [.real(sizes.map(Dimension.fixed))])
    }
    + [(1, 0.0), (7, 0.5), (257, 0.9), (100_000, 0.2), (100_000, 0)].map { rows, ignored in
      OperationCase(
        .mean, "of \(rows) with labels, \(ignored) of them ignored",
        [.real([.fixed(rows)]), .labels([.fixed(rows)], below: 3, ignored: ignored)])
    }
    + [
      ([1], [1, 1]), ([7, 37], [0.5, -2, 3]), ([3, 5, 11], [1]), ([4097], [0.25, 0.75]), ([0, 3], [1, 2]),
      ([2, 4096], [1, -1]),
    ].map { (sizes: [Int], weights: [Double]) in
      OperationCase(
        .weightedSum(weights), sizes == [1] ? "BERT \(weights) of two losses" : "\(weights) of \(sizes)",
        weights.map { _ in .real(sizes.map(Dimension.fixed)) })
    } + [OperationCase(.weightedSum([2]), "[2.0] of a loss", [.real([1])])]

  private static let crossEntropyCases: [OperationCase] =
    [
      (128, 30522, 0.8, "BERT "), (2, 30522, 0, ""), (1, 1, 0, ""), (3, 2, 0, ""), (13, 37, 0.4, ""), (5, 257, 0, ""),
      (7, 1025, 0.5, ""), (9, 5, 1, ""), (0, 3, 0, ""),
    ].map { rows, classes, ignored, prefix in
      OperationCase(
        .crossEntropy, "\(prefix)\(rows) x \(classes), \(ignored) of them ignored",
        [
          .real([.fixed(rows), .fixed(classes)]),
          .labels([.fixed(rows)], below: classes, ignored: ignored),
        ])
    }

  private static let segmentCases: [OperationCase] =
    [
      ([384, 100], 2, 1, 0.0, "BERT "), ([1], 1, 0, 0, ""), ([1, 5, 0, 33, 2], 2, 0, 0.3, ""), ([97], 3, 2, 0, ""),
      ([257, 64], 2, 1, 0, ""), ([4, 9], 2, 0, 1, ""), ([], 2, 0, 0, ""),
    ].map { (lengths: [Int], columns: Int, column: Int, ignored: Double, prefix: String) in
      OperationCase(
        .segmentCrossEntropy(column: column),
        "\(prefix)\(lengths), column \(column) of \(columns), \(ignored) of them ignored",
        [
          .real([.tokens, .fixed(columns)]), .offsets(lengths, segmenting: .tokens),
          .segmentLabels(lengths, ignored: ignored),
        ], dimensions(lengths))
    }
}
