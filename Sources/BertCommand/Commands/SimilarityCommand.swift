// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import BERT
import StrictJSON

/// `bert similarity`: how alike texts are.
struct SimilarityCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "similarity",
    abstract: "Compare texts by the cosine of their vectors.",
    discussion: """
      MODEL is a sentence encoder, as for `bert embed`.

      With --jsonl, reads lines {"text", "text_pair"} from standard input and writes, for each, a line {"score"}; for a \
      line {"query", "documents": [...]}, a list of {"corpus_id", "score", "text"} as `bert rerank` does, the most similar \
      first. Texts longer than the model's max_seq_length are cut, and counted on standard error.

        bert similarity MODEL "A cat sits on the mat." "A feline rests."
        bert similarity MODEL "A query" "A document" "Another document"
        bert similarity MODEL --jsonl < pairs.jsonl > scores.jsonl
      """)

  @OptionGroup var arguments: TaskArguments

  @Argument(help: "Two texts, or a query and documents, for readable output.")
  var texts: [String] = []

  @Option(help: "Documents to return for a query (default: all).")
  var topK: Int?

  mutating func validate() throws {
    try checkTexts(texts, jsonl: arguments.jsonl)
    if !arguments.jsonl, texts.count < 2 { throw ValidationError("Give two texts, or a query and documents.") }
    try checkAtLeast(1, topK, option: "--top-k")
  }

  func run() async throws {
    let encoder = try await SentenceEncoder.fromPretrained(arguments.model, on: arguments.engine.open())
    if arguments.jsonl {
      try await SimilarityLines(encoder: encoder, topK: topK).run()
      return
    }
    let embeddings = try await encoder.embed(texts)
    let documents = Array(texts.dropFirst())
    let ranked = Similarity.rank([documents], embeddings.vectors, topK: topK)[0]
    try StandardOutput.write(
      texts.count == 2 ? fixed(ranked[0].score, 4) + "\n" : rankTable(texts[0], ranked))
    SimilarityLines.noteTruncated(embeddings.truncatedCount, of: texts.count, encoder)
  }
}
