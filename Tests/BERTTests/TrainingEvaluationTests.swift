// SPDX-License-Identifier: Apache-2.0
import BERT
import ComputeGraph
import Testing

/// What a model's logits are worth, task by task, on batches of different sizes.
@Suite struct TrainingEvaluationTests {
  /// Evaluates on made-up outputs.
  ///
  /// - Parameter output: logits for the batch of these examples.
  private func values(
    _ set: TrainingSet, batches: [[Int]], losses: [Double] = [],
    _ output: ([Int], BertInput) throws -> [String: Tensor]
  ) throws -> [String: Double] {
    var metrics = EvaluationMetrics(set)
    for (number, indices) in batches.enumerated() {
      let input = try set.batch(indices, epoch: 0)
      let tensors = try output(indices, input)
      let loss = try Tensor(.float64([number < losses.count ? losses[number] : 1]), shape: [])
      let entries = [(name: "loss", tensor: loss)] + tensors.map { (name: $0.key, tensor: $0.value) }
      try metrics.add(ModelOutput(entries: entries), indices, input)
    }
    return Dictionary(uniqueKeysWithValues: metrics.values.map { ($0.name, $0.value) })
  }

  private func tensor(_ rows: [[Float]], shape: [Int]) throws -> Tensor {
    try Tensor(.float32(rows.flatMap { $0 }), shape: shape)
  }

