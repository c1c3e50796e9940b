// SPDX-License-Identifier: Apache-2.0

/// What a training file teaches, counted: whoever reads it sees whether labels were taken as they were meant.
public struct TrainingSummary: Sendable, Equatable {
  public let task: BertHead
  /// How a text classifier's labels are learned; nil for other tasks.
  public let problemType: BertConfig.ProblemType?
  /// Lines with an example.
  public let rows: Int
  /// By number, those of the model that no row has, too; empty for a regression and where the text is its own label.
  public let labels: [Label]
  /// Targets of a regression.
  public let numbers: ClosedRange<Double>?
  /// Numbers that a regression learns for each row.
  let outputs: Int

  /// A label, and how often it is there: rows, or words for a token classifier.
  public struct Label: Sendable, Equatable {
    public let name: String
    public let count: Int
  }

  /// - Parameter scheme: of the file, which every row fits.
  public init(_ file: TrainingFile, _ scheme: LabelScheme) {
    task = file.task
    problemType = scheme.problemType
    rows = file.rows.count
    outputs = scheme.count
    var counts: [Int: Int] = [:]
    var range: ClosedRange<Double>?
    func count(_ names: [ExampleLabel.Name]) {
      for name in names { if let number = scheme.number(name) { counts[number, default: 0] += 1 } }
    }
    for row in file.rows {
      switch row.example {
      case .text(_, let label) where scheme.problemType == .regression:
        for value in label.values {
          range = min(range?.lowerBound ?? value, value)...max(range?.upperBound ?? value, value)
        }
      case .text(_, .name(let name)): count([name])
      case .text(_, .names(let names)): count(names)
      case .text(_, .numbers(let flags)):
        for (number, flag) in flags.enumerated() where flag != 0 { counts[number, default: 0] += 1 }
      case .words(_, let tags): count(tags)
      case .choices(_, let label): counts[label, default: 0] += 1
      case .sentences(_, let label): counts[Int(label), default: 0] += 1
      case .question(_, let answers): counts[answers.isEmpty ? 1 : 0, default: 0] += 1
      case .text(_, .number), .plain: break
      }
    }
    numbers = range
    labels = TrainingSummary.names(file, scheme).enumerated().map { Label(name: $1, count: counts[$0] ?? 0) }
  }

  /// Names of the labels, by number.
  private static func names(_ file: TrainingFile, _ scheme: LabelScheme) -> [String] {
    switch file.task {
    case .none, .maskedLM, .causalLM: return []
    case .textClassification: return scheme.problemType == .regression ? [] : (0..<scheme.count).map(scheme.name)
    case .tokenClassification: return (0..<scheme.count).map(scheme.name)
    case .questionAnswering: return ["an answer", "no answer"]
    case .pretraining, .nextSentence: return ["follows", "does not follow"]
    case .multipleChoice:
      guard case .choices(let input, _)? = file.rows.first?.example else { return [] }
      return input.choices.indices.map { "choice \($0)" }
    }
  }
}

extension TrainingSummary: CustomStringConvertible {
  /// Labels that are listed: a line is to be read.
  private static let most = 20

  /// `text-classification: 12 rows; labels bad (3), good (9); no row has fine`
  public var description: String {
    var text = "\(task.rawValue): \(rows) row\(rows == 1 ? "" : "s")"
    if let numbers {
      text +=
        "; a regression of \(outputs) number\(outputs == 1 ? "" : "s") from \(numbers.lowerBound) to \(numbers.upperBound)"
    }
    let found = labels.filter { $0.count > 0 }
    let missing = labels.filter { $0.count == 0 }
    if !found.isEmpty {
      text += "; \(task == .tokenClassification ? "tags of words" : "labels") "
      text += TrainingSummary.list(found.map { "\($0.name.shortened()) (\($0.count))" })
    }
    if problemType == .multiLabelClassification { text += "; several may apply" }
    // Questions need not have one without an answer.
    if !missing.isEmpty, task != .questionAnswering {
      text += "; no row has \(TrainingSummary.list(missing.map { $0.name.shortened() }))"
    }
    return text
  }

  private static func list(_ words: [String]) -> String {
    words.prefix(most).joined(separator: ", ") + (words.count > most ? " and \(words.count - most) more" : "")
  }
}

extension ExampleLabel {
  /// The targets of a regression.
  fileprivate var values: [Double] {
    switch self {
    case .number(let number): [number]
    case .numbers(let numbers): numbers
    case .name(.integer(let number)): [Double(number)]
    case .names(let names): names.compactMap { if case .integer(let number) = $0 { Double(number) } else { nil } }
    case .name(.string): []
    }
  }
}
