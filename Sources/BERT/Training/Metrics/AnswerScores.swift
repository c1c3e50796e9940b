// SPDX-License-Identifier: Apache-2.0

/// Answers against those that people gave, as SQuAD's evaluation script has it.
///
/// Source: transformers' `squad_metrics.py`, which is that script.
public enum AnswerScores {
  /// Whether an answer is one of the right ones, apart from case, punctuation, articles and space: 0 or 1.
  ///
  /// - Parameter answers: right ones; none where the question has no answer, which "" then is.
  public static func exactMatch(_ prediction: String, _ answers: [String]) -> Double {
    let words = words(prediction)
    return right(answers).contains { self.words($0) == words } ? 1 : 0
  }

  /// The largest F1 score of the words that an answer shares with a right one, in 0...1.
  public static func f1(_ prediction: String, _ answers: [String]) -> Double {
    let predicted = words(prediction)
    return right(answers).map { f1(predicted, words($0)) }.max() ?? 0
  }

  /// By scalars: `String` takes canonically equivalent words for one, Python does not.
  typealias Word = [Unicode.Scalar]

  /// Answers of which the script finds nothing left count for none.
  private static func right(_ answers: [String]) -> [String] {
    let right = answers.filter { !words($0).isEmpty }
    return right.isEmpty ? [""] : right
  }

  private static func f1(_ predicted: [Word], _ wanted: [Word]) -> Double {
    if predicted.isEmpty || wanted.isEmpty { return predicted == wanted ? 1 : 0 }
    var left: [Word: Int] = [:]
    for word in wanted { left[word, default: 0] += 1 }
    var same = 0
    for word in predicted {
      if let count = left[word], count > 0 {
        left[word] = count - 1
        same += 1
      }
    }
    guard same > 0 else { return 0 }
    let (precision, recall) = (Double(same) / Double(predicted.count), Double(same) / Double(wanted.count))
    return 2 * precision * recall / (precision + recall)
  }

  /// `normalize_answer`: lower case, without ASCII punctuation, without a, an and the, split at white space.
  static func words(_ text: String) -> [Word] {
    var result: Word = []
    var run: Word = []
    func close() {
      // An article is a whole run of letters, digits and underscores, as `\b` of a regular expression sees it.
      result += articles.contains(run) ? [" "] : run
      run = []
    }
    for scalar in text.lowercased().unicodeScalars where !isPunctuation(scalar) {
      if isWordPart(scalar) {
        run.append(scalar)
      } else {
        close()
        result.append(scalar)
      }
    }
    close()
    return result.split(whereSeparator: isSpace).map { Array($0) }
  }

  private static let articles: [Word] = [["a"], ["a", "n"], ["t", "h", "e"]]

  private static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 33...47, 58...64, 91...96, 123...126: true
    default: false
    }
  }

  /// Python's `\w`.
  private static func isWordPart(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
      .letterNumber, .otherNumber:
      true
    default: scalar == "_"
    }
  }

  /// Python's `str.split`, which takes the separators of files and records, too.
  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
  }
}
