// SPDX-License-Identifier: Apache-2.0

/// The answer to a question from the logits of all its windows.
///
///     score(first, last) = start[first] + end[last]      first <= last < first + 30, in the context
///
/// The largest over all windows is the answer. Where the file has questions without an answer, the smallest
/// `start[CLS] + end[CLS]` of the windows is held against it, and wins where it is larger. Source: `postprocess_qa_predictions`
/// of Hugging Face's `utils_qa.py`, which looks at the twenty best starts and ends only.
struct AnswerChoice: Sendable {
  static let maxAnswerLength = 30
  private var best: (score: Double, range: Range<Int>)?
  private var nullScore = Double.infinity

  /// - Parameters:
  ///   - start: logits of the window's tokens.
  ///   - end: as many.
  mutating func add(_ context: ContextTokens, start: ArraySlice<Double>, end: ArraySlice<Double>) {
    if let first = start.first, let last = end.first { nullScore = min(nullScore, first + last) }
    for first in context.ranges.indices {
      for last in first..<min(first + AnswerChoice.maxAnswerLength, context.ranges.count) {
        let score =
          start[start.startIndex + context.first + first] + end[end.startIndex + context.first + last]
        guard score > best?.score ?? -.infinity else { continue }
        best = (score, Int(context.ranges[first].lowerBound)..<Int(context.ranges[last].upperBound))
      }
    }
  }

  /// - Parameter allowsNone: whether "" may be the answer.
  func answer(in context: String, allowsNone: Bool) -> String {
    guard let best, !(allowsNone && nullScore > best.score) else { return "" }
    let scalars = Array(context.unicodeScalars)
    return String(scalars: scalars[best.range.clamped(to: 0..<scalars.count)])
  }
}
