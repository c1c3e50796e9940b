// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import BERT
import StrictJSON

/// `bert classify`: labels for texts and pairs of texts.
struct Classify: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Give texts, or pairs of texts, labels.",
    discussion: """
      With --jsonl, reads lines {"text", "text_pair"?} from standard input and writes, for each, a line {"label", \
      "score"}; with --top-k, a list of these, the best first.

      Scores are a softmax over the labels; a sigmoid where the model has one label or its problem_type is \
      multi_label_classification; the logit itself for regression.

        bert classify MODEL "A wonderful film." "A waste of time."
        bert classify MODEL "A man sleeps." --text-pair "A man is awake." --top-k all
        bert classify MODEL --jsonl --top-k 3 < texts.jsonl > labels.jsonl
      """)

  @OptionGroup var arguments: TaskArguments

  @Argument(help: "Texts, for readable output.")
  var texts: [String] = []

  @Option(help: "The second text of a pair with each of the texts.")
  var textPair: String?

  @Option(help: ArgumentHelp("Labels for each text: a number, or all (default: the best alone).", valueName: "count"))
  var topK: AnswerCount?

  @Option(help: "What makes scores of logits: sigmoid, softmax, none (default: what suits the model).")
  var functionToApply: TextClassifier.Function?

  @OptionGroup var truncation: TruncationArgument

  mutating func validate() throws {
    try checkTexts(texts, jsonl: arguments.jsonl)
    if arguments.jsonl, textPair != nil {
      throw ValidationError("With --jsonl, pairs come from standard input; leave out --text-pair.")
    }
  }

  func run() async throws {
    let engine = try arguments.engine.open()
    let options = TextClassifier.Options(
      topK: topK.map(\.limit) ?? 1, functionToApply: functionToApply, truncation: truncation.truncation,
      maxLength: truncation.maxLength)
    let task = try await TextClassifier.fromPretrained(arguments.model, on: engine)
    let run = TaskRun(task: task, options: options, engine: engine)
    if arguments.jsonl {
      let isList = topK != nil
      try await run.lines(
        input: { line throws(LineError) in TextPair(try line.text("text"), try line.optionalText("text_pair")) },
        answer: { labels in isList ? .array(labels.map(\.json)) : labels.first?.json ?? .null })
      return
    }
    let answers = try await run.answers(texts.map { TextPair($0, textPair) })
    try StandardOutput.write(labelTable(texts, answers))
  }
}

/// Labels and scores below each text.
func labelTable(_ texts: [String], _ answers: [[LabelScore]]) -> String {
  zip(texts, answers).map { text, labels in
    let rows = labels.map { "\(fixed($0.score, 4).aligned(to: 8))  \(StandardError.oneLine($0.label))\n" }
    return text.shortened(to: 100) + "\n" + rows.joined()
  }.joined(separator: "\n")
}
