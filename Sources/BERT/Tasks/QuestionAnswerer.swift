// SPDX-License-Identifier: Apache-2.0
import Tokenizers

/// Finds the answer to a question in a text, however long: what the model cannot see at once, it sees in windows.
///
/// Source: Hugging Face `QuestionAnsweringPipeline` with a fast tokenizer.
public struct QuestionAnswerer: TextTask {
  public static let requiredHead = BertHead.questionAnswering
  public let model: any LogitsModel
  public let tokenizer: BertTokenizer

  public init(model: any LogitsModel, tokenizer: BertTokenizer) {
    self.model = model
    self.tokenizer = tokenizer
  }

  public struct Input: Sendable, Equatable {
    public let question: String
    public let context: String

    public init(question: String, context: String) {
      self.question = question
      self.context = context
    }
  }

  public struct Options: Sendable, Equatable {
    /// Answers to return, at most.
    public var topK: Int
    /// Tokens that windows share; 128, or half of `maxSeqLen` where that is less, if nil.
    public var docStride: Int?
    /// Tokens of an answer, at most.
    public var maxAnswerLen: Int
    /// Tokens of a window, question and special tokens included; 384, or what tokenizer and model take, if nil.
    public var maxSeqLen: Int?
    /// Whether "" may be the answer.
    public var handleImpossibleAnswer: Bool
    /// Whether answers are whole words of the context.
    public var alignToWords: Bool

    public init(
      topK: Int = 1, docStride: Int? = nil, maxAnswerLen: Int = 15, maxSeqLen: Int? = nil,
      handleImpossibleAnswer: Bool = false, alignToWords: Bool = true
    ) {
      self.topK = topK
      self.docStride = docStride
      self.maxAnswerLen = maxAnswerLen
      self.maxSeqLen = maxSeqLen
      self.handleImpossibleAnswer = handleImpossibleAnswer
      self.alignToWords = alignToWords
    }
  }

  public struct Answer: Sendable, Equatable {
    /// Probability of the start times that of the end, in the answer's window.
    public let score: Double
    /// In Unicode scalars of the context.
    public let start: Int
    public let end: Int
    /// What the context has there; "" for no answer.
    public let answer: String
  }

  /// A question and a context in windows.
  public struct Prepared: PreparedInput {
    public let context: String
    public let windows: [Encoding]
    public let isTruncated = false

    public var sequences: [TokenSequence] { windows.map(TokenSequence.init) }
  }

  /// - Throws: `TaskError.empty` for an empty question or context; `.tokenizer` where the question leaves no room for the
  ///   context; `.option`.
  public func prepare(_ input: Input, _ options: Options = Options()) throws(TaskError) -> Prepared {
    if input.question.isEmpty { throw .empty(field: "question") }
    if input.context.isEmpty { throw .empty(field: "context") }
    for (name, value) in [("top_k", options.topK), ("max_answer_len", options.maxAnswerLen)] where value < 1 {
      throw .option(name, "is \(value); it must be at least 1")
    }
    let length = options.maxSeqLen ?? min(truncationLimit, 384)
    let stride = options.docStride ?? min(length / 2, 128)
    guard stride >= 0, stride <= length else {
      throw .option("doc_stride", "is \(stride); it must lie in 0...\(length), the length of a window")
    }
    // The question stands in every window, uncut, with three special tokens.
    let question = try encode(input.question, nil, EncodeOptions(addSpecialTokens: false)).count
    guard question + 3 < length else {
      throw .option(
        "question", "has \(question) tokens, which leave no room for context in windows of \(length) (max_seq_len)")
    }
    let truncation = Truncation(maxLength: length, strategy: .onlySecond, stride: stride)
    var encoding = try encode(
      input.question, input.context, EncodeOptions(truncation: truncation, returnOverflowingTokens: true))
    try checkLength(encoding.count)
    let overflowing = encoding.overflowing
    encoding.overflowing = []
    return Prepared(context: input.context, windows: [encoding] + overflowing)
  }

  /// Answers, the likeliest first. An answer that two windows see comes twice, as in the pipeline.
  public func output(
    _ prepared: Prepared, _ logits: [Logits], _ options: Options = Options()
  ) throws(TaskError) -> [Answer] {
    var spans: [(score: Double, range: Range<Int>)] = []
    var nullScore = 1e6  // of the window where "no answer" is least likely
    for (window, logits) in zip(prepared.windows, logits) {
      try logits.check(rows: window.count, columns: 2)
      let candidates = AnswerSpans(window, logits, classificationId: tokenizer.classificationId)
      nullScore = min(nullScore, candidates.nullScore)
      for span in candidates.best(options.topK, maxLength: options.maxAnswerLen) {
        let range = window.textRange(span.first, span.last, alignToWords: options.alignToWords)
        spans.append((span.score, range))
      }
    }
    if options.handleImpossibleAnswer { spans.append((nullScore, 0..<0)) }
    let context = Array(prepared.context.unicodeScalars)
    return spans.sortedStably { $0.score > $1.score }.prefix(options.topK).map { score, range in
      Answer(
        score: score, start: range.lowerBound, end: range.upperBound,
        answer: String(scalars: context[range.clamped(to: 0..<context.count)]))
    }
  }
}

extension Encoding {
  /// Where tokens stand in the second text.
  ///
  /// - Parameter alignToWords: from the beginning of the first token's word to the end of the last one's, as far as this
  ///   window has them.
  fileprivate func textRange(_ first: Int, _ last: Int, alignToWords: Bool) -> Range<Int> {
    var (start, end) = (offsets[first].lowerBound, offsets[last].upperBound)
    if alignToWords, let firstWord = wordRange(first), let lastWord = wordRange(last) {
      (start, end) = (firstWord.lowerBound, lastWord.upperBound)
    }
    return start..<max(start, end)
  }

  /// The part of the second text that a token's word takes. Words of the first text have the numbers of the second's, and
  /// pass for these, as in the pipeline.
  private func wordRange(_ token: Int) -> Range<Int>? {
    guard let word = wordIds[token] else { return nil }
    let tokens = wordIds.indices.filter { wordIds[$0] == word && sequenceIds[$0] == 1 }
    guard let first = tokens.first, let last = tokens.last else { return nil }
    return offsets[first].lowerBound..<offsets[last].upperBound
  }
}
