// SPDX-License-Identifier: Apache-2.0

/// How a training file writes its labels: the same way on every row.
enum LabelKind: String {
  case strings = "a name"
  case integers = "a whole number"
  case numbers = "a number"
  case stringLists = "a list of names"
  case integerLists = "a list of whole numbers"
  case numberLists = "a list of numbers"

  /// - Throws: `TrainingDataError.line` for the first row that writes them another way.
  init(_ file: TrainingFile) throws(TrainingDataError) {
    var common: LabelKind?
    for row in file.rows {
      for kind in LabelKind.kinds(row) {
        guard let before = common else {
          common = kind
          continue
        }
        guard let joined = before.joined(kind) else {
          throw .field(
            file: file.path, line: row.line, field: file.labelField,
            "has \(kind.rawValue), where the rows before have \(before.rawValue)")
        }
        common = joined
      }
    }
    // Lists that are all empty name no label.
    guard let common else {
      throw .field(
        file: file.path, line: file.rows[0].line, field: file.labelField, "is an empty list, and so is every other")
    }
    self = common
  }

  /// Whole numbers beside others are numbers.
  private func joined(_ other: LabelKind) -> LabelKind? {
    switch (self, other) {
    case _ where self == other: self
    case (.integers, .numbers), (.numbers, .integers): .numbers
    case (.integerLists, .numberLists), (.numberLists, .integerLists): .numberLists
    default: nil
    }
  }

  /// What one row has: one kind, none for an empty list, several where a list is mixed.
  private static func kinds(_ row: TrainingFile.Row) -> [LabelKind] {
    switch row.example {
    case .text(_, .name(.string)): [.strings]
    case .text(_, .name(.integer)): [.integers]
    case .text(_, .number): [.numbers]
    case .text(_, .numbers): [.numberLists]
    case .text(_, .names(let names)): names.map { if case .string = $0 { .stringLists } else { .integerLists } }
    case .words(_, let tags): tags.map { if case .string = $0 { .strings } else { .integers } }
    case .question, .choices, .plain, .sentences: []
    }
  }
}
