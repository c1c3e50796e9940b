// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import BERT
import Tokenizers

/// What every command of a task takes.
struct TaskArguments: ParsableArguments {
  @Argument(help: "Checkpoint directory.")
  var model: String

  @Flag(help: "Read JSON lines from standard input and write JSON lines.")
  var jsonl = false

  @OptionGroup(title: "Device options")
  var engine: EngineOptions
}

/// What to do with texts that are too long, for tasks that refuse them.
struct TruncationArgument: ParsableArguments {
  @Option(
    name: .customLong("truncation"),
    help: """
      Cut texts that are longer than the model: longest_first, only_first, only_second (default: they are an error).
      """)
  var strategy: Truncation.Strategy?

  @Option(help: "Cut to so many tokens, special ones included, longest_first unless --truncation says otherwise.")
  var maxLength: Int?

  var truncation: Truncation.Strategy? { strategy ?? maxLength.map { _ in .longestFirst } }

  mutating func validate() throws { try checkAtLeast(1, maxLength, option: "--max-length") }
}

extension TextClassifier.Function: ExpressibleByArgument {}
extension TokenClassifier.AggregationStrategy: ExpressibleByArgument {}
extension Reranker.Activation: ExpressibleByArgument {}

/// How many answers: a number from 1, or all.
struct AnswerCount: ExpressibleByArgument {
  /// Nil: all.
  let limit: Int?

  init?(argument: String) {
    if argument == "all" {
      limit = nil
    } else if let number = Int(argument), number >= 1 {
      limit = number
    } else {
      return nil
    }
  }
}

/// Values with commas between them; white space around them does not count.
struct CommaList: ExpressibleByArgument {
  let values: [String]

  init?(argument: String) { values = ZeroShotClassifier.labels(argument) }
}

/// Refuses numbers that an option cannot have.
///
/// - Throws: `ValidationError`, a usage error.
func checkAtLeast(_ least: Int, _ value: Int?, option: String) throws {
  if let value, value < least { throw ValidationError("\(option) must be at least \(least).") }
}
