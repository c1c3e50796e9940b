// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import Glibc

/// Gathers what a model answers to an evaluation file, batch by batch, and gives the numbers that the task is judged by.
///
/// Names are those of Hugging Face's example scripts with the `Trainer`'s prefix: `eval_loss`, and
///
/// - text classification: `accuracy`, `f1` (of class 1 where there are two, else the mean over the classes), `f1_macro`,
///   `f1_micro`, `matthews_correlation`; several labels: `accuracy` (all labels right), `f1` (micro), `f1_macro`;
///   regression: `mse`, and with one output `pearson`, `spearmanr`;
/// - token classification: `precision`, `recall`, `f1` of entities, `accuracy` of words;
/// - question answering: `exact_match`, `f1`, in percent;
/// - multiple choice, next sentence: `accuracy`;
/// - language models: `perplexity`, `accuracy` of the tokens that are to be found;
/// - pre-training: `masked_accuracy`, `next_sentence_accuracy` (its loss is two, which have no perplexity).
public struct EvaluationMetrics: Sendable {
  private let set: TrainingSet
  private var loss = 0.0
  private var examples = 0
  private var classes: ConfusionMatrix
  private var labelCounts: LabelCounts
  private var entities = EntityScores()
  private var picks = (correct: 0, total: 0)
  private var predictions: [Double] = []
  private var targets: [Double] = []
  private var answers: [Int: AnswerChoice] = [:]

  /// - Parameter set: what is evaluated, made for `.evaluation`.
  public init(_ set: TrainingSet) {
    self.set = set
    let isClassifier = set.task == .textClassification && set.labels.problemType == .singleLabelClassification
    classes = ConfusionMatrix(count: isClassifier ? set.labels.count : 2)
    labelCounts = LabelCounts(count: set.labels.problemType == .multiLabelClassification ? set.labels.count : 0)
  }

  /// Adds a batch.
  ///
  /// - Parameters:
  ///   - output: of a forward pass over `input`, with `loss` and the head's logits.
  ///   - indices: the examples in it.
  ///   - input: `TrainingSet.batch(indices, ...)`.
  /// - Throws: `TrainingDataError.logits` where an output is missing or of another shape.
  public mutating func add(_ output: ModelOutput, _ indices: [Int], _ input: BertInput) throws(TrainingDataError) {
    guard let batchLoss = output.loss else { throw .logits(name: "loss", found: [], wanted: []) }
    loss += batchLoss * Double(indices.count)
    examples += indices.count
    switch set.task {
    case .none: break
    case .textClassification: try addTexts(output, indices)
    case .nextSentence: try addClasses(output, "logits", indices, width: 2)
    case .multipleChoice: try addClasses(output, "logits", indices, width: input.choices ?? 1)
    case .tokenClassification: try addWords(output, indices, input)
    case .questionAnswering: try addAnswers(output, indices, input)
    case .maskedLM, .causalLM: try addTokens(output, "logits", input)
    case .pretraining:
      try addTokens(output, "prediction_logits", input)
      try addClasses(output, "seq_relationship_logits", indices, width: 2)
    }
  }

  /// The numbers by name, `eval_loss` first.
  public var values: [(name: String, value: Double)] {
    let loss = ratio(loss, Double(examples))
    return [("eval_loss", loss)] + scores(loss).map { ("eval_" + $0, $1) }
  }

  private func scores(_ loss: Double) -> [(String, Double)] {
    switch set.task {
    case .none: return []
    case .textClassification: return textScores
    case .nextSentence, .multipleChoice: return [("accuracy", ratio(Double(picks.correct), Double(picks.total)))]
    case .tokenClassification:
      return [
        ("precision", entities.precision), ("recall", entities.recall), ("f1", entities.f1),
        ("accuracy", entities.accuracy),
      ]
    case .questionAnswering: return answerScores
    case .maskedLM, .causalLM:
      return [("perplexity", exp(loss)), ("accuracy", ratio(Double(picks.correct), Double(picks.total)))]
    case .pretraining:
      return [
        ("masked_accuracy", ratio(Double(picks.correct), Double(picks.total))),
        ("next_sentence_accuracy", classes.accuracy),
      ]
    }
  }

  private var textScores: [(String, Double)] {
    switch set.labels.problemType {
    case .regression:
      let squares = zip(predictions, targets).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      let error = [("mse", ratio(squares, Double(targets.count)))]
      guard set.labels.count == 1 else { return error }
      return error + [
        ("pearson", Correlation.pearson(predictions, targets)),
        ("spearmanr", Correlation.spearman(predictions, targets)),
      ]
    case .multiLabelClassification:
      return [
        ("accuracy", labelCounts.accuracy), ("f1", labelCounts.microF1), ("f1_macro", labelCounts.macroF1),
      ]
    case .singleLabelClassification, nil:
      return [
        ("accuracy", classes.accuracy), ("f1", classes.count == 2 ? classes.f1(of: 1) : classes.macroF1),
        ("f1_macro", classes.macroF1), ("f1_micro", classes.microF1),
        ("matthews_correlation", classes.matthewsCorrelation),
      ]
    }
  }

