// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

// Few head sizes: each is a program, which takes a second to build.
extension OperationCase {
  static let attentionCases: [OperationCase] =
    [false, true].flatMap { isCausal in
      [
        attention(.own([128]), heads: 12, headSize: 64, isCausal, "BERT 1 x 128"),
        attention(.own([16, 40, 3]), heads: 12, headSize: 32, isCausal, "BERT ragged"),
        attention(.own([1]), heads: 1, headSize: 1, isCausal),
        attention(.own([1, 2, 17]), heads: 5, headSize: 12, isCausal),
        attention(.own([0, 33, 0, 1]), heads: 2, headSize: 7, isCausal),
        attention(.own([97]), heads: 3, headSize: 37, isCausal),
        attention(.own([65, 64, 63]), heads: 1, headSize: 64, isCausal),
        attention(.own([257]), heads: 1, headSize: 37, isCausal),
        attention(.own([67, 1]), heads: 2, headSize: 128, isCausal),
        attention(.own([0, 0]), heads: 2, headSize: 7, isCausal),
        attention(.other([5, 0, 9, 2], [17, 3, 0, 70]), heads: 3, headSize: 12, isCausal),
        // Key ranges with rows between them that belong to nobody, as caches have them.
        attention(.other([1, 5, 33, 1], [70, 5, 97, 1], gap: 13), heads: 2, headSize: 12, isCausal),
        // A query at most, as a step with a cache has them.
        attention(.other([1, 0, 1, 1], [70, 5, 0, 200], gap: 2), heads: 3, headSize: 37, isCausal),
        attention(.other([1, 1], [64, 129]), heads: 2, headSize: 64, isCausal),
        attention(.other([9, 70, 40, 3], [4, 65, 0, 2], gap: 1), heads: 2, headSize: 7, isCausal),
        attention(.own([5, 17]), heads: 1, headSize: 16, isCausal),
        // Rows of odd length, which start where no vector may.
        attention(.other([5, 0, 3], [70, 2, 0], gap: 1), heads: 1, headSize: 16, isCausal, apart: 1),
      ]
    }

  /// What the queries of each sequence attend to.
  enum Keys {
    /// Themselves, with keys and values in the columns behind the queries.
    case own([Int])
    /// Rows of another matrix, with `gap` rows before each sequence's.
    case other([Int], [Int], gap: Int = 0)

    var queries: [Int] {
      switch self {
      case .own(let lengths), .other(let lengths, _, _): lengths
      }
    }

    var keys: [Int] {
      switch self {
      case .own(let lengths): lengths
      case .other(_, let lengths, _): lengths
      }
    }

    var gap: Int {
      switch self {
      case .own: 0
      case .other(_, _, let gap): gap
      }
    }

    var starts: [Int] { keys.indices.map { keys[..<$0].reduce(0, +) + ($0 + 1) * gap } }
    var ends: [Int] { zip(starts, keys).map { $0 + $1 } }

    /// Rows of the keys' matrix.
    var rows: Dimension {
      switch self {
      case .own: .tokens
      case .other: .symbol(Symbol("keys"), plus: 0)
      }
    }

    var dimensions: Dimensions {
      var sizes = OperationCase.dimensions(queries)
      sizes[.longestKeys] = keys.max() ?? 0
      if case .other = self { sizes[Symbol("keys")] = keys.reduce(0, +) + (keys.count + 1) * gap }
      return sizes
    }

    /// Query offsets, key starts and key ends.
    var ranges: [Operand] {
      [.offsets(queries, segmenting: .tokens), .integers(starts, [.sequences]), .integers(ends, [.sequences])]
    }

    /// Queries, keys and values of this many columns each, behind `apart` columns that belong to nobody.
    func matrices(width: Int, apart: Int = 0) -> [Operand] {
      let width = width + apart
      return switch self {
      case .own: [.real([.tokens, .fixed(3 * width)]), .same(as: 0), .same(as: 0)]
      case .other: [.real([.tokens, .fixed(width)]), .real([rows, .fixed(3 * width)]), .same(as: 1)]
      }
    }

    var description: String {
      switch self {
      case .own(let lengths): "\(lengths)"
      case .other(let queries, let keys, let gap): "\(queries) over \(keys)\(gap > 0 ? " \(gap) apart" : "")"
      }
    }
  }

