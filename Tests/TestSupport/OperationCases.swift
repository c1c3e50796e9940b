// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// One operation at one size. The same rows serve every test of operations: device against oracle, both forms of a kernel,
/// every matrix product, Oclgrind.
public struct OperationCase: Sendable, CustomStringConvertible {
  /// How an operand comes to be. Real numbers are drawn from a seeded normal distribution.
  public enum Operand: Sendable {
    case parameter([Int])
    case real([Dimension])
    /// Ids in `0 ..< below`.
    case ids([Dimension], below: Int)
    /// Offsets of sequences with these lengths.
    case offsets([Int], segmenting: Symbol? = nil)
    /// 1 with this probability; the first row is all zeros, to show what a row that sees nothing gets.
    case mask([Dimension], visible: Double)
    /// The operand before it once more, as attention takes one matrix for query, key and value.
    case same(as: Int)
  }

  public let operation: Operation
  public let operands: [Operand]
  public let dimensions: Dimensions
  public let what: String
  /// Largest relative Frobenius error of a 32-bit device against the oracle.
  public let tolerance: Double

  public var description: String { "\(operation.name) \(what)" }

  init(
    _ operation: Operation, _ what: String, _ operands: [Operand], _ dimensions: Dimensions = [:],
    tolerance: Double = 1e-6
  ) {
    self.operation = operation
    self.operands = operands
    self.dimensions = dimensions
    self.what = what
    self.tolerance = tolerance
  }

  /// Every operation at a real BERT size and at odd ones: prime, larger than a work-group, shorter than a vector.
  public static let all: [OperationCase] =
    rowCases + linearCases + attentionCases + softmaxCases + poolingCases

  /// The rows small enough for a simulator.
  public static let small = all.filter { !$0.what.hasPrefix("BERT") }

  private static let widths = [1, 7, 37, 60, 97, 257]

