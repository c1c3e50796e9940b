// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import BERT
import StrictJSON

/// `bert rerank`: documents by how well they answer a query.
struct Rerank: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Sort documents by how well they answer a query.",
    discussion: """
      MODEL is a cross encoder: a classifier with one label, which reads query and document together.

      With --jsonl, reads lines {"query", "documents": [...]} from standard input and writes, for each, a line with a \
      list of {"corpus_id", "score", "text"}, the best first: the document's place in the input, from 0, its score, and \
      the document. Scores are a sigmoid of the logit unless config.json names the identity. Pairs that are too long lose \
      the end of the longer text, and are counted on standard error.

        bert rerank MODEL "How do plants eat?" "Leaves make sugar of light." "A plant is a factory."
        bert rerank MODEL --jsonl --top-k 10 < queries.jsonl > ranked.jsonl
      """)

  @OptionGroup var arguments: TaskArguments

  @Argument(help: "A query and documents, for readable output.")
  var texts: [String] = []

  @Option(help: "Documents to return (default: all).")
  var topK: Int?

  @Option(help: "What makes a score of the logit: sigmoid, identity (default: as config.json says, or else sigmoid).")
  var activation: Reranker.Activation?

  mutating func validate() throws {
    try checkTexts(texts, jsonl: arguments.jsonl)
    if !arguments.jsonl, texts.count < 2 { throw ValidationError("Give a query and at least one document.") }
    try checkAtLeast(1, topK, option: "--top-k")
  }

  func run() async throws {
    let engine = try arguments.engine.open()
    let task = try await Reranker.fromPretrained(arguments.model, on: engine)
    let options = Reranker.Options(
      topK: topK, activation: try activation ?? Reranker.configuredActivation(arguments.model))
    let run = TaskRun(task: task, options: options, engine: engine)
    if arguments.jsonl {
      try await run.lines(
        input: { line throws(LineError) in
          Reranker.Input(query: try line.text("query"), documents: try line.texts("documents"))
        },
        answer: { .array($0.map(\.json)) })
      return
    }
    let input = Reranker.Input(query: texts[0], documents: Array(texts.dropFirst()))
    try StandardOutput.write(rankTable(texts[0], try await run.answers([input]).flatMap { $0 }))
  }
}

/// Documents below their query, the best first.
func rankTable(_ query: String, _ documents: [Reranker.Ranked]) -> String {
  query.shortened(to: 100) + "\n"
    + documents.map {
      "\(fixed($0.score, 4).aligned(to: 8))  \($0.corpusId + 1)  \($0.text.shortened(to: 100))\n"
    }.joined()
}
