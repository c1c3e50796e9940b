// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import BERT
import StrictJSON

/// `bert zero-shot`: labels that the model was never trained on.
struct ZeroShot: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "zero-shot",
    abstract: "Give texts labels of your own, by natural language inference.",
    discussion: """
      MODEL is a classifier for natural language inference, one of whose labels begins with "entail".

      With --jsonl, reads lines {"text", "candidate_labels"?} from standard input and writes, for each, a line \
      {"sequence", "labels", "scores"}, the likeliest label first. candidate_labels is a list, or one string with commas, \
      and goes before the option. Texts that are too long are cut, and counted on standard error.

        bert zero-shot MODEL "My phone broke." --candidate-labels "politics, technology, food"
        bert zero-shot MODEL --jsonl --candidate-labels spam,ham --multi-label < texts.jsonl > labels.jsonl
      """)

  @OptionGroup var arguments: TaskArguments

  @Argument(help: "Texts, for readable output.")
  var texts: [String] = []

  @Option(help: ArgumentHelp("Labels, with commas between them.", valueName: "labels"))
  var candidateLabels: CommaList?

  @Flag(help: "Weigh each label by itself, since several may hold.")
  var multiLabel = false

  @Option(help: "The hypothesis, with {} where the label goes.")
  var hypothesisTemplate = ZeroShotClassifier.Options().hypothesisTemplate

  mutating func validate() throws {
    try checkTexts(texts, jsonl: arguments.jsonl)
    if candidateLabels?.values.isEmpty ?? !arguments.jsonl {
      throw ValidationError("Give at least one label in --candidate-labels.")
    }
  }

  func run() async throws {
    let engine = try arguments.engine.open()
    let task = try await ZeroShotClassifier.fromPretrained(arguments.model, on: engine)
    if task.entailmentId == nil {
      StandardError.note("no label of the model begins with \"entail\"; its last logit is taken for entailment")
    }
    let options = ZeroShotClassifier.Options(hypothesisTemplate: hypothesisTemplate, multiLabel: multiLabel)
    let labels = candidateLabels?.values ?? []
    let run = TaskRun(task: task, options: options, engine: engine, sequencesPerLine: labels.count)
    if arguments.jsonl {
      try await run.lines(
        input: { line throws(LineError) in
          ZeroShotClassifier.Input(
            sequence: try line.text("text"), candidateLabels: try ZeroShot.labels(line) ?? labels)
        },
        answer: { $0.json })
      return
    }
    let inputs = texts.map { ZeroShotClassifier.Input(sequence: $0, candidateLabels: labels) }
    let answers = try await run.answers(inputs).map { answer in
      zip(answer.labels, answer.scores).map { LabelScore(label: $0, score: $1) }
    }
    try StandardOutput.write(labelTable(texts, answers))
  }

  /// The labels of a line, where it has its own.
  private static func labels(_ line: LineFields) throws(LineError) -> [String]? {
    guard let value = line.object["candidate_labels"], !value.isNull else { return nil }
    if let text = value.stringValue { return ZeroShotClassifier.labels(text) }
    return try line.texts("candidate_labels")
  }
}
