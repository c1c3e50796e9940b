// SPDX-License-Identifier: Apache-2.0
import BERT
import StrictJSON
import Synchronization

/// Lines of pairs, or of queries and documents, to cosines.
struct SimilarityLines {
  let encoder: SentenceEncoder
  /// Documents of a query to return; all where nil.
  let topK: Int?

  /// What a line asks.
  private struct Question: Sendable {
    let isPair: Bool
    let first: String
    let others: [String]
  }

  /// - Throws: `CommandError` for the first line that is refused, after the answers to the lines before it.
  func run() async throws {
    let limits = LineSplitter.Limits(lines: encoder.engine.device?.kind == .gpu ? 2048 : 256)
    let counts = Mutex((texts: 0, truncated: 0))
    let (encoder, topK) = (encoder, topK)
    defer { counts.withLock { SimilarityLines.noteTruncated($0.truncated, of: $0.texts, encoder) } }
    let pipeline = LinePipeline(
      reader: LineReader(limits),
      prepare: { chunk in
        let (blocks, count, failure) = chunk.gather(into: [Question]()) { questions, line in
          questions.append(try SimilarityLines.question(line))
        }
        let questions = Array(blocks.joined())
        let content = (try encoder.tokenize(questions.flatMap { [$0.first] + $0.others }), questions)
        return Batch(content: content, lineCount: count, failure: failure)
      },
      compute: { (texts: SentenceEncoder.TokenizedTexts, questions: [Question]) in
        let embeddings = try await encoder.embed(texts)
        counts.withLock { $0 = ($0.texts + texts.ids.count, $0.truncated + embeddings.truncatedCount) }
        return (Similarity.rank(questions.map(\.others), embeddings.vectors, topK: topK), questions)
      },
      format: { (ranked: [[Reranker.Ranked]], questions: [Question]) in
        inParallel(ranked.count, block: 64) { range in
          var writer = JSONWriter()
          for index in range {
            writer.append(SimilarityLines.answer(ranked[index], isPair: questions[index].isPair))
            writer.bytes.append(UInt8(ascii: "\n"))
          }
          return writer.bytes
        }
      })
    try await pipeline.run()
  }

  private static func question(_ line: LineFields) throws(LineError) -> Question {
    if line.has("query") {
      return Question(isPair: false, first: try line.text("query"), others: try line.texts("documents"))
    }
    return Question(isPair: true, first: try line.text("text"), others: [try line.text("text_pair")])
  }

  private static func answer(_ ranked: [Reranker.Ranked], isPair: Bool) -> JSON {
    guard isPair, let pair = ranked.first else { return .array(ranked.map(\.json)) }
    return .object(["score": .number(JSONNumber(pair.score))])
  }

  static func noteTruncated(_ count: Int, of total: Int, _ encoder: SentenceEncoder) {
    guard count > 0 else { return }
    StandardError.note(
      "of \(counted(total, "text")), \(count) had more than \(encoder.maxSequenceLength) tokens and lost the rest")
  }
}
