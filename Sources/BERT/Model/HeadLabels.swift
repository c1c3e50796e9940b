// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// The labels of one call as the head's loss takes them, by Hugging Face's rules. Source: the `forward` of each
/// `BertFor...`, transformers 4.49.
struct HeadLabels {
  private(set) var loss: GraphVariant.Loss?
  /// Whether a token's output is read by the loss, by its place in `[B, S]`, hidden or not; nil where no hidden one's is.
  private(set) var needed: [Bool]?
  private let input: BertInput
  private let config: BertConfig
  private let head: BertHead
  /// One label a place of `[B, S]`, shifted for a causal model; empty for heads of another kind.
  private var tokens: [Int32] = []

  /// - Throws: `BertError.badArgument` for labels that the head has no use for, of another count or kind, or out of range.
  init(_ input: BertInput, _ config: BertConfig, _ head: BertHead, past: Int) throws(BertError) {
    self.input = input
    self.config = config
    self.head = head
    try checkUse()
    switch head {
    case .none: break
    case .maskedLM, .causalLM, .tokenClassification:
      guard let labels = try classes() else { return }
      tokens = try tokenLabels(labels)
      loss = .tokens
    case .pretraining:
      guard let labels = try classes(), let next = input.nextSentenceLabel else { return }
      tokens = try tokenLabels(labels)
      try check("next_sentence_label", next, count: input.batchSize, below: 2)
      loss = .pretraining
    case .nextSentence:
      guard let labels = try classes() else { return }
      try check("labels", labels, count: input.batchSize, below: 2)
      loss = .sequences
    case .multipleChoice:
      let choices = input.choices ?? 1
      guard choices > 0, input.batchSize.isMultiple(of: choices) else {
        throw .badArgument(
          "input_ids", "has \(input.batchSize) sequences, which are not examples of \(choices) choices")
      }
      guard let labels = try classes() else { return }
      try check("labels", labels, count: input.batchSize / choices, below: choices)
      loss = .choices
    case .textClassification: loss = try classification()
    case .questionAnswering:
      guard let starts = input.startPositions, let ends = input.endPositions else { return }
      try check("start_positions", starts, count: input.batchSize, below: nil)
      try check("end_positions", ends, count: input.batchSize, below: nil)
      loss = .span
      // The softmax runs over every token of a row, padding too.
      needed = [Bool](repeating: true, count: input.batchSize * input.sequenceLength)
    }
    if loss == .tokens || loss == .pretraining { needed = tokens.map { $0 != ignoredLabel } }
    if loss != nil, past > 0 { throw .badArgument("labels", "cannot be given with past_key_values") }
  }

  /// Refuses labels that the head would pass over without a word.
  private func checkUse() throws(BertError) {
    let given: [(String, Bool, Bool)] = [
      ("labels", input.labels != nil, head != .none && head != .questionAnswering),
      ("next_sentence_label", input.nextSentenceLabel != nil, head == .pretraining),
      ("start_positions", input.startPositions != nil, head == .questionAnswering),
      ("end_positions", input.endPositions != nil, head == .questionAnswering),
    ]
    for (name, isGiven, isUsed) in given where isGiven && !isUsed {
      throw .badArgument(name, "is given, but \(head.architecture) has no use for it")
    }
  }

  private func classes() throws(BertError) -> [Int32]? {
    switch input.labels {
    case nil: return nil
    case .classes(let labels)?: return labels
    case .numbers?: throw .badArgument("labels", "must be integers for \(head.architecture)")
    }
  }

  private func check(_ name: String, _ labels: [Int32], count: Int, below limit: Int?) throws(BertError) {
    guard labels.count == count else {
      throw .badArgument(name, "has \(labels.count) elements, wanted \(count)")
    }
    guard let limit, let index = labels.firstIndex(where: { $0 != ignoredLabel && ($0 < 0 || Int($0) >= limit) }) else {
      return
    }
    throw .badArgument(name, "has \(labels[index]) at index \(index); it must be \(ignoredLabel) or in 0 ..< \(limit)")
  }

