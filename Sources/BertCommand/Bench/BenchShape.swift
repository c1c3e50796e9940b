// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import BERT
import Glibc

/// A batch to be timed: `SEQUENCESxTOKENS`, or `ragged`.
struct BenchShape: ExpressibleByArgument, Sendable {
  let name: String
  /// Tokens of each sequence.
  let lengths: [Int]

  init?(argument: String) {
    name = argument
    if argument == "ragged" {
      lengths = BenchShape.ragged
      return
    }
    let parts = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let sequences = parts[0], let tokens = parts[1], (1...65536).contains(sequences),
      (1...65536).contains(tokens)
    else { return nil }
    lengths = [Int](repeating: tokens, count: sequences)
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
  /// Queries times keys, of all sequences together.
  var attentionPairs: Int { lengths.reduce(0) { $0 + $1 * $1 } }

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
