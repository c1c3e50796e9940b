// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import BERT
import StrictJSON

/// `bert next-sentence`: whether one text follows another.
struct NextSentenceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "next-sentence",
    abstract: "Say whether a text follows another.",
    discussion: """
      With --jsonl, reads lines {"text", "text_pair"} from standard input and writes, for each, a line {"label", \
      "score"}, as `bert classify` does: the label is IsNext if text_pair follows text, else NotNext, and the score its \
      probability. With --top-k all, a list of both, the likelier first.

        bert next-sentence MODEL "He opened the door." "The room was empty."
        bert next-sentence MODEL --jsonl < pairs.jsonl > labels.jsonl
      """)

  @OptionGroup var arguments: TaskArguments

  @Argument(help: "Two texts, for readable output.")
  var texts: [String] = []

  @Option(help: ArgumentHelp("Labels for each pair: 1, 2 or all (default: the likelier alone).", valueName: "count"))
  var topK: AnswerCount?

  @OptionGroup var truncation: TruncationArgument

  mutating func validate() throws {
    try checkTexts(texts, jsonl: arguments.jsonl)
    if !arguments.jsonl, texts.count != 2 { throw ValidationError("Give two texts.") }
  }

  func run() async throws {
    let engine = try arguments.engine.open()
    let options = NextSentence.Options(truncation: truncation.truncation, maxLength: truncation.maxLength)
    let task = try await NextSentence.fromPretrained(arguments.model, on: engine)
    let run = TaskRun(task: task, options: options, engine: engine)
    if arguments.jsonl {
      let topK = topK
      try await run.lines(
        input: { line throws(LineError) in TextPair(try line.text("text"), try line.text("text_pair")) },
        answer: { labels in
          guard let topK else { return labels.first?.json ?? .null }
          return .array(labels.prefix(topK.limit ?? .max).map(\.json))
        })
      return
    }
    let answers = try await run.answers([TextPair(texts[0], texts[1])])
    try StandardOutput.write(labelTable([texts[1]], answers))
  }
}