  private static let rowCases: [OperationCase] =
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
        OperationCase(.l2Normalize(epsilon: 1e-12), "7 x \(hidden)", [.real([7, .fixed(hidden)])]),
      ]
    } + [embeddingLayerNorm(128, 768, "BERT 128 x 768"), embeddingLayerNorm(1, 384, "1 x 384")]

  private static func addLayerNorm(_ rows: Int, _ hidden: Int, _ what: String) -> OperationCase {
    // With one column the variance is 0 and only epsilon divides: the error is that of the bias alone.
    OperationCase(
      .addLayerNorm(epsilon: 1e-12), what,
      [
        .real([.fixed(rows), .fixed(hidden)]), .real([.fixed(rows), .fixed(hidden)]), .parameter([hidden]),
        .parameter([hidden]),
      ])
  }

  private static func embeddingLayerNorm(_ tokens: Int, _ hidden: Int, _ what: String) -> OperationCase {
    OperationCase(
      .embeddingLayerNorm(Embeddings(epsilon: 1e-12)), what,
      [
        .parameter([101, hidden]), .parameter([64, hidden]), .parameter([2, hidden]), .parameter([hidden]),
        .parameter([hidden]), .ids([.tokens], below: 101), .ids([.tokens], below: 64), .ids([.tokens], below: 2),
      ], [.tokens: tokens])
  }

  private static let linearCases: [OperationCase] =
    [(128, 768, 768), (1, 768, 3072)].map { linear($0.0, $0.1, $0.2, .identity, "BERT ") }
    + [(1, 1, 1), (1, 37, 60), (2, 60, 37), (5, 3, 17), (13, 97, 33), (31, 64, 16), (67, 129, 97), (7, 384, 257)]
    .map { linear($0.0, $0.1, $0.2, .identity) }
    + Activation.allCases.map { linear(13, 19, 37, $0) }
    + [
      OperationCase(.linear(activation: .identity), "9 x 21 x 35, no bias", [.real([9, 21]), .parameter([35, 21])])
    ]
    + Activation.allCases.flatMap { activation in
      [(5, 37), (3, 257), (1, 1)].map { rows, columns in
        OperationCase(
          .biasActivation(activation), "\(activation) \(rows) x \(columns)",
          [.real([.fixed(rows), .fixed(columns)]), .parameter([columns])])
      }
    }

  private static func linear(
    _ rows: Int, _ depth: Int, _ columns: Int, _ activation: Activation, _ prefix: String = ""
  ) -> OperationCase {
    OperationCase(
      .linear(activation: activation), "\(prefix)\(rows) x \(depth) x \(columns) \(activation)",
      [.real([.fixed(rows), .fixed(depth)]), .parameter([columns, depth]), .parameter([columns])])
  }

  private static let attentionCases: [OperationCase] = [
    attention([128], heads: 12, headSize: 64, "BERT 1 x 128"),
    attention([16, 40, 3], heads: 12, headSize: 32, "BERT ragged"),
    attention([1], heads: 1, headSize: 1), attention([1, 2, 17], heads: 5, headSize: 12),
    attention([0, 33, 0, 1], heads: 2, headSize: 7), attention([97], heads: 3, headSize: 37),
    attention([65, 64, 63], heads: 1, headSize: 64), attention([257], heads: 1, headSize: 20),
    crossAttention(queries: [5, 0, 9, 2], keys: [17, 3, 0, 70]),
  ]

  private static func attention(_ lengths: [Int], heads: Int, headSize: Int, _ what: String? = nil) -> OperationCase {
    let width = heads * headSize
    let offsets = Operand.offsets(lengths, segmenting: .tokens)
    return OperationCase(
      .attention(Attention(heads: heads, headSize: headSize, keyColumn: width, valueColumn: 2 * width)),
      what ?? "\(lengths), \(heads) heads of \(headSize)",
      [.real([.tokens, .fixed(3 * width)]), .same(as: 0), .same(as: 0), offsets, .same(as: 3)],
      dimensions(lengths))
  }

  private static func crossAttention(queries: [Int], keys: [Int]) -> OperationCase {
    var sizes = dimensions(queries)
    sizes[Symbol("keys")] = keys.reduce(0, +)
    let rows = Dimension.symbol(Symbol("keys"), plus: 0)
    return OperationCase(
      .attention(Attention(heads: 3, headSize: 10, valueColumn: 30)), "queries \(queries) over keys \(keys)",
      [
        .real([.tokens, 30]), .real([rows, 60]), .same(as: 1), .offsets(queries, segmenting: .tokens), .offsets(keys),
      ], sizes)
  }

  private static func dimensions(_ lengths: [Int]) -> Dimensions {
    [.tokens: lengths.reduce(0, +), .sequences: lengths.count, .longest: lengths.max() ?? 0]
  }

  private static let softmaxCases: [OperationCase] = [(1, 1, 1), (3, 5, 7), (2, 12, 97), (4, 3, 257), (1, 2, 1025)].map
  {
    batch, rowsPerBatch, keys in
    OperationCase(
      .maskedSoftmax(scale: 0.25), "\(batch) x \(rowsPerBatch) x \(keys)",
      [
        .real([.fixed(batch * rowsPerBatch), .fixed(keys)]), .mask([.fixed(batch), .fixed(keys)], visible: 0.7),
      ])
  }

  private static let poolingCases: [OperationCase] =
    (PoolingMode.allCases.map { [$0] } + [[.cls, .mean], PoolingMode.allCases]).flatMap { modes in
      [([1, 5, 0, 33, 2], 37), ([97], 1), ([3, 64], 384)].map { lengths, hidden in
        OperationCase(
          .pooling(modes), "\(modes) of \(lengths) x \(hidden)",
          [.real([.tokens, .fixed(hidden)]), .offsets(lengths, segmenting: .tokens)], dimensions(lengths))
      }
    }
}
