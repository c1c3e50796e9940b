// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import Tokenizers

/// Examples to tokens, as Hugging Face's example scripts have it for each task (transformers 4.49: `run_glue.py`,
/// `run_ner.py`, `run_qa.py`, `run_swag.py`, `run_mlm.py` line by line).
struct FeatureMaker: Sendable {
  let file: String
  let labels: LabelScheme
  let tokenizer: BertTokenizer
  /// Tokens of a sequence, special ones included, at most.
  let maxLength: Int
  /// Of a masked language model.
  let masking: TokenMasking?
  /// Whether a question's windows keep what its answer is cut out with.
  let keepsContext: Bool

  /// What a row becomes: one feature, or several for a question.
  struct Made: Sendable {
    let features: [TrainingFeature]
    let isTruncated: Bool
  }

  /// - Throws: `TrainingDataError.line` for a label that is none or a text without a token to learn from, `.tokenizer`.
  func make(_ row: TrainingFile.Row, _ index: Int) throws(TrainingDataError) -> Made {
    switch row.example {
    case .text(let text, let label):
      let target = try labels.target(label, file, row.line)
      return try one(row, index, [(text.text, text.textPair)], target)
    case .choices(let input, let label):
      return try one(row, index, input.choices.map { (input.text, $0) }, .label(Int32(label)))
    case .plain(let text):
      let made = try one(row, index, [(text, nil)], .text)
      try checkMasking(made, row, "text")
      return made
    case .sentences(let text, let label):
      let target = masking == nil ? TrainingTarget.label(label) : .sentences(label)
      let made = try one(row, index, [(text.text, text.textPair)], target)
      if masking != nil { try checkMasking(made, row, "text") }
      return made
    case .words(let words, let tags): return try self.words(row, index, words, tags)
    case .question(let input, let answers): return try question(row, index, input, answers)
    }
  }

  private func one(
    _ row: TrainingFile.Row, _ index: Int, _ pairs: [(String, String?)], _ target: TrainingTarget
  ) throws(TrainingDataError) -> Made {
    var sequences: [TokenSequence] = []
    var isTruncated = false
    for (text, pair) in pairs {
      let (encoding, isCut) = try truncated(row) { options throws(TokenizerError) in
        try tokenizer.encode(text, pair: pair, options: options)
      }
      sequences.append(TokenSequence(encoding))
      isTruncated = isTruncated || isCut
    }
    return Made(
      features: [TrainingFeature(sequences: sequences, target: target, row: index)], isTruncated: isTruncated)
  }

  /// A language model learns nothing of [CLS] [SEP].
  private func checkMasking(_ made: Made, _ row: TrainingFile.Row, _ field: String) throws(TrainingDataError) {
    let ids = made.features[0].sequences[0].ids
    let hasToken = masking?.canMask(ids) ?? (ids.count > 2)
    guard !hasToken else { return }
    throw .field(file: file, line: row.line, field: field, "has no token to learn from")
  }

  /// The first piece of each word is labelled, the others are passed over.
  private func words(
    _ row: TrainingFile.Row, _ index: Int, _ words: [String], _ tags: [ExampleLabel.Name]
  ) throws(TrainingDataError) -> Made {
    var numbers: [Int32] = []
    for (position, tag) in tags.enumerated() {
      guard let number = labels.number(tag) else {
        throw .field(file: file, line: row.line, field: "ner_tags[\(position)]", labels.refusal(tag))
      }
      numbers.append(Int32(number))
    }
    let (encoding, isTruncated) = try truncated(row) { options throws(TokenizerError) in
      try tokenizer.encode(words: words, options: options)
    }
    var previous: Int?
    let targets = encoding.wordIds.map { word -> Int32 in
      defer { previous = word }
      guard let word, word != previous else { return ignoredLabel }
      return numbers[word]
    }
    guard targets.contains(where: { $0 != ignoredLabel }) else {
      throw .field(file: file, line: row.line, field: "tokens", "has no token to learn from")
    }
    let feature = TrainingFeature(sequences: [TokenSequence(encoding)], target: .tokens(targets), row: index)
    return Made(features: [feature], isTruncated: isTruncated)
  }

  /// The question in front of each window of the context; windows share 128 tokens, or half of their length where that is
  /// less, as `QuestionAnswerer` has them.
  private func question(
    _ row: TrainingFile.Row, _ index: Int, _ input: QuestionAnswerer.Input, _ answers: [ExampleAnswer]
  ) throws(TrainingDataError) -> Made {
    let question: Int
    var encoding: Encoding
    do throws(TokenizerError) {
      question = try tokenizer.encode(input.question, options: EncodeOptions(addSpecialTokens: false)).count
    } catch { throw .tokenizer(file: file, line: row.line, error) }
    let room = maxLength - 3 - question
    guard room > 0 else {
      throw .field(
        file: file, line: row.line, field: "question",
        "has \(question) tokens, which leave no room for context in windows of \(maxLength) (--max-length)")
    }
    // A long question leaves windows that must still move on.
    let truncation = Truncation(
      maxLength: maxLength, strategy: .onlySecond, stride: min(128, maxLength / 2, room - 1))
    do throws(TokenizerError) {
      encoding = try tokenizer.encode(
        input.question, pair: input.context,
        options: EncodeOptions(truncation: truncation, returnOverflowingTokens: true))
    } catch { throw .tokenizer(file: file, line: row.line, error) }
    let windows = [encoding] + encoding.overflowing
    let features = windows.map { window in
      let context = ContextTokens(window)
      let span = answers.first.flatMap(context.span) ?? (0, 0)
      return TrainingFeature(
        sequences: [TokenSequence(window)], target: .span(start: Int32(span.start), end: Int32(span.end)), row: index,
        context: keepsContext ? context : nil)
    }
    return Made(features: features, isTruncated: false)
  }

  /// A text in full where it fits, else cut; of a pair the longer one first.
  private func truncated(
    _ row: TrainingFile.Row, _ encode: (EncodeOptions) throws(TokenizerError) -> Encoding
  ) throws(TrainingDataError) -> (Encoding, isTruncated: Bool) {
    do throws(TokenizerError) {
      let whole = try encode(EncodeOptions())
      guard whole.count > maxLength else { return (whole, false) }
      return (try encode(EncodeOptions(truncation: Truncation(maxLength: maxLength))), true)
    } catch { throw .tokenizer(file: file, line: row.line, error) }
  }
}
