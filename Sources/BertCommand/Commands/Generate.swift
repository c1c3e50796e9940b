// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import BERT
import StrictJSON
import Tokenizers

/// `bert generate`: texts continued by a decoder.
struct Generate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Continue texts with a decoder.",
    discussion: """
      For causal language models (is_decoder, BertLMHeadModel). A text is taken without the [SEP] that would end it. \
      Greedy, or drawn with --do-sample; the same --seed gives the same text.

      With --jsonl, reads lines {"text"} from standard input and writes, for each, {"generated_text"}: the text as the \
      tokenizer decodes it, continued.

        bert generate MODEL "the cat sat on" --max-new-tokens 20
        bert generate MODEL --jsonl --do-sample --top-p 0.9 < prompts.jsonl
      """)

  @OptionGroup var arguments: TaskArguments

  @Argument(help: "Texts, for readable output.")
  var texts: [String] = []

  @Option(help: "Tokens to add, at most.")
  var maxNewTokens = 20

  @Flag(help: "Draw tokens instead of taking the likeliest.")
  var doSample = false

  @Option(help: "Divides the scores before a token is drawn.")
  var temperature = 1.0

  @Option(help: "Draw from so many of the likeliest tokens; 0 for all.")
  var topK = 50

  @Option(help: "Draw from the likeliest tokens that together have this probability.")
  var topP = 1.0

  @Option(help: "What the draws depend on.")
  var seed: UInt64 = 0

  @Flag(inversion: .prefixedNo, help: "Keep keys and values from token to token.")
  var useCache = true

  mutating func validate() throws {
    try checkTexts(texts, jsonl: arguments.jsonl)
    try checkAtLeast(1, maxNewTokens, option: "--max-new-tokens")
    try checkAtLeast(0, topK, option: "--top-k")
    guard temperature > 0 else { throw ValidationError("--temperature must be above 0.") }
    guard topP > 0, topP <= 1 else { throw ValidationError("--top-p must be above 0 and at most 1.") }
  }

  func run() async throws {
    let folder = try SentenceHead.transformerPath(in: arguments.model)
    let tokenizer = try BertTokenizer.fromPretrained(folder)
    let model = try await BertLMHeadModel.fromPretrained(folder, on: arguments.engine.open())
    guard tokenizer.vocabularySize <= model.config.vocabSize else {
      throw BertError.vocabularyMismatch(tokenizer: tokenizer.vocabularySize, embeddings: model.config.vocabSize)
    }
    let options = options(tokenizer)
    if !doSample, temperature != 1 || topK != 50 || topP != 1 || seed != 0 {
      StandardError.note("--temperature, --top-k, --top-p and --seed change nothing without --do-sample")
    }
    guard arguments.jsonl else {
      for (index, text) in texts.enumerated() {
        let prompt = try Generate.prompt(text, tokenizer)
        let new = try await model.generate([prompt], options, numbers: [index + 1]).tokens[0]
        try StandardOutput.write(tokenizer.decode(prompt + new, skipSpecialTokens: true) + "\n")
      }
      return
    }
    let pipeline = LinePipeline(
      reader: LineReader(LineSplitter.Limits(lines: 16)),
      prepare: { chunk in
        let (blocks, count, failure) = chunk.gather(into: [Prompt]()) { prompts, line in
          let text = try line.text("text")
          let ids: [Int32]
          do throws(TokenizerError) { ids = try Generate.prompt(text, tokenizer) } catch {
            throw CommandError.lineNotEncoded(line: line.number, error)
          }
          let room = model.config.maxPositionEmbeddings - ids.count + 1
          guard options.maxNewTokens <= room else {
            let limit = model.config.maxPositionEmbeddings
            throw CommandError.lineTooLongToContinue(
              line: line.number, tokens: ids.count, new: options.maxNewTokens, limit: limit)
          }
          prompts.append(Prompt(ids: ids, line: line.number))
        }
        return Batch(content: Array(blocks.joined()), lineCount: count, failure: failure)
      },
      compute: { prompts in
        // A line's draws depend on its number, not on the lines that happened to come with it.
        let generated = try await model.generate(prompts.map(\.ids), options, numbers: prompts.map(\.line))
        return (prompts, generated.tokens)
      },
      format: { prompts, new in
        zip(prompts, new).map { prompt, new in
          let text = tokenizer.decode(prompt.ids + new, skipSpecialTokens: true)
          return Array((JSON.object(["generated_text": .string(text)]).serialized() + "\n").utf8)
        }
      })
    try await pipeline.run()
  }

  /// A line's tokens, and its number.
  private struct Prompt: Sendable {
    let ids: [Int32]
    let line: Int
  }

  private func options(_ tokenizer: BertTokenizer) -> GenerationOptions {
    var options = GenerationOptions()
    options.maxNewTokens = maxNewTokens
    options.doSample = doSample
    options.temperature = temperature
    options.topK = topK
    options.topP = topP
    options.seed = seed
    options.useCache = useCache
    options.eosTokenId = tokenizer.separatorId
    options.padTokenId = tokenizer.paddingId ?? 0
    return options
  }

  /// A text's tokens from [CLS] on, without the [SEP] that ends it.
  private static func prompt(_ text: String, _ tokenizer: BertTokenizer) throws(TokenizerError) -> [Int32] {
    let ids = (tokenizer.classificationId.map { [$0] } ?? []) + (try tokenizer.encodeIds(text, addSpecialTokens: false))
    return ids.isEmpty ? [tokenizer.unknownId] : ids
  }
}