  static func attention(
    _ keys: Keys, heads: Int, headSize: Int, _ isCausal: Bool, _ what: String? = nil, apart: Int = 0
  ) -> OperationCase {
    let width = heads * headSize
    let description = "\(keys.description), \(heads) heads of \(headSize)" + (apart > 0 ? " \(apart) apart" : "")
    return OperationCase(
      .attention(
        Attention(
          heads: heads, headSize: headSize, queryColumn: apart, keyColumn: width + 2 * apart,
          valueColumn: 2 * width + 3 * apart, isCausal: isCausal)),
      (what ?? description) + (isCausal ? ", causal" : ""), keys.matrices(width: width, apart: apart) + keys.ranges,
      keys.dimensions)
  }

  static func dimensions(_ lengths: [Int]) -> Dimensions {
    [.tokens: lengths.reduce(0, +), .sequences: lengths.count, .longest: lengths.max() ?? 0]
  }
}

// Attention in halves.
extension OperationCase {
  static let probabilityCases: [OperationCase] =
    [
      probabilities(.own([128]), heads: 12, headSize: 64, what: "BERT 1 x 128"),
      probabilities(.own([128]), heads: 12, headSize: 64, relative: .key, what: "BERT 1 x 128, key"),
      probabilities(.own([128]), heads: 12, headSize: 64, relative: .keyQuery, what: "BERT 1 x 128, keyQuery"),
      probabilities(.own([1]), heads: 1, headSize: 1, true),
      probabilities(.own([1, 2, 17]), heads: 5, headSize: 12),
      probabilities(.own([0, 0]), heads: 2, headSize: 20, relative: .key),
      probabilities(.own([3, 70]), heads: 2, headSize: 7, relative: .key),
      probabilities(.own([97]), heads: 3, headSize: 37, relative: .keyQuery),
    ]
    + [nil, .key, .keyQuery].flatMap { relative in
      [(false, false), (true, false), (false, true), (true, true)].flatMap { hasMask, isCausal in
        [
          probabilities(.own([0, 33, 0, 1]), heads: 2, headSize: 20, hasMask, isCausal, relative: relative),
          probabilities(
            .other([9, 1, 20], [4, 70, 33], gap: 3), heads: 3, headSize: 20, hasMask, isCausal, relative: relative),
        ]
      }
    } + [
      probabilities(.own([257]), heads: 1, headSize: 64, true, true, relative: .keyQuery),
      probabilities(.other([5, 0, 9, 2], [17, 3, 0, 70]), heads: 3, headSize: 20, true),
      context(.own([128]), heads: 12, headSize: 64, "BERT 1 x 128"), context(.own([1]), heads: 1, headSize: 1),
      context(.own([1, 2, 17]), heads: 5, headSize: 12), context(.own([0, 33, 0, 1]), heads: 2, headSize: 7),
      context(.own([97]), heads: 3, headSize: 37), context(.own([0, 0]), heads: 2, headSize: 7),
      context(.own([257]), heads: 1, headSize: 64), context(.own([9]), heads: 1, headSize: 257),
      context(.other([5, 0, 9, 2], [17, 3, 0, 70], gap: 13), heads: 3, headSize: 12),
    ]

  private static func probabilities(
    _ keys: Keys, heads: Int, headSize: Int, _ hasMask: Bool = false, _ isCausal: Bool = false,
    relative: AttentionProbabilities.RelativePositions? = nil, what: String? = nil
  ) -> OperationCase {
    let width = heads * headSize
    let attention = Attention(heads: heads, headSize: headSize, keyColumn: width, isCausal: isCausal)
    let parts =
      ["\(keys.description), \(heads) heads of \(headSize)"]
      + (hasMask ? ["mask"] : []) + (isCausal ? ["causal"] : []) + (relative.map { ["\($0)"] } ?? [])
    let positions = 83
    return OperationCase(
      .attentionProbabilities(
        AttentionProbabilities(attention, keys: .longestKeys, hasMask: hasMask, relativePositions: relative)),
      what ?? parts.joined(separator: ", "),
      Array(keys.matrices(width: width)[..<2]) + keys.ranges
        + (hasMask ? [.mask([.tokens, .symbol(.longestKeys, plus: 0)], visible: 0.6)] : [])
        + (relative == nil
          ? []
          : [
            .parameter([2 * positions - 1, headSize]), .ids([.tokens], below: positions),
            .ids([keys.rows], below: positions),
          ]),
      keys.dimensions)
  }

  private static func context(_ keys: Keys, heads: Int, headSize: Int, _ what: String? = nil) -> OperationCase {
    let width = heads * headSize
    return OperationCase(
      .attentionContext(Attention(heads: heads, headSize: headSize, valueColumn: width)),
      what ?? "\(keys.description), \(heads) heads of \(headSize)",
      [
        .real([.tokens, .fixed(heads), .symbol(.longestKeys, plus: 0)]), .real([keys.rows, .fixed(2 * width)]),
      ] + keys.ranges, keys.dimensions)
  }
}
