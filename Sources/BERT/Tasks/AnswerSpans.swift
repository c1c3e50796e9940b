// SPDX-License-Identifier: Apache-2.0
import Tokenizers

/// The answers that one window offers.
///
///     score(first, last) = softmax(start)[first] * softmax(end)[last]      first <= last < first + maxLength
///
/// over the tokens of the context and [CLS], which stands for no answer and takes its share of the softmax.
/// Source: Hugging Face `select_starts_ends` and `decode_spans`.
struct AnswerSpans {
  struct Span: Equatable {
    let first: Int
    let last: Int
    let score: Double
  }

  /// The probability that the window has no answer.
  let nullScore: Double
  private let start: [Double]
  private let end: [Double]
  /// Whether a token may be part of an answer: those of the context, and [CLS] wherever it stands.
  private let isCandidate: [Bool]

  /// - Parameter logits: `[tokens, 2]`: of the start and of the end.
  init(_ window: Encoding, _ logits: Logits, classificationId: Int32?) {
    let isCandidate = window.ids.indices.map {
      window.sequenceIds[$0] == 1 || window.ids[$0] == classificationId
    }
    func probabilities(_ column: Int) -> [Double] {
      Scores.softmax(isCandidate.indices.map { isCandidate[$0] ? Double(logits.values[2 * $0 + column]) : -1e4 })
    }
    var (start, end) = (probabilities(0), probabilities(1))
    nullScore = (start.first ?? 0) * (end.first ?? 0)
    if !start.isEmpty { (start[0], end[0]) = (0, 0) }
    self.start = start
    self.end = end
    self.isCandidate = isCandidate
  }

  /// The likeliest spans, of equal ones the one that starts, then the one that ends first.
  ///
  /// Spans of probability 0 are left out, except that one without any other gets the empty one at [CLS].
  func best(_ count: Int, maxLength: Int) -> [Span] {
    var spans: [Span] = []
    for first in start.indices where isCandidate[first] && start[first] > 0 {
      for last in first..<first + min(maxLength, start.count - first) where isCandidate[last] {
        let score = start[first] * end[last]
        if score > 0 { spans.append(Span(first: first, last: last, score: score)) }
      }
    }
    guard !spans.isEmpty else { return isCandidate.first == true ? [Span(first: 0, last: 0, score: 0)] : [] }
    return Scores.top(count, of: spans.map(\.score)).map { spans[$0] }
  }
}
