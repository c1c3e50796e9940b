// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension OperationCase {
  static let linearCases: [OperationCase] =
    [(128, 768, 768), (1, 768, 3072)].map { linear($0.0, $0.1, $0.2, .identity, "BERT ") }
    + [(1, 1, 1), (1, 37, 60), (2, 60, 37), (5, 3, 17), (13, 97, 33), (31, 64, 16), (67, 129, 97), (7, 384, 257)]
    .map { linear($0.0, $0.1, $0.2, .identity) }
    // Around the edges of the tiles, in rows, columns and depth.
    + [(3, 4, 5), (63, 17, 65), (64, 8, 64), (65, 3, 63), (127, 16, 5), (128, 20, 1), (129, 1, 65)]
    .map { linear($0.0, $0.1, $0.2, .identity) }
    + Activation.allCases.map { linear(13, 19, 37, $0) }
    + [
      OperationCase(.linear(activation: .identity), "9 x 21 x 35, no bias", [.real([9, 21]), .parameter([35, 21])])
    ]
    + [
      feedForward(128, 768, 3072, 768, chunk: 50, "BERT "), feedForward(17, 19, 37, 23, chunk: 7),
      feedForward(17, 19, 37, 23, chunk: 17), feedForward(5, 64, 129, 1, chunk: 100),
      feedForward(67, 33, 60, 97, chunk: 1, sequences: 9), feedForward(1, 1, 1, 1, chunk: 1),
      feedForward(0, 5, 7, 3, chunk: 2), feedForward(13, 16, 48, 16, chunk: .max, sequences: 3),
    ]
    + Activation.allCases.flatMap { activation in
      [(5, 37), (3, 257), (1, 1)].map { rows, columns in
        OperationCase(
          .biasActivation(activation), "\(activation) \(rows) x \(columns)",
          [.real([.fixed(rows), .fixed(columns)]), .parameter([columns])])
      }
    }
    + [Activation.identity, .geluErf].map { activation in
      OperationCase(.biasActivation(activation), "\(activation) 7 x 41, no bias", [.real([7, 41])])
    }

  static func linear(
    _ rows: Int, _ depth: Int, _ columns: Int, _ activation: Activation, _ prefix: String = ""
  ) -> OperationCase {
    OperationCase(
      .linear(activation: activation), "\(prefix)\(rows) x \(depth) x \(columns) \(activation)",
      [.real([.fixed(rows), .fixed(depth)]), .parameter([columns, depth]), .parameter([columns])])
  }

  private static func feedForward(
    _ rows: Int, _ hidden: Int, _ wide: Int, _ columns: Int, chunk: Int, sequences: Int = 1, _ prefix: String = ""
  ) -> OperationCase {
    OperationCase(
      .feedForward(activation: .geluErf, chunk: chunk),
      "\(prefix)\(rows) x \(hidden) x \(wide) x \(columns), \(sequences) times \(chunk) at once",
      [
        .real([.tokens, .fixed(hidden)]), .parameter([wide, hidden]), .parameter([wide]), .parameter([columns, wide]),
        .parameter([columns]),
      ], [.tokens: rows, .sequences: sequences])
  }
}
