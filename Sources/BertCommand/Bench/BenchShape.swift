// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import BERT
import ComputeGraph
import Glibc

/// A batch to be timed: `SEQUENCESxTOKENS`, or `ragged`.
struct BenchShape: ExpressibleByArgument, Sendable {
  let name: String
  /// Tokens of each sequence.
  let lengths: [Int]

  /// More tokens in a batch are a slip of the finger, or more memory than a computer has.
  static let tokenLimit = 1 << 20

  init?(argument: String) {
    name = argument
    if argument == "ragged" {
      lengths = BenchShape.ragged
      return
    }
    let parts = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let sequences = parts[0], let tokens = parts[1], sequences > 0, tokens > 0,
      sequences <= BenchShape.tokenLimit / tokens
    else { return nil }
    lengths = [Int](repeating: tokens, count: sequences)
  }

  private init(sequences: Int, tokens: Int) {
    name = "\(sequences)x\(tokens)"
    lengths = [Int](repeating: tokens, count: sequences)
  }

  /// What is timed where no shapes are asked for: small and large, short and long, and one as texts come.
  static let usual = ["1x16", "1x128", "8x128", "2x512", "ragged"].compactMap { BenchShape(argument: $0) }

  /// Every batch of 1, 2, 4 ... 64 sequences with every length of 16, 32 ... 512 tokens.
  static let sweep = (0...6).flatMap { batch in
    (4...9).map { BenchShape(sequences: 1 << batch, tokens: 1 << $0) }
  }

  /// 32 sentences as they come: lengths drawn lognormal(3.6, 0.7), clipped to 6...256, and one of 256.
  private static let ragged: [Int] = {
    var normal = NormalGenerator(seed: 1, name: "ragged", skipping: 0)
    let drawn = (0..<31).map { _ in min(max(Int(exp(3.6 + 0.7 * normal.next())), 6), 256) }
    return drawn + [256]
  }()

  var sequences: Int { lengths.count }
  var tokens: Int { lengths.reduce(0, +) }
  var longest: Int { lengths.max() ?? 0 }

  var dimensions: Dimensions {
    [.tokens: tokens, .sequences: sequences, .longest: longest, .longestKeys: longest]
  }

  /// The batch, of ids that spread over the vocabulary.
  func input(vocabSize: Int) throws -> BertInput {
    var id = 0
    return try BertInput(
      lengths.map { length in
        (0..<length).map { _ in
          id = (id * 31 + 17) % vocabSize
          return Int32(id)
        }
      })
  }
}
