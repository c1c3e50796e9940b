// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import BERT
import StrictJSON
import Tokenizers

extension Truncation.Strategy: ExpressibleByArgument {}

/// `bert tokenize`: text to ids, tokens and offsets. Needs no device.
struct Tokenize: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Split texts into tokens.",
    discussion: """
      With --jsonl, reads lines {"text", "text_pair"?} from standard input and writes, for each, a line {"input_ids", \
      "token_type_ids", "attention_mask", "tokens", "offsets"}. Special tokens are included. Offsets are [start, end) in \
      Unicode scalars of the text, [0, 0] for special tokens that were added.

        echo '{"text": "I like natural language progressing!"}' | bert tokenize MODEL --jsonl
        bert tokenize MODEL "I like natural language progressing!"
      """)

  @Argument(help: "Checkpoint directory, of which only the tokenizer is read.")
  var model: String

  @Argument(help: "Texts, for readable output.")
  var texts: [String] = []

  @Flag(help: "Read JSON lines from standard input and write JSON lines.")
  var jsonl = false

  @Option(help: "Cut to so many tokens, special ones included (default: nothing is cut).")
  var maxLength: Int?

  @Option(help: "What is cut where a text or a pair is too long; needs --max-length.")
  var truncation: Truncation.Strategy?

  mutating func validate() throws {
    try checkTexts(texts, jsonl: jsonl)
    if let maxLength, maxLength < 1 { throw ValidationError("--max-length must be at least 1.") }
    if truncation != nil, maxLength == nil { throw ValidationError("--truncation needs --max-length.") }
  }

  func run() async throws {
    let tokenizer = try BertTokenizer.fromPretrained(SentenceHead.transformerPath(in: model))
    let options = EncodeOptions(
      truncation: maxLength.map { Truncation(maxLength: $0, strategy: truncation ?? .longestFirst) })
    if jsonl {
      try await runLines(tokenizer, options)
    } else {
      try StandardOutput.write(
        texts.map { Tokenize.table($0, try tokenizer.encode($0, options: options)) }.joined(separator: "\n"))
    }
  }

  private func runLines(_ tokenizer: BertTokenizer, _ options: EncodeOptions) async throws {
    let pipeline = LinePipeline(
      reader: LineReader(LineSplitter.Limits(lines: 4096)),
      prepare: { chunk in
        let (blocks, count, failure) = chunk.gather(into: JSONWriter()) { writer, line in
          let text = try line.text("text")
          let pair = try line.optionalText("text_pair")
          do throws(TokenizerError) {
            try tokenizer.encode(text, pair: pair, options: options).appendLine(to: &writer)
          } catch {
            throw CommandError.lineNotEncoded(line: line.number, error)
          }
        }
        return Batch(content: blocks.map(\.bytes), lineCount: count, failure: failure)
      },
      compute: { $0 }, format: { $0 })
    try await pipeline.run()
  }

  /// One row per token.
  private static func table(_ text: String, _ encoding: Encoding) -> String {
    let scalars = Array(text.unicodeScalars)
    let tokenWidth = max(encoding.tokens.map(\.count).max() ?? 0, 5)
    var rows = ["\(text.shortened(to: 100)): \(counted(encoding.count, "token"))"]
    rows.append("\("id".aligned(to: 8))  \("token".padded(to: tokenWidth))  offsets")
    for index in 0..<encoding.count {
      let range = encoding.offsets[index]
      var source = ""
      if !range.isEmpty, range.upperBound <= scalars.count {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars[range])
        source = "\(range.lowerBound)..<\(range.upperBound)  \(StandardError.oneLine(String(view)))"
      }
      let id = "\(encoding.ids[index])".aligned(to: 8)
      let row = "\(id)  \(encoding.tokens[index].padded(to: tokenWidth))  \(source)"
      rows.append(String(row.reversed().drop { $0 == " " }.reversed()))
    }
    return rows.joined(separator: "\n") + "\n"
  }
}

/// Texts on the command line or lines on standard input, never both.
///
/// - Throws: `ValidationError`, a usage error.
func checkTexts(_ texts: [String], jsonl: Bool) throws {
  let isStandardInput = texts.isEmpty || texts == ["-"]
  if jsonl, !isStandardInput {
    throw ValidationError("With --jsonl, texts come from standard input; leave them out of the command line.")
  }
  if !jsonl, isStandardInput {
    throw ValidationError("Give texts, or --jsonl to read JSON lines from standard input.")
  }
}
