// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import BERT
import StrictJSON

/// `bert multiple-choice`: the best of several continuations.
struct MultipleChoiceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "multiple-choice",
    abstract: "Choose one of several continuations of a text.",
    discussion: """
      With --jsonl, reads lines {"text", "choices": [...]} from standard input and writes, for each, a line {"choice", \
      "score", "scores"}: the place of the best choice, from 0, its probability, and the probabilities of all choices in \
      their order.

        bert multiple-choice MODEL "She opened the umbrella because" "it rained." "it was Monday."
        bert multiple-choice MODEL --jsonl < questions.jsonl > choices.jsonl
      """)

  @OptionGroup var arguments: TaskArguments

  @Argument(help: "A text and its choices, for readable output.")
  var texts: [String] = []

  @OptionGroup var truncation: TruncationArgument

  mutating func validate() throws {
    try checkTexts(texts, jsonl: arguments.jsonl)
    if !arguments.jsonl, texts.count < 2 { throw ValidationError("Give a text and at least one choice.") }
  }

  func run() async throws {
    let engine = try arguments.engine.open()
    let options = MultipleChoice.Options(truncation: truncation.truncation, maxLength: truncation.maxLength)
    let task = try await MultipleChoice.fromPretrained(arguments.model, on: engine)
    let run = TaskRun(task: task, options: options, engine: engine)
    if arguments.jsonl {
      try await run.lines(
        input: { line throws(LineError) in
          MultipleChoice.Input(text: try line.text("text"), choices: try line.texts("choices"))
        },
        answer: { $0.json })
      return
    }
    let choices = Array(texts.dropFirst())
    let rows = try await run.answers([MultipleChoice.Input(text: texts[0], choices: choices)]).flatMap { answer in
      answer.scores.indices.map { index in
        let mark = index == answer.choice ? "*" : " "
        return "\(mark) \(fixed(answer.scores[index], 4).aligned(to: 7))  \(choices[index].shortened(to: 100))\n"
      }
    }
    try StandardOutput.write(texts[0].shortened(to: 100) + "\n" + rows.joined())
  }
}
