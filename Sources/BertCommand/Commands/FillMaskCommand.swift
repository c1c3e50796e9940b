// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import BERT
import StrictJSON

/// `bert fill-mask`: tokens for the masks of a text.
struct FillMaskCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fill-mask",
    abstract: "Find tokens for [MASK].",
    discussion: """
      With --jsonl, reads lines {"text"} from standard input and writes, for each, a line {"predictions": [{"score", \
      "token", "token_str", "sequence"}]}, the likeliest first; a list of such lists where a text has several masks. Each \
      mask is filled as if the others stayed.

        bert fill-mask MODEL "The capital of France is [MASK]."
        bert fill-mask MODEL "Paris is [MASK]." --targets big,small
        bert fill-mask MODEL --jsonl --top-k 3 < texts.jsonl > predictions.jsonl
      """)

  @OptionGroup var arguments: TaskArguments

  @Argument(help: "Texts, for readable output.")
  var texts: [String] = []

  @Option(help: "Predictions for each mask.")
  var topK = 5

  @Option(
    help: ArgumentHelp(
      "The only tokens to choose from, with commas between them. Their scores stay those among the whole vocabulary.",
      valueName: "words"))
  var targets: CommaList?

  @OptionGroup var truncation: TruncationArgument

  mutating func validate() throws {
    try checkTexts(texts, jsonl: arguments.jsonl)
    try checkAtLeast(1, topK, option: "--top-k")
  }

  func run() async throws {
    let engine = try arguments.engine.open()
    let task = try await FillMask.fromPretrained(arguments.model, on: engine)
    let targetIds = try targets.map { try task.targetTokens($0.values) }
    let options = FillMask.Options(
      topK: topK, targets: targetIds, truncation: truncation.truncation, maxLength: truncation.maxLength)
    let run = TaskRun(task: task, options: options, engine: engine)
    if arguments.jsonl {
      try await run.lines(
        input: { line throws(LineError) in try line.text("text") },
        answer: { .object(["predictions": FillMask.json($0)]) })
      return
    }
    var tables: [String] = []
    for (text, masks) in zip(texts, try await run.answers(texts)) {
      var rows = [text.shortened(to: 100)]
      for (number, mask) in masks.enumerated() {
        if masks.count > 1 { rows.append("mask \(number + 1)") }
        let width = mask.map(\.tokenString.count).max() ?? 0
        for prediction in mask {
          rows.append(
            "\(fixed(prediction.score, 4).aligned(to: 8))  \(prediction.tokenString.padded(to: width))  "
              + prediction.sequence.shortened(to: 100))
        }
      }
      tables.append(rows.joined(separator: "\n") + "\n")
    }
    try StandardOutput.write(tables.joined(separator: "\n"))
  }
}
