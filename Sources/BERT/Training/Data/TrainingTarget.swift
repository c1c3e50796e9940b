// SPDX-License-Identifier: Apache-2.0

/// What an example's output is compared with.
enum TrainingTarget: Sendable, Equatable {
  /// A class, or the place of a choice.
  case label(Int32)
  /// `[num_labels]`: targets of a regression, or 0 and 1 for each of several labels.
  case numbers([Float])
  /// One a token, -100 where there is none.
  case tokens([Int32])
  /// The tokens that the answer starts and ends at; both 0, [CLS], where the window has none.
  case span(start: Int32, end: Int32)
  /// The text itself.
  case text
  /// The text itself, and whether its second part follows the first.
  case sentences(Int32)
}

extension LabelScheme {
  /// A row's label as its loss takes it.
  ///
  /// - Throws: `TrainingDataError.line`.
  func target(_ label: ExampleLabel, _ file: String, _ line: Int) throws(TrainingDataError) -> TrainingTarget {
    func bad(_ problem: String) -> TrainingDataError { .field(file: file, line: line, field: "label", problem) }
    switch (problemType, label) {
    case (.regression, .name(.integer(let number))): return .numbers(try width([Float(number)], bad))
    case (.regression, .number(let number)): return .numbers(try width([Float(number)], bad))
    case (.regression, .numbers(let numbers)): return .numbers(try width(numbers.map { Float($0) }, bad))
    case (.regression, .names(let names)):
      var numbers: [Float] = []
      for name in names {
        guard case .integer(let number) = name else {
          throw bad("has \(name.text), wanted a number: it is a regression")
        }
        numbers.append(Float(number))
      }
      return .numbers(try width(numbers, bad))
    case (.regression, .name(let name)): throw bad("is \(name.text), wanted a number: it is a regression")
    case (.multiLabelClassification, .names(let names)):
      var numbers = [Float](repeating: 0, count: count)
      for name in names {
        guard let number = self.number(name) else { throw bad(refusal(name)) }
        guard numbers[number] == 0 else {
          throw bad("has \(name.text) twice; to give 0 or 1 for each label, write 0.0 and 1.0")
        }
        numbers[number] = 1
      }
      return .numbers(numbers)
    case (.multiLabelClassification, .numbers(let numbers)):
      if let odd = numbers.first(where: { $0 != 0 && $0 != 1 }) {
        throw bad("has \(odd), wanted 0.0 or 1.0 for each label")
      }
      return .numbers(try width(numbers.map { Float($0) }, bad))
    case (.multiLabelClassification, .name), (.multiLabelClassification, .number):
      throw bad("is no list, but the model has several labels for a text (multi_label_classification)")
    case (_, .name(let name)):
      guard let number = self.number(name) else { throw bad(refusal(name)) }
      return .label(Int32(number))
    case (_, .number(let number)):
      throw bad("is \(number), but the model has \(count) classes: wanted a name, or a number in 0 ..< \(count)")
    case (_, .names), (_, .numbers):
      throw bad("is a list, but the model has one class for a text (single_label_classification)")
    }
  }

  private func width(
    _ numbers: [Float], _ bad: (String) -> TrainingDataError
  ) throws(TrainingDataError) -> [Float] {
    guard numbers.count == count else {
      throw bad("has \(numbers.count) number\(numbers.count == 1 ? "" : "s"), the model \(count)")
    }
    return numbers
  }
}