  /// Labels of tokens; those of a causal model are what each token's successor is.
  private func tokenLabels(_ labels: [Int32]) throws(BertError) -> [Int32] {
    let limit = head == .tokenClassification ? config.numLabels : config.vocabSize
    let length = input.sequenceLength
    try check("labels", labels, count: input.batchSize * length, below: limit)
    guard head == .causalLM else { return labels }
    return labels.indices.map { ($0 + 1).isMultiple(of: length) ? ignoredLabel : labels[$0 + 1] }
  }

  private func classification() throws(BertError) -> GraphVariant.Loss? {
    guard let labels = input.labels else { return nil }
    let problem: BertConfig.ProblemType
    switch (config.problemType, labels) {
    case (let type?, _): problem = type
    case (nil, _) where config.numLabels == 1: problem = .regression
    case (nil, .classes): problem = .singleLabelClassification
    case (nil, .numbers): problem = .multiLabelClassification
    }
    switch (problem, labels) {
    case (.singleLabelClassification, .classes(let classes)):
      try check("labels", classes, count: input.batchSize, below: config.numLabels)
      return .sequences
    case (.singleLabelClassification, .numbers):
      throw .badArgument("labels", "must be integers for single_label_classification")
    case (.regression, _), (.multiLabelClassification, _):
      let count = input.batchSize * config.numLabels
      guard numbers(labels).count == count else {
        throw .badArgument("labels", "has \(numbers(labels).count) elements, wanted \(count)")
      }
      if let index = numbers(labels).firstIndex(where: { !$0.isFinite }) {
        throw .badArgument("labels", "has \(numbers(labels)[index]) at index \(index); it must be a finite number")
      }
      return problem == .regression ? .regression : .multiLabel
    }
  }

  private func numbers(_ labels: BertInput.Labels) -> [Float] {
    switch labels {
    case .classes(let classes): classes.map(Float.init)
    case .numbers(let numbers): numbers
    }
  }

  /// Adds what the loss reads to a run's inputs, in the order of the packed rows.
  func add(to inputs: inout RunInputs, _ batch: PackedBatch) throws {
    switch loss {
    case nil: return
    case .tokens, .pretraining:
      inputs.tensors["labels"] = .int32(batch.rows.map { tokens[$0.sequence * input.sequenceLength + $0.column] })
      if let next = input.nextSentenceLabel { inputs.tensors["next_sentence_label"] = .int32(next) }
    case .sequences: inputs.tensors["labels"] = .int32(try classes() ?? [])
    case .regression, .multiLabel:
      let labels = input.labels.map(numbers) ?? []
      inputs.tensors["labels"] = try Tensor(.float32(labels), shape: [input.batchSize, config.numLabels])
    case .choices:
      let choices = input.choices ?? 1
      let examples = input.batchSize / choices
      inputs.dimensions[.examples] = examples
      inputs.tensors["choice_offsets"] = .int32((0...examples).map { Int32($0 * choices) })
      inputs.tensors["labels"] = .int32(try classes() ?? [])
    case .span:
      inputs.tensors["start_positions"] = .int32(rows(of: input.startPositions ?? [], batch))
      inputs.tensors["end_positions"] = .int32(rows(of: input.endPositions ?? [], batch))
    }
  }

  /// Rows of the tokens that answers start or end at: below 0 it is the first token, beyond the last there is none.
  private func rows(of positions: [Int32], _ batch: PackedBatch) -> [Int32] {
    positions.enumerated().map { sequence, position in
      guard position < input.sequenceLength else { return ignoredLabel }
      let range = Int(batch.offsets[sequence])..<Int(batch.offsets[sequence + 1])
      let row = batch.rows[range].firstIndex { $0.column == max(Int(position), 0) }
      return row.map { Int32($0 - range.lowerBound) } ?? ignoredLabel
    }
  }
}
