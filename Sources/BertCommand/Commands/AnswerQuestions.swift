// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import BERT
import StrictJSON

/// `bert qa`: answers to questions, from texts that have them.
struct AnswerQuestions: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "qa",
    abstract: "Find the answer to a question in a text.",
    discussion: """
      With --jsonl, reads lines {"question", "context"} from standard input and writes, for each, a line {"score", \
      "start", "end", "answer"}; a list of these where there is more than one answer. start and end are in Unicode \
      scalars of the context, of which the answer is a part. A context of any length is read in windows.

        bert qa MODEL --question "Who wrote it?" --context "It was written by Ada Lovelace in 1843."
        bert qa MODEL --jsonl --handle-impossible-answer < questions.jsonl > answers.jsonl
      """)

  @OptionGroup var arguments: TaskArguments

  @Option(help: "The question, for readable output.")
  var question: String?

  @Option(help: "The text with the answer, for readable output.")
  var context: String?

  @Option(help: "Answers, at most.")
  var topK = 1

  @Option(help: "Tokens that windows share (default: 128, or half a window where that is less).")
  var docStride: Int?

  @Option(help: "Tokens of an answer, at most.")
  var maxAnswerLen = 15

  @Option(help: "Tokens of a window, with the question (default: 384, or what the model takes where that is less).")
  var maxSeqLen: Int?

  @Flag(help: "Allow \"\" as the answer: there is none.")
  var handleImpossibleAnswer = false

  @Flag(inversion: .prefixedNo, help: "Answer in whole words.")
  var alignToWords = true

  mutating func validate() throws {
    let isGiven = question != nil && context != nil
    if arguments.jsonl, question != nil || context != nil {
      throw ValidationError("With --jsonl, questions come from standard input; leave out --question and --context.")
    }
    if !arguments.jsonl, !isGiven {
      throw ValidationError("Give --question and --context, or --jsonl to read JSON lines from standard input.")
    }
    try checkAtLeast(1, topK, option: "--top-k")
    try checkAtLeast(0, docStride, option: "--doc-stride")
    try checkAtLeast(1, maxAnswerLen, option: "--max-answer-len")
    try checkAtLeast(1, maxSeqLen, option: "--max-seq-len")
  }

  func run() async throws {
    let engine = try arguments.engine.open()
    let options = QuestionAnswerer.Options(
      topK: topK, docStride: docStride, maxAnswerLen: maxAnswerLen, maxSeqLen: maxSeqLen,
      handleImpossibleAnswer: handleImpossibleAnswer, alignToWords: alignToWords)
    let task = try await QuestionAnswerer.fromPretrained(arguments.model, on: engine)
    let run = TaskRun(task: task, options: options, engine: engine)
    if arguments.jsonl {
      try await run.lines(
        input: { line throws(LineError) in
          QuestionAnswerer.Input(question: try line.text("question"), context: try line.text("context"))
        },
        answer: { QuestionAnswerer.json($0) })
      return
    }
    let input = QuestionAnswerer.Input(question: question ?? "", context: context ?? "")
    let rows = try await run.answers([input]).joined().map { answer in
      let text = answer.answer.isEmpty ? "no answer" : StandardError.oneLine(answer.answer)
      return "\(fixed(answer.score, 4).aligned(to: 8))  \(text)  \(answer.start)..<\(answer.end)\n"
    }
    try StandardOutput.write(rows.isEmpty ? "    no answer\n" : rows.joined())
  }
}
