// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import Tokenizers

/// The examples of a file as tokens and labels, and the batches that they make.
///
///     let file = try TrainingFile("train.jsonl", task: .textClassification)
///     let labels = try LabelScheme(file, config: config, isNewHead: true)
///     let set = try TrainingSet(file, labels, config: config, tokenizer: tokenizer, arguments: arguments)
///     var order = BatchOrder(count: set.count, batchSize: 8, seed: 42, shuffles: true)
///     let (epoch, indices) = order.next()
///     let input = try set.batch(indices, epoch: epoch)
///
/// Made on all cores, once; every row is checked then, so that a batch has nothing left to refuse.
public struct TrainingSet: Sendable {
  public let task: BertHead
  public let labels: LabelScheme
  /// Rows that were longer than `maxLength` and lost the rest.
  public let truncatedCount: Int
  /// Tokens of a sequence, special ones included, at most.
  public let maxLength: Int
  let features: [TrainingFeature]
  /// Contexts and answers of questions, by row, for their evaluation; empty for other tasks.
  let questions: [Question]
  private let masking: TokenMasking?
  private let paddingId: Int32
  private let seed: UInt64

  /// What a set is for.
  public enum Purpose: Sendable {
    case training
    /// Questions keep their contexts, which answers are cut out of.
    case evaluation
  }

  struct Question: Sendable {
    let context: String
    /// Right answers; none where there is none.
    let answers: [String]
  }

  /// - Parameters:
  ///   - labels: of the training file, for an evaluation file, too.
  ///   - config: of the model.
  ///   - arguments: `maxLength`, and `seed` for masks.
  /// - Throws: `TrainingDataError.line` for the first row that the model cannot take, `.tokenizer`, `.maxLength`,
  ///   `.noMaskToken`, `.vocabulary`.
  public init(
    _ file: TrainingFile, _ labels: LabelScheme, config: BertConfig, tokenizer: BertTokenizer,
    arguments: TrainingArguments, for purpose: Purpose = .training
  ) throws(TrainingDataError) {
    task = file.task
    self.labels = labels
    guard tokenizer.vocabularySize <= config.vocabSize else {
      throw .vocabulary(tokenizer: tokenizer.vocabularySize, embeddings: config.vocabSize)
    }
    let limit = min(tokenizer.modelMaxLength ?? .max, config.maxPositionEmbeddings)
    let maxLength = arguments.maxLength ?? (file.task == .questionAnswering ? min(limit, 384) : limit)
    // Two texts have three special tokens.
    guard maxLength >= 4, maxLength <= limit else { throw .maxLength(maxLength, limit: limit) }
    self.maxLength = maxLength
    let isMasked = file.task == .maskedLM || file.task == .pretraining
    let masking = isMasked ? try TokenMasking(tokenizer) : nil
    self.masking = masking
    let maker = FeatureMaker(
      file: file.path, labels: labels, tokenizer: tokenizer, maxLength: maxLength, masking: masking,
      keepsContext: purpose == .evaluation)
    let made = try concurrentMap(file.rows.count) { index throws(TrainingDataError) in
      try maker.make(file.rows[index], index)
    }
    features = made.flatMap(\.features)
    truncatedCount = made.count(where: \.isTruncated)
    questions = purpose == .evaluation ? file.rows.compactMap(Question.init) : []
    paddingId = tokenizer.paddingId ?? Int32(config.padTokenId)
    seed = arguments.seed
    try checkTypes(file, config)
  }

  /// Examples: rows of the file, or windows of its questions.
  public var count: Int { features.count }

  /// Padded to the longest of its sequences, with labels.
  ///
  /// - Parameters:
  ///   - indices: of examples, in 0 ..< count.
  ///   - epoch: what masks are drawn for: the same seed, epoch and example have the same.
  /// - Throws: `TrainingDataError.place` for an index that there is no example of.
  public func batch(_ indices: [Int], epoch: Int) throws -> BertInput {
    if let odd = indices.first(where: { !features.indices.contains($0) }) {
      throw TrainingDataError.place("there is no example \(odd) among \(count)")
    }
    var rows = PaddedRows(paddingId: paddingId)
    for index in indices {
      let feature = features[index]
      for sequence in feature.sequences {
        var (ids, labels) = (sequence.ids, sequence.ids)
        if let masking {
          let draws = DrawSequence(seed: seed, purpose: .masking, epoch: epoch, example: index)
          (ids, labels) = masking.mask(ids, draws)
        } else if case .tokens(let targets) = feature.target {
          labels = targets
        }
        rows.append(ids, sequence.typeIds, labels)
      }
    }
    var input = try rows.input()
    addLabels(indices.map { features[$0].target }, rows, to: &input)
    if task == .multipleChoice { input.choices = features.first?.sequences.count }
    return input
  }

  private func addLabels(_ targets: [TrainingTarget], _ rows: PaddedRows, to input: inout BertInput) {
    var (classes, numbers, starts, ends) = ([Int32](), [Float](), [Int32](), [Int32]())
    for target in targets {
      switch target {
      case .label(let label), .sentences(let label): classes.append(label)
      case .numbers(let values): numbers += values
      case .span(let start, let end):
        starts.append(start)
        ends.append(end)
      case .tokens, .text: break
      }
    }
    switch task {
    case .none: break
    case .maskedLM, .causalLM, .tokenClassification: input.labels = .classes(rows.paddedLabels)
    case .pretraining:
      input.labels = .classes(rows.paddedLabels)
      input.nextSentenceLabel = classes
    case .textClassification where labels.problemType != .singleLabelClassification: input.labels = .numbers(numbers)
    case .textClassification, .nextSentence, .multipleChoice: input.labels = .classes(classes)
    case .questionAnswering: (input.startPositions, input.endPositions) = (starts, ends)
    }
  }

  /// A model with one token type cannot tell two texts apart.
  private func checkTypes(_ file: TrainingFile, _ config: BertConfig) throws(TrainingDataError) {
    for feature in features {
      for sequence in feature.sequences {
        guard let type = sequence.typeIds.max(), Int(type) >= config.typeVocabSize else { continue }
        throw .field(
          file: file.path, line: file.rows[feature.row].line, field: "text_pair",
          "needs the token type \(type), but the model has \(config.typeVocabSize) (type_vocab_size)")
      }
    }
  }
}

extension TrainingSet.Question {
  fileprivate init?(_ row: TrainingFile.Row) {
    guard case .question(let input, let answers) = row.example else { return nil }
    self.init(context: input.context, answers: answers.map(\.text))
  }
}