  /// Over questions, not over windows.
  private var answerScores: [(String, Double)] {
    let allowsNone = set.questions.contains { $0.answers.isEmpty }
    var (exact, f1) = (0.0, 0.0)
    // In the order of the file: a sum depends on its order.
    for (row, choice) in answers.sorted(by: { $0.key < $1.key }) {
      let question = set.questions[row]
      let answer = choice.answer(in: question.context, allowsNone: allowsNone)
      exact += AnswerScores.exactMatch(answer, question.answers)
      f1 += AnswerScores.f1(answer, question.answers)
    }
    let count = Double(answers.count)
    return [("exact_match", 100 * ratio(exact, count)), ("f1", 100 * ratio(f1, count))]
  }
}

extension EvaluationMetrics {
  private func logits(_ output: ModelOutput, _ name: String, _ shape: [Int]) throws(TrainingDataError) -> [Double] {
    guard let tensor = output[name] else { throw .logits(name: name, found: [], wanted: shape) }
    guard tensor.shape == shape else { throw .logits(name: name, found: tensor.shape, wanted: shape) }
    return tensor.doubles
  }

  private mutating func addTexts(_ output: ModelOutput, _ indices: [Int]) throws(TrainingDataError) {
    let width = set.labels.count
    guard set.labels.problemType != .singleLabelClassification else {
      return try addClasses(output, "logits", indices, width: width)
    }
    let logits = try logits(output, "logits", [indices.count, width])
    for (row, index) in indices.enumerated() {
      guard case .numbers(let numbers) = set.features[index].target else { continue }
      let found = logits[(row * width)..<((row + 1) * width)]
      if set.labels.problemType == .regression {
        predictions += found
        targets += numbers.map { Double($0) }
      } else {
        // Above 0 the sigmoid is above one half.
        labelCounts.add(labels: numbers.map { $0 > 0.5 }, predictions: found.map { $0 > 0 })
      }
    }
  }

  /// One class an example.
  private mutating func addClasses(
    _ output: ModelOutput, _ name: String, _ indices: [Int], width: Int
  ) throws(TrainingDataError) {
    let logits = try logits(output, name, [indices.count, width])
    for (row, index) in indices.enumerated() {
      let label: Int32
      switch set.features[index].target {
      case .label(let value), .sentences(let value): label = value
      case .numbers, .tokens, .span, .text: continue
      }
      let prediction = Scores.argmax(logits[(row * width)..<((row + 1) * width)])
      if set.task == .multipleChoice || set.task == .nextSentence {
        picks.total += 1
        picks.correct += prediction == Int(label) ? 1 : 0
      } else {
        classes.add(label: Int(label), prediction: prediction)
      }
    }
  }

  private mutating func addWords(
    _ output: ModelOutput, _ indices: [Int], _ input: BertInput
  ) throws(TrainingDataError) {
    let (length, width) = (input.sequenceLength, set.labels.count)
    let logits = try logits(output, "logits", [indices.count, length, width])
    for (row, index) in indices.enumerated() {
      guard case .tokens(let targets) = set.features[index].target else { continue }
      var (labels, predictions) = ([String](), [String]())
      for (token, target) in targets.enumerated() where target != ignoredLabel {
        let start = (row * length + token) * width
        labels.append(set.labels.name(Int(target)))
        predictions.append(set.labels.name(Scores.argmax(logits[start..<(start + width)])))
      }
      entities.add(labels: labels, predictions: predictions)
    }
  }

  private mutating func addAnswers(
    _ output: ModelOutput, _ indices: [Int], _ input: BertInput
  ) throws(TrainingDataError) {
    let length = input.sequenceLength
    let start = try logits(output, "start_logits", [indices.count, length])
    let end = try logits(output, "end_logits", [indices.count, length])
    for (row, index) in indices.enumerated() {
      let feature = set.features[index]
      guard let context = feature.context else { continue }
      let range = (row * length)..<((row + 1) * length)
      answers[feature.row, default: AnswerChoice()].add(context, start: start[range], end: end[range])
    }
  }

  /// Tokens that are to be found: the masked ones, or for a causal model each token's successor.
  private mutating func addTokens(
    _ output: ModelOutput, _ name: String, _ input: BertInput
  ) throws(TrainingDataError) {
    guard case .classes(let labels)? = input.labels else { return }
    let (rows, length) = (input.batchSize, input.sequenceLength)
    guard let tensor = output[name] else { throw .logits(name: name, found: [], wanted: [rows, length]) }
    guard tensor.shape.count == 3, tensor.shape[0] == rows, tensor.shape[1] == length else {
      throw .logits(name: name, found: tensor.shape, wanted: [rows, length])
    }
    let (width, shift) = (tensor.shape[2], set.task == .causalLM ? 1 : 0)
    // The vocabulary's logits are many: they are not widened, rows without a label not read.
    let logits = tensor.floats
    for row in 0..<rows {
      for token in 0..<max(length - shift, 0) where labels[row * length + token + shift] != ignoredLabel {
        let start = (row * length + token) * width
        let prediction = Scores.argmax(logits[start..<(start + width)].lazy.map(Double.init))
        picks.total += 1
        picks.correct += prediction == Int(labels[row * length + token + shift]) ? 1 : 0
      }
    }
  }
}
