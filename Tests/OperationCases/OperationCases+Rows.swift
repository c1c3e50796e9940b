// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension OperationCase {
  private static let widths = [1, 7, 37, 60, 97, 257]

  static let rowCases: [OperationCase] =
    [(128, 768, "BERT 128 x 768"), (5, 384, "5 x 384")].map { rows, hidden, what in
      addLayerNorm(rows, hidden, what)
    }
    + widths.flatMap { hidden in
      [
        addLayerNorm(13, hidden, "13 x \(hidden)"),
        OperationCase(
          .layerNorm(epsilon: 1e-5), "3 x \(hidden)",
          [.real([3, .fixed(hidden)]), .parameter([hidden]), .parameter([hidden])]),
        embeddingLayerNorm(11, hidden, "11 x \(hidden)"),
        embeddingLayerNorm(5, hidden, "5 x \(hidden) without ids", hasWordIds: false),
        embeddingLayerNorm(5, hidden, "5 x \(hidden) without positions", hasPositions: false),
        embeddingLayerNorm(3, hidden, "3 x \(hidden) of types alone", hasWordIds: false, hasPositions: false),
        OperationCase(.l2Normalize(epsilon: 1e-12), "7 x \(hidden)", [.real([7, .fixed(hidden)])]),
      ]
    } + [
      embeddingLayerNorm(128, 768, "BERT 128 x 768"), embeddingLayerNorm(1, 384, "1 x 384"),
      embeddingLayerNorm(0, 37, "0 x 37"),
    ]

  static func addLayerNorm(_ rows: Int, _ hidden: Int, _ what: String) -> OperationCase {
    // With one column the variance is 0 and only epsilon divides: the error is that of the bias alone.
    OperationCase(
      .addLayerNorm(epsilon: 1e-12), what,
      [
        .real([.fixed(rows), .fixed(hidden)]), .real([.fixed(rows), .fixed(hidden)]), .parameter([hidden]),
        .parameter([hidden]),
      ], gradientTolerance: gradientTolerance(hidden))
  }

  /// With one column the gradient is 0: the difference of two equal numbers, over the root of epsilon. A device that keeps
  /// one of them in a fused product leaves their rounding, times 10^6.
  private static func gradientTolerance(_ hidden: Int) -> Double? { hidden == 1 ? 1 : nil }

  static func embeddingLayerNorm(
    _ tokens: Int, _ hidden: Int, _ what: String, words vocabulary: Int = 101, hasWordIds: Bool = true,
    hasPositions: Bool = true
  ) -> OperationCase {
    let words = hasWordIds ? Operand.parameter([vocabulary, hidden]) : .real([.tokens, .fixed(hidden)])
    let tables = [words] + (hasPositions ? [.parameter([64, hidden])] : []) + [.parameter([2, hidden])]
    let ids: [Operand] =
      (hasWordIds ? [.ids([.tokens], below: vocabulary)] : []) + (hasPositions ? [.ids([.tokens], below: 64)] : [])
    return OperationCase(
      .embeddingLayerNorm(Embeddings(epsilon: 1e-12, hasWordIds: hasWordIds, hasPositions: hasPositions)), what,
      tables + [.parameter([hidden]), .parameter([hidden])] + ids + [.ids([.tokens], below: 2)], [.tokens: tokens],
      gradientTolerance: gradientTolerance(hidden))
  }
}
