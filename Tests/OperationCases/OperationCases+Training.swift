// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

// Operations of training that are no gradients. The gradients have no rows: each row's own gradient graph has them.
extension OperationCase {
  static let trainingCases: [OperationCase] =
    [
      ([128, 768], 0.1, "BERT 128 x 768"), ([1], 0.5, ""), ([7, 37], 0.5, ""), ([3, 5, 11], 0.9, ""), ([4097], 0.1, ""),
      ([0, 3], 0.1, ""), ([5, 8], 0, ""),
    ].map { (sizes: [Int], probability: Double, what: String) in
      OperationCase(
        .dropout(Dropout(probability: probability, site: 3)), what.isEmpty ? "\(probability) of \(sizes)" : what,
        [.real(sizes.map(Dimension.fixed)), seed])
    }
    + [(true, true), (false, true), (true, false), (false, false)].flatMap { hasWordIds, hasPositions in
      [(11, 37), (5, 257), (1, 1), (0, 7)].map { tokens, hidden in
        embeddingSum(tokens, hidden, hasWordIds: hasWordIds, hasPositions: hasPositions)
      }
    } + [embeddingSum(128, 768, prefix: "BERT ")]
    + [nil, 0.1, 0.6].flatMap { probability in
      [
        trainingAttention(.own([16, 40, 3]), heads: 12, headSize: 32, probability, prefix: "BERT "),
        trainingAttention(.own([1, 2, 17]), heads: 5, headSize: 12, probability),
        trainingAttention(.own([0, 33, 0, 1]), heads: 2, headSize: 7, probability, isCausal: true),
        trainingAttention(.own([97]), heads: 3, headSize: 37, probability),
        trainingAttention(.own([257]), heads: 1, headSize: 37, probability, isCausal: true),
        trainingAttention(.own([67, 1]), heads: 1, headSize: 128, probability),
        trainingAttention(.other([1, 5, 33, 1], [70, 5, 97, 1], gap: 13), heads: 2, headSize: 12, probability),
        trainingAttention(
          .other([9, 70, 40, 3], [4, 65, 0, 2], gap: 1), heads: 2, headSize: 7, probability, isCausal: true),
      ]
    }

  static let optimizerCases: [OperationCase] =
    [(97, 257), (1, 1), (3, 7), (64, 64)].flatMap { rows, columns in
      let shape: [Dimension] = [.fixed(rows), .fixed(columns)]
      return [
        OperationCase(.optimizer(.accumulate), "\(rows) x \(columns)", [.state(shape), .real(shape)]),
        OperationCase(.optimizer(.clear), "\(rows) x \(columns)", [.state(shape)]),
      ]
    }
    + [1, 7, 4096, 4097, 100_003].map { count in
      OperationCase(.optimizer(.squaredNorm), "of \(count)", [.real([.fixed(count)])])
    }
    + [
      (1, 0, nil, 4), (37, 20, nil, 4), (4099, 4096, 1, 4099), (4099, 4099, 1, 0.25), (257, 100, 0.5, 0),
      (100_003, 70_000, 1, 1e5),
      // A gradient that is no number changes nothing.
      (257, 100, 1, Float.infinity), (37, 20, nil, Float.infinity),
    ].map { (count: Int, decayed: Int, maxGradNorm: Double?, squaredNorm: Float) in
      let shape: [Dimension] = [.fixed(count)]
      let clipping = maxGradNorm.map { "clipped to \($0)" } ?? "not clipped"
      return OperationCase(
        .optimizer(.adamW(AdamW(decayed: decayed, maxGradNorm: maxGradNorm))),
        "of \(count), \(decayed) decayed, \(clipping), squared norm \(squaredNorm)",
        [
          .state(shape), .state(shape), .state(shape), .state(shape, isPositive: true), .numbers([squaredNorm], [1]),
          .numbers([0.02, 1 / (1 - 0.729), 18.27, 0.0002], [4]),  // the third step's, at a learning rate of 0.02
        ])
    }

  private static let seed = Operand.integers([0x1234_5678, -77], [2])

  private static func embeddingSum(
    _ tokens: Int, _ hidden: Int, hasWordIds: Bool = true, hasPositions: Bool = true, prefix: String = ""
  ) -> OperationCase {
    let row = embeddingLayerNorm(tokens, hidden, "", hasWordIds: hasWordIds, hasPositions: hasPositions)
    let embeddings = Embeddings(epsilon: 1e-12, hasWordIds: hasWordIds, hasPositions: hasPositions)
    let what = [hasWordIds ? nil : "without ids", hasPositions ? nil : "without positions"].compactMap { $0 }
    return OperationCase(
      .embeddingSum(embeddings), (["\(prefix)\(tokens) x \(hidden)"] + what).joined(separator: ", "),
      embeddings.sumOperands.map { row.operands[$0] }, row.dimensions)
  }

  private static func trainingAttention(
    _ keys: Keys, heads: Int, headSize: Int, _ probability: Double?, isCausal: Bool = false, prefix: String = ""
  ) -> OperationCase {
    let row = attention(keys, heads: heads, headSize: headSize, isCausal)
    guard case .attention(let attention) = row.operation else { preconditionFailure("\(row) is no attention") }
    return OperationCase(
      .trainingAttention(TrainingAttention(attention, dropout: probability.map { Dropout(probability: $0, site: 5) })),
      prefix + row.what + (probability.map { ", dropout \($0)" } ?? ""),
      row.operands + (probability == nil ? [] : [seed]), row.dimensions)
  }
}
