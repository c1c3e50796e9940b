// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import BERT
import StrictJSON
import Synchronization

/// `bert embed`: texts to vectors.
struct Embed: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turn texts into vectors.",
    discussion: """
      Pools and normalises as the model's modules.json says; a directory without one gets mean pooling and a note. Longer \
      texts are cut to the model's max_seq_length, and counted on standard error.

      With --jsonl, reads lines {"text": ..., other keys} from standard input and writes, in the same order, lines with \
      the other keys and {"embedding": [...]}. Lines are answered as they come, so the command can stay in a pipe.

        bert embed MODEL "A cat sits on the mat." "A feline rests."
        bert embed MODEL --jsonl < texts.jsonl > vectors.jsonl
      """)

  @Argument(help: "Checkpoint directory.")
  var model: String

  @Argument(help: "Texts, for readable output.")
  var texts: [String] = []

  @Flag(help: "Read JSON lines from standard input and write JSON lines.")
  var jsonl = false

  @OptionGroup(title: "Device options")
  var engine: EngineOptions

  mutating func validate() throws { try checkTexts(texts, jsonl: jsonl) }

  func run() async throws {
    let encoder = try await SentenceEncoder.fromPretrained(model) { try engine.open() }
    if jsonl {
      try await Embed.runLines(encoder)
    } else {
      let embeddings = try await encoder.embed(texts)
      try StandardOutput.write(Embed.table(texts, embeddings.vectors))
      Embed.noteTruncated(embeddings.truncatedCount, of: texts.count, encoder)
    }
  }

  private static func runLines(_ encoder: SentenceEncoder) async throws {
    // A GPU wants thousands of sentences at once; a CPU is as fast with some hundred, and answers sooner.
    // Benchmarks/lines/Sources/lines-bench/main.swift runs the encoder alone on such chunks: keep them the same.
    let limits = LineSplitter.Limits(lines: encoder.engine.device?.kind == .gpu ? 4096 : 512)
    let counts = Mutex((lines: 0, truncated: 0))
    defer { counts.withLock { noteTruncated($0.truncated, of: $0.lines, encoder) } }
    let pipeline = LinePipeline(
      reader: LineReader(limits),
      prepare: { chunk in
        let initial: [(text: String, rest: JSONObject)] = []
        let (blocks, count, failure) = chunk.gather(into: initial) { lines, line in
          let text = try line.text("text")
          var object = line.object
          object["text"] = nil
          object["embedding"] = nil
          lines.append((text, object))
        }
        let lines = Array(blocks.joined())
        let content = (try encoder.tokenize(lines.map(\.text)), lines.map(\.rest))
        return Batch(content: content, lineCount: count, failure: failure)
      },
      compute: { (texts: SentenceEncoder.TokenizedTexts, objects: [JSONObject]) in
        let embeddings = try await encoder.embed(texts)
        counts.withLock { $0 = ($0.lines + objects.count, $0.truncated + embeddings.truncatedCount) }
        return (embeddings.vectors, objects)
      },
      format: { (vectors: [[Float]], objects: [JSONObject]) in
        inParallel(vectors.count, block: 16) { range in
          var writer = JSONWriter()
          for index in range { writer.appendLine(objects[index], embedding: vectors[index]) }
          return writer.bytes
        }
      })
    try await pipeline.run()
  }

  private static func noteTruncated(_ count: Int, of total: Int, _ encoder: SentenceEncoder) {
    guard count > 0 else { return }
    let limit = encoder.maxSequenceLength
    StandardError.note("of \(counted(total, "text")), \(count) had more than \(limit) tokens and lost the rest")
  }

  /// The first numbers of each vector, and the cosine of every pair.
  private static func table(_ texts: [String], _ vectors: [[Float]]) -> String {
    var rows: [String] = []
    for (index, (text, vector)) in zip(texts, vectors).enumerated() {
      let first = vector.prefix(6).map { fixed(Double($0), 4) }.joined(separator: " ")
      rows.append("\(index + 1)  \(text.shortened(to: 100))")
      rows.append("   \(vector.count) numbers: \(first)\(vector.count > 6 ? " ..." : "")")
    }
    if vectors.count > 1 {
      rows.append("")
      rows.append("cosine" + vectors.indices.map { "\($0 + 1)".aligned(to: 9) }.joined())
      for (index, vector) in vectors.enumerated() {
        rows.append(
          "\(index + 1)".aligned(to: 6)
            + vectors.map { fixed(cosine(vector, $0), 4).aligned(to: 9) }.joined())
      }
    }
    return rows.joined(separator: "\n") + "\n"
  }

  private static func cosine(_ left: [Float], _ right: [Float]) -> Double {
    func product(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
    let norms = (product(left, left) * product(right, right)).squareRoot()
    return norms > 0 ? product(left, right) / norms : 0
  }
}

extension JSONWriter {
  /// Appends the pairs of `object`, then the embedding, and the end of the line.
  fileprivate mutating func appendLine(_ object: JSONObject, embedding: [Float]) {
    bytes.append(UInt8(ascii: "{"))
    for (key, value) in object {
      append(key)
      bytes.append(UInt8(ascii: ":"))
      append(value)
      bytes.append(UInt8(ascii: ","))
    }
    bytes.append(contentsOf: #""embedding":"#.utf8)
    append(embedding)
    bytes.append(contentsOf: "}\n".utf8)
  }
}
