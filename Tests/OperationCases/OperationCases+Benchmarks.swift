// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension OperationCase {
  /// The hot operations at the sizes that BERT-base and MiniLM have, for benchmarks: too many and too large for tests.
  public static let benchmarks: [OperationCase] = [
    (model: "BERT-base", hidden: 768, wide: 3072, headSize: 64), ("MiniLM", 384, 1536, 32),
  ].flatMap { model, hidden, wide, headSize in
    [1, 16, 128, 1024].flatMap { rows in
      [
        linear(rows, hidden, 3 * hidden, .identity, "\(model) "), linear(rows, hidden, hidden, .identity, "\(model) "),
        linear(rows, hidden, wide, .geluErf, "\(model) "), linear(rows, wide, hidden, .identity, "\(model) "),
        addLayerNorm(rows, hidden, "\(model) \(rows) x \(hidden)"),
        // Not the whole vocabulary, which takes seconds to draw, but more than a core's caches hold.
        embeddingLayerNorm(rows, hidden, "\(model) \(rows) x \(hidden)", words: 8192),
        pooling(
          [.mean], [Int](repeating: max(rows / 8, 1), count: min(rows, 8)), hidden, "\(model) \(rows) x \(hidden)"),
      ]
    }
      + [16, 32, 64, 128, 256, 512].map {
        attention(.own([$0]), heads: 12, headSize: headSize, false, "\(model) 1 x \($0), 12 heads of \(headSize)")
      }
  }
}
