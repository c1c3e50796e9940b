// SPDX-License-Identifier: Apache-2.0
import Tokenizers

/// An input after the host's half of a task: what goes to the model, and what the answer needs besides.
public protocol PreparedInput: Sendable {
  /// For the model, in order: one for a text, several for windows, labels, choices or documents.
  var sequences: [TokenSequence] { get }
  /// Whether something was cut off to fit the model.
  var isTruncated: Bool { get }
}

/// A task on top of a model: texts in, answers out, as a pipeline of Hugging Face transformers 4.49 gives them.
///
/// The work has three parts, so that a caller with a stream of texts can have them at work at the same time: `prepare`
/// tokenizes, the model computes, `output` turns logits into an answer. `predict` does all three.
///
///     let task = try await FillMask.fromPretrained("path/to/bert-base-uncased")
///     let answers = try await task.predict(["The capital of France is [MASK]."], options: .init())
public protocol TextTask: Sendable {
  associatedtype Input: Sendable
  associatedtype Options: Sendable
  associatedtype Prepared: PreparedInput
  associatedtype Output: Sendable

  /// The head that `model` must have.
  static var requiredHead: BertHead { get }
  var model: any LogitsModel { get }
  var tokenizer: BertTokenizer { get }

  /// - Throws: `TaskError` for a model or tokenizer that cannot serve the task.
  init(model: any LogitsModel, tokenizer: BertTokenizer) throws(TaskError)

  /// The host's first half: an input as tokens.
  ///
  /// - Throws: `TaskError` for an option that cannot be, or a text that the task does not take.
  func prepare(_ input: Input, _ options: Options) throws(TaskError) -> Prepared

  /// The host's second half: the answer from the logits of the prepared input's sequences, in their order.
  ///
  /// - Throws: `TaskError.logits` where the model has another head.
  func output(_ prepared: Prepared, _ logits: [Logits], _ options: Options) throws(TaskError) -> Output

  /// Answers to prepared inputs, in their order.
  ///
  /// - Throws: the model's error; `TaskError.logits`.
  func predict(prepared: [Prepared], options: Options) async throws -> [Output]
}

extension TextTask {
  /// Loads a checkpoint directory with its tokenizer, whatever head its configuration names.
  ///
  /// - Parameter engine: where to run; the best OpenCL device, or the CPU where there is none, if nil.
  /// - Throws: `BertError`, `CheckpointError` or `TokenizerError` for the files, `TaskError` for a model that cannot serve
  ///   the task, `OpenCLError` for the device.
  public static func fromPretrained(_ directory: String, on engine: Engine? = nil) async throws -> Self {
    let folder = try SentenceHead.transformerPath(in: directory)
    let tokenizer = try BertTokenizer.fromPretrained(folder)
    let model = try await BertNetwork.fromPretrained(folder, head: requiredHead, on: engine)
    guard tokenizer.vocabularySize <= model.config.vocabSize else {
      throw BertError.vocabularyMismatch(tokenizer: tokenizer.vocabularySize, embeddings: model.config.vocabSize)
    }
    return try Self(model: model, tokenizer: tokenizer)
  }

  /// Answers, in the order of the inputs.
  ///
  /// - Throws: `TaskError.input` for the first input that is refused; the model's error.
  public func predict(_ inputs: [Input], options: Options) async throws -> [Output] {
    try await predict(prepared: prepareAll(inputs, options), options: options)
  }

  public func predict(prepared: [Prepared], options: Options) async throws -> [Output] {
    let logits = try await model.logits(prepared.flatMap(\.sequences))
    return try outputs(prepared, logits, options)
  }

  /// `prepare` on all cores.
  func prepareAll(_ inputs: [Input], _ options: Options) throws(TaskError) -> [Prepared] {
    try concurrentMap(inputs.count) { index throws(TaskError) in
      do throws(TaskError) { return try prepare(inputs[index], options) } catch { throw .input(index: index, error) }
    }
  }

  /// `output` on all cores.
  ///
  /// - Parameter logits: of all sequences of all prepared inputs, in order.
  func outputs(_ prepared: [Prepared], _ logits: [Logits], _ options: Options) throws(TaskError) -> [Output] {
    var starts = [0]
    for input in prepared { starts.append(starts[starts.count - 1] + input.sequences.count) }
    let ends = starts
    guard logits.count == ends[prepared.count] else {
      throw .logits(rows: logits.count, columns: 0, wantedRows: ends[prepared.count], wantedColumns: 0)
    }
    return try concurrentMap(prepared.count) { index throws(TaskError) in
      try output(prepared[index], Array(logits[ends[index]..<ends[index + 1]]), options)
    }
  }
}

extension TextTask {
  /// Tokens of one sequence, at most: rows of the position table.
  var positionLimit: Int { model.config.maxPositionEmbeddings }

  /// The length that truncation cuts to: the tokenizer's `model_max_length`, never more than the model has positions.
  public var truncationLimit: Int { min(tokenizer.modelMaxLength ?? .max, positionLimit) }

  /// A text or a pair, held against the model's length.
  ///
  /// - Parameters:
  ///   - truncation: what to cut where it is too long; nothing where nil.
  ///   - maxLength: the tokens to cut to, where they are not to be `truncationLimit`.
  /// - Throws: `TaskError.tooLong`; `.tokenizer` where truncation is impossible.
  func encode(
    _ text: String, pair: String? = nil, truncation: Truncation.Strategy?, maxLength: Int? = nil
  ) throws(TaskError) -> (encoding: Encoding, isTruncated: Bool) {
    let whole = try encode(text, pair, EncodeOptions())
    let limit = maxLength ?? truncationLimit
    guard let truncation, whole.count > limit else {
      try checkLength(whole.count)
      return (whole, false)
    }
    let cut = Truncation(maxLength: limit, strategy: truncation)
    let encoding = try encode(text, pair, EncodeOptions(truncation: cut))
    try checkLength(encoding.count)
    return (encoding, true)
  }

  /// - Throws: `TaskError.tokenizer`.
  func encode(_ text: String, _ pair: String?, _ options: EncodeOptions) throws(TaskError) -> Encoding {
    do { return try tokenizer.encode(text, pair: pair, options: options) } catch { throw .tokenizer(error) }
  }

  /// - Throws: `TaskError.tooLong`.
  func checkLength(_ count: Int) throws(TaskError) {
    guard count <= positionLimit else { throw .tooLong(tokens: count, limit: positionLimit) }
  }

  /// The name of a label, `LABEL_n` where the configuration has none.
  func label(_ index: Int) -> String { model.config.id2label[index] ?? "LABEL_\(index)" }
}

extension TokenSequence {
  init(_ encoding: Encoding) { self.init(ids: encoding.ids, typeIds: encoding.typeIds) }
}