  private func texts(_ labels: [String]) -> [String] { labels.map { #"{"text":"a","label":\#($0)}"# } }

  @Test func textsOfTwoClasses() throws {
    let lines = texts([#""no""#, #""yes""#, #""yes""#, #""no""#, #""yes""#])
    let set = try TrainingFolder().set(.textClassification, lines, for: .evaluation)
    let predictions: [Float] = [0, 1, 0, 1, 1]
    let found = try values(set, batches: [[0, 1, 2], [3, 4]], losses: [1, 2]) { indices, _ in
      ["logits": try tensor(indices.map { [0.5, predictions[$0]] }, shape: [indices.count, 2])]
    }
    // Right: 0, 1, 4; of class 1: 2 hits, 1 false, 1 missed.
    #expect(found["eval_loss"] == 1.4)
    #expect(found["eval_accuracy"] == 0.6)
    #expect(found["eval_f1"] == 4.0 / 6)
    #expect(found["eval_f1_micro"] == 0.6)
    #expect(abs((found["eval_f1_macro"] ?? 0) - (4.0 / 6 + 0.5) / 2) < 1e-15)
    #expect(abs((found["eval_matthews_correlation"] ?? 0) - 1.0 / 6) < 1e-15)
  }

  @Test func textsOfARegressionAndOfSeveralLabels() throws {
    let numbers = try TrainingFolder().set(.textClassification, texts(["0.5", "1.5", "-1.0"]), for: .evaluation)
    let found = try values(numbers, batches: [[0], [1, 2]]) { indices, _ in
      ["logits": try tensor(indices.map { [[1, 2, -0.5][$0]] }, shape: [indices.count, 1])]
    }
    #expect(found["eval_mse"] == 0.25)
    #expect(abs((found["eval_pearson"] ?? 0) - 1) < 1e-15)
    #expect(abs((found["eval_spearmanr"] ?? 0) - 1) < 1e-15)
    let lists = try TrainingFolder().set(.textClassification, texts([#"["a","b"]"#, #"["b"]"#]), for: .evaluation)
    let several = try values(lists, batches: [[0, 1]]) { _, _ in
      ["logits": try tensor([[2, -1], [-1, 0.1]], shape: [2, 2])]
    }
    #expect(several["eval_accuracy"] == 0.5)
    #expect(several["eval_f1"] == 0.8)
    #expect(abs((several["eval_f1_macro"] ?? 0) - 5.0 / 6) < 1e-15)
  }

  @Test func wordsAreScoredByTheirFirstPieces() throws {
    let lines = [
      #"{"tokens":["anna","xyz","oslo"],"ner_tags":["B-P","I-P","B-L"]}"#, #"{"tokens":["a"],"ner_tags":["O"]}"#,
    ]
    let set = try TrainingFolder().set(.tokenClassification, lines, for: .evaluation)
    let names = (0..<4).map { set.labels.id2label[$0] ?? "" }
    #expect(names == ["B-L", "B-P", "I-P", "O"])
    let found = try values(set, batches: [[0, 1]]) { _, input in
      guard case .classes(let labels)? = input.labels else { return [:] }
      // Right but for "oslo"; the pieces that are not labelled say anything.
      let rows = labels.map { label -> [Float] in
        (0..<4).map { Int32($0) == (label == 0 ? 3 : label == -100 ? 0 : label) ? 1 : 0 }
      }
      return ["logits": try tensor(rows, shape: [2, input.sequenceLength, 4])]
    }
    #expect(found["eval_precision"] == 1)
    #expect(found["eval_recall"] == 0.5)
    #expect(found["eval_f1"] == 2.0 / 3)
    #expect(found["eval_accuracy"] == 0.75)
  }

  private static let questions = [
    #"{"question":"who","context":"the king and the queen sail to oslo","answers":{"text":["the king"],"answer_start":[0]}}"#,
    #"{"question":"who","context":"a doctor","answers":{"text":["a doctor"],"answer_start":[0]}}"#,
  ]
  private static let unanswered =
    #"{"question":"why","context":"big house","answers":{"text":[],"answer_start":[]}}"#

  /// The best span of all windows counts; a window without it says something worse.
  @Test func answersAreTheBestOfAllWindows() throws {
    var folder = try TrainingFolder()
    folder.arguments.maxLength = 8
    let set = try folder.set(.questionAnswering, Self.questions, for: .evaluation)
    #expect(set.count > 2)
    let found = try values(set, batches: (0..<set.count).map { [$0] }) { indices, input in
      var (start, end) = ([Float](repeating: 0, count: input.sequenceLength), [Float]())
      end = start
      if let place = input.startPositions?[0], let last = input.endPositions?[0], place > 0 {
        (start[Int(place)], end[Int(last)]) = (5, 5)
        // Of the second question, one word only.
        if input.sequenceLength < 8 { start[Int(place) + 1] = 6 }
      }
      return [
        "start_logits": try tensor([start], shape: [1, start.count]),
        "end_logits": try tensor([end], shape: [1, end.count]),
      ]
    }
    #expect(found["eval_exact_match"] == 100)
    #expect(found["eval_f1"] == 100)
  }

  @Test func noAnswerCountsWhereTheFileHasSuchQuestions() throws {
    let set = try TrainingFolder().set(
      .questionAnswering, Self.questions + [Self.unanswered], for: .evaluation)
    #expect(set.count == 3)
    func exact(_ none: Float, _ questions: [Int]) throws -> Double? {
      try values(set, batches: [questions]) { indices, input in
        var start = [Float](repeating: 0, count: indices.count * input.sequenceLength)
        for row in indices.indices { start[row * input.sequenceLength] = none }
        let tensor = try tensor([start], shape: [indices.count, input.sequenceLength])
        return ["start_logits": tensor, "end_logits": tensor]
      }["eval_exact_match"]
    }
    #expect(try exact(1, [2]) == 100)
    #expect(try exact(-1, [2]) == 0)
    #expect(try exact(1, [0, 1]) == 0)
  }

  @Test func choicesAndNextSentences() throws {
    let choices = try TrainingFolder().set(
      .multipleChoice, (0..<4).map { #"{"text":"a","choices":["b","c d"],"label":\#($0 % 2)}"# }, for: .evaluation)
    let found = try values(choices, batches: [[0, 1, 2], [3]]) { indices, _ in
      ["logits": try tensor(indices.map { $0 == 3 ? [0, 1] : [1, 0] }, shape: [indices.count, 2])]
    }
    #expect(found == ["eval_loss": 1, "eval_accuracy": 0.75])
    let pairs = (0..<2).map { #"{"text":"a","text_pair":"b","next_sentence_label":\#($0)}"# }
    let next = try TrainingFolder().set(.nextSentence, pairs, for: .evaluation)
    let right = try values(next, batches: [[1]]) { _, _ in ["logits": try tensor([[0, 1]], shape: [1, 2])] }
    #expect(right == ["eval_loss": 1, "eval_accuracy": 1])
  }

  @Test func languageModelsAreScoredOnWhatTheyMustFind() throws {
    let folder = try TrainingFolder()
    let size = folder.config.vocabSize
    /// One-hot rows.
    func logits(_ ids: [Int32], _ input: BertInput) throws -> Tensor {
      let rows = ids.map { id -> [Float] in (0..<size).map { Int32($0) == id ? 1 : 0 } }
      return try tensor(rows, shape: [input.batchSize, input.sequenceLength, size])
    }
    let text = #"{"text":"the king and the queen sail"}"#
    let masked = try folder.set(.maskedLM, [text, #"{"text":"a"}"#], for: .evaluation)
    let found = try values(masked, batches: [[0, 1]], losses: [2]) { _, input in
      guard case .classes(let labels)? = input.labels else { return [:] }
      return ["logits": try logits(labels, input)]
    }
    #expect(found["eval_accuracy"] == 1)
    #expect(abs((found["eval_perplexity"] ?? 0) - 7.389056098930650) < 1e-12)
    let causal = try folder.set(.causalLM, [text], for: .evaluation)
    // Each token repeated: right where the text says a word twice in a row, which it does not.
    let copied = try values(causal, batches: [[0]]) { _, input in ["logits": try logits(input.inputIds, input)] }
    #expect(copied["eval_accuracy"] == 0)
    let shifted = try values(causal, batches: [[0]]) { _, input in
      ["logits": try logits(Array(input.inputIds.dropFirst()) + [0], input)]
    }
    #expect(shifted["eval_accuracy"] == 1)
    let both = try folder.set(
      .pretraining, [#"{"text":"the king","text_pair":"a queen","next_sentence_label":1}"#], for: .evaluation)
    let scores = try values(both, batches: [[0]]) { _, input in
      guard case .classes(let labels)? = input.labels else { return [:] }
      return [
        "prediction_logits": try logits(labels, input),
        "seq_relationship_logits": try tensor([[1, 0]], shape: [1, 2]),
      ]
    }
    #expect(scores == ["eval_loss": 1, "eval_masked_accuracy": 1, "eval_next_sentence_accuracy": 0])
  }

  @Test func logitsOfAnotherShapeAreRefused() throws {
    let set = try TrainingFolder().set(.textClassification, texts(["0", "1"]), for: .evaluation)
    #expect(throws: TrainingDataError.logits(name: "logits", found: [1, 3], wanted: [1, 2])) {
      try values(set, batches: [[0]]) { _, _ in ["logits": try tensor([[0, 1, 2]], shape: [1, 3])] }
    }
    #expect(throws: TrainingDataError.logits(name: "logits", found: [], wanted: [1, 2])) {
      try values(set, batches: [[0]]) { _, _ in [:] }
    }
    var metrics = EvaluationMetrics(set)
    let input = try set.batch([0], epoch: 0)
    let refusal = try #require(throws: TrainingDataError.self) {
      try metrics.add(ModelOutput(entries: []), [0], input)
    }
    #expect("\(refusal)" == "the model gave loss no value, where the examples need one number")
  }
}
