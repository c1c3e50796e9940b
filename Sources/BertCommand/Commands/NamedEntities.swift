// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import BERT
import StrictJSON

/// `bert ner`: labels for tokens, and entities made of them.
struct NamedEntities: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ner",
    abstract: "Find entities in texts: token classification.",
    discussion: """
      With --jsonl, reads lines {"text"} from standard input and writes, for each, a line with a list of {"entity", \
      "score", "index", "word", "start", "end"}; {"entity_group", "score", "word", "start", "end"} with an aggregation \
      strategy. start and end are in Unicode scalars of the text.

      simple joins neighbours of one label, where B- starts a new entity. first, average and max give a word one label \
      before that: that of its first token, of the average over its tokens, or of its surest token.

      Texts are cut at the tokenizer's model_max_length, counted on standard error, unless --stride makes windows of them.

        bert ner MODEL --aggregation-strategy simple "John Smith lives in New York."
        bert ner MODEL --jsonl --aggregation-strategy first --stride 32 < texts.jsonl > entities.jsonl
      """)

  @OptionGroup var arguments: TaskArguments

  @Argument(help: "Texts, for readable output.")
  var texts: [String] = []

  @Option(help: "How tokens become entities.")
  var aggregationStrategy = TokenClassifier.AggregationStrategy.none

  @Option(
    help: ArgumentHelp("Labels to leave out, with commas between them (default: O).", valueName: "labels"))
  var ignoreLabels: CommaList?

  @Option(help: "Take long texts in windows that share so many tokens; needs an aggregation strategy.")
  var stride: Int?

  mutating func validate() throws {
    try checkTexts(texts, jsonl: arguments.jsonl)
    try checkAtLeast(0, stride, option: "--stride")
    if stride != nil, aggregationStrategy == .none {
      throw ValidationError("--stride needs an --aggregation-strategy other than none.")
    }
  }

  func run() async throws {
    let engine = try arguments.engine.open()
    let options = TokenClassifier.Options(
      aggregationStrategy: aggregationStrategy, ignoreLabels: ignoreLabels?.values ?? ["O"], stride: stride)
    let task = try await TokenClassifier.fromPretrained(arguments.model, on: engine)
    let run = TaskRun(task: task, options: options, engine: engine)
    if arguments.jsonl {
      try await run.lines(
        input: { line throws(LineError) in try line.text("text") }, answer: { .array($0.map(\.json)) })
      return
    }
    let tables = zip(texts, try await run.answers(texts)).map { text, entities in
      let width = entities.map(\.entity.count).max() ?? 0
      let rows = entities.map {
        "\(fixed($0.score, 4).aligned(to: 8))  \($0.entity.padded(to: width))  \($0.word)  \($0.start)..<\($0.end)\n"
      }
      return text.shortened(to: 100) + "\n" + (rows.isEmpty ? "    nothing found\n" : rows.joined())
    }
    try StandardOutput.write(tables.joined(separator: "\n"))
  }
}
