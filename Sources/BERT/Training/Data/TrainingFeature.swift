// SPDX-License-Identifier: Apache-2.0
import Tokenizers

/// An example as tokens, ready for a batch.
struct TrainingFeature: Sendable, Equatable {
  /// One, or one for each choice.
  var sequences: [TokenSequence]
  var target: TrainingTarget
  /// The row of the file: several features of a question have the same.
  let row: Int
  /// Where the tokens stand in a question's context, for its evaluation.
  var context: ContextTokens?
}

/// Tokens of a window that belong to the context, one after another.
struct ContextTokens: Sendable, Equatable {
  /// The first of them.
  let first: Int
  /// [start, end) of each in Unicode scalars of the context.
  let ranges: [Range<Int32>]

  /// - Parameter window: a question and a part of a context.
  init(_ window: Encoding) {
    let tokens = window.ids.indices.filter { window.sequenceIds[$0] == 1 }
    first = tokens.first ?? 0
    ranges = tokens.map { Int32(window.offsets[$0].lowerBound)..<Int32(window.offsets[$0].upperBound) }
  }

  /// The tokens that an answer starts and ends at: the last that starts no later, and the first that ends no earlier.
  ///
  /// Nil where the window does not have the whole answer. Source: `run_qa.py`, which for an answer in the last word takes
  /// the [SEP] behind it for its start; here it is the word.
  func span(_ answer: ExampleAnswer) -> (start: Int, end: Int)? {
    let end = answer.start + answer.text.unicodeScalars.count
    guard let firstRange = ranges.first, let lastRange = ranges.last, firstRange.lowerBound <= answer.start,
      lastRange.upperBound >= end,
      let start = ranges.lastIndex(where: { $0.lowerBound <= answer.start }),
      let last = ranges.firstIndex(where: { $0.upperBound >= end })
    else { return nil }
    return (first + start, first + last)
  }
}
