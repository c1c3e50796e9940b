// SPDX-License-Identifier: Apache-2.0

/// What a row of a training file says, before labels are numbers and texts are tokens.
public enum TrainingExample: Sendable, Equatable {
  /// `{"text", "text_pair"?, "label"}`.
  case text(TextPair, label: ExampleLabel)
  /// `{"tokens": [...], "ner_tags": [...]}`: words, and a tag for each.
  case words([String], tags: [ExampleLabel.Name])
  /// `{"question", "context", "answers": {"text": [...], "answer_start": [...]}}`: no answer where the lists are empty.
  case question(QuestionAnswerer.Input, answers: [ExampleAnswer])
  /// `{"text", "choices": [...], "label"}`: the place of the right choice.
  case choices(MultipleChoice.Input, label: Int)
  /// `{"text"}`: for language models, which are their own labels.
  case plain(String)
  /// `{"text", "text_pair", "next_sentence_label"}`: 0 where the second text follows the first, 1 where it does not.
  case sentences(TextPair, nextSentenceLabel: Int32)
}

/// An answer in a context.
public struct ExampleAnswer: Sendable, Equatable {
  public let text: String
  /// In Unicode scalars of the context.
  public let start: Int
}

/// The `label` of a row for text classification.
public enum ExampleLabel: Sendable, Equatable {
  /// A class by name or by number. Names are equal where their scalars are: Swift's strings are so where they look alike.
  public enum Name: Sendable, Equatable {
    case string(String)
    case integer(Int)

    public static func == (left: Name, right: Name) -> Bool {
      switch (left, right) {
      case (.string(let left), .string(let right)): left.utf8.elementsEqual(right.utf8)
      case (.integer(let left), .integer(let right)): left == right
      case (.string, .integer), (.integer, .string): false
      }
    }
  }

  case name(Name)
  /// A target of a regression; written with a point or an exponent, or as an integer for a model of one label.
  case number(Double)
  /// The labels that apply, of several that may.
  case names([Name])
  /// A number for each label: targets, or 0.0 and 1.0.
  case numbers([Double])
}
