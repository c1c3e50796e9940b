// SPDX-License-Identifier: Apache-2.0
import BERT
import GoldenCases
import Testing

/// Issue 3, "Bad input": labels out of range, of another count or kind, or for a head without use for them.
@Suite struct LabelRefusalTests {
  private static func classes(_ golden: String, _ what: String, _ labels: [Int32]) -> BrokenInput {
    BrokenInput(golden, "labels", what) { $0.labels = .classes(labels) }
  }

  private static func numbers(_ golden: String, _ what: String, _ labels: [Float]) -> BrokenInput {
    BrokenInput(golden, "labels", what) { $0.labels = .numbers(labels) }
  }

  private static func range(_ value: Int32, _ index: Int, _ limit: Int) -> String {
    "has \(value) at index \(index); it must be -100 or in 0 ..< \(limit)"
  }

  /// B 3, S 7, 29 words, 5 labels of tokens, 3 of sequences, 2 examples of 3 choices.
  static let outOfRange = [
    classes("heads/masked-lm", range(29, 20, 29), ones(21, except: 20, is: 29)),
    classes("heads/masked-lm", range(-1, 0, 29), ones(21, except: 0, is: -1)),
    classes("heads/masked-lm", range(-99, 4, 29), ones(21, except: 4, is: -99)),
    classes("heads/masked-lm", range(.max, 4, 29), ones(21, except: 4, is: .max)),
    // A causal model never reads the first label of a row; it is checked all the same.
    classes("decoder/lm-labels", range(29, 7, 29), ones(21, except: 7, is: 29)),
    classes("heads/pretraining-labels", range(30, 1, 29), ones(21, except: 1, is: 30)),
    classes("heads/token-classification", range(5, 2, 5), ones(21, except: 2, is: 5)),
    classes("heads/text-classification", range(3, 2, 3), [0, 1, 3]),
    classes("heads/text-classification-left", range(-2, 0, 3), [-2, 1, 2]),
    classes("heads/next-sentence", range(2, 1, 2), [0, 2, 1]),
    classes("heads/multiple-choice", range(3, 1, 3), [2, 3]),
    BrokenInput("heads/pretraining-labels", "next_sentence_label", range(2, 2, 2)) {
      $0.nextSentenceLabel = [0, 1, 2]
    },
  ]

  private static func count(_ found: Int, _ wanted: Int) -> String { "has \(found) elements, wanted \(wanted)" }

  static let counts = [
    classes("heads/masked-lm", count(20, 21), ones(20)), classes("heads/masked-lm", count(3, 21), ones(3)),
    classes("decoder/lm", count(0, 18), []), classes("heads/pretraining-labels", count(22, 21), ones(22)),
    classes("heads/token-classification", count(42, 21), ones(42)),
    classes("heads/text-classification", count(21, 3), ones(21)), classes("heads/next-sentence", count(2, 3), ones(2)),
    // One label an example, not one a sequence.
    classes("heads/multiple-choice", count(6, 2), ones(6)),
    numbers("heads/multi-label", count(3, 12), [1, 0, 1]), numbers("heads/regression", count(4, 3), [1, 2, 3, 4]),
    numbers("heads/regression-three", count(3, 9), [1, 2, 3]),
    classes("heads/regression", count(1, 3), [1]),
    BrokenInput("heads/pretraining-labels", "next_sentence_label", count(1, 3)) { $0.nextSentenceLabel = [0] },
    BrokenInput("heads/question-answering-positions", "start_positions", count(4, 3)) {
      $0.startPositions = [0, 1, 2, 3]
    },
    BrokenInput("heads/question-answering-positions", "end_positions", count(0, 3)) { $0.endPositions = [] },
  ]

  static let kinds = [
    numbers("heads/masked-lm", "must be integers for BertForMaskedLM", [Float](repeating: 1, count: 21)),
    numbers("decoder/lm", "must be integers for BertLMHeadModel", [Float](repeating: 1, count: 18)),
    numbers("heads/pretraining-labels", "must be integers for BertForPreTraining", [1]),
    numbers("heads/next-sentence", "must be integers for BertForNextSentencePrediction", [1, 0, 1]),
    numbers("heads/multiple-choice", "must be integers for BertForMultipleChoice", [1, 0]),
    numbers("heads/token-classification", "must be integers for BertForTokenClassification", [1]),
    numbers("heads/text-classification-left", "must be integers for single_label_classification", [1, 0, 1]),
    numbers("heads/regression", "has nan at index 1; it must be a finite number", [1, .nan, 0]),
    numbers(
      "heads/regression-three", "has inf at index 8; it must be a finite number", [0, 0, 0, 0, 0, 0, 0, 0, .infinity]),
    numbers(
      "heads/multi-label-inferred", "has -inf at index 0; it must be a finite number",
      [-.infinity] + [0, 0, 0, 0, 0, 0, 0, 0]),
  ]

  private static func useless(_ architecture: String) -> String { "is given, but \(architecture) has no use for it" }

  static let withoutUse = [
    classes("switches/attentions", useless("BertModel"), ones(12)),
    classes("decoder/causal", useless("BertModel"), ones(14)),
    classes("heads/question-answering", useless("BertForQuestionAnswering"), ones(3)),
    BrokenInput("heads/masked-lm", "next_sentence_label", useless("BertForMaskedLM")) {
      $0.nextSentenceLabel = [0, 1, 0]
    },
    BrokenInput("heads/next-sentence", "next_sentence_label", useless("BertForNextSentencePrediction")) {
      $0.nextSentenceLabel = [0, 1, 0]
    },
    BrokenInput("heads/token-classification", "start_positions", useless("BertForTokenClassification")) {
      $0.startPositions = [0, 1, 0]
    },
    BrokenInput("heads/text-classification", "end_positions", useless("BertForSequenceClassification")) {
      $0.endPositions = [0, 1, 0]
    },
    BrokenInput("heads/multiple-choice", "start_positions", useless("BertForMultipleChoice")) {
      $0.startPositions = [0, 1, 0, 0, 0, 0]
    },
    BrokenInput("heads/pretraining", "end_positions", useless("BertForPreTraining")) { $0.endPositions = [0, 1, 0] },
    BrokenInput("decoder/lm", "next_sentence_label", useless("BertLMHeadModel")) { $0.nextSentenceLabel = [0, 1, 0] },
  ]

  @Test(arguments: outOfRange) func aLabelOutOfRange(broken: BrokenInput) async throws {
    try await broken.expectRefusal()
  }
  @Test(arguments: counts) func anotherCount(broken: BrokenInput) async throws { try await broken.expectRefusal() }
  @Test(arguments: kinds) func anotherKind(broken: BrokenInput) async throws { try await broken.expectRefusal() }
  @Test(arguments: withoutUse) func aHeadWithoutUse(broken: BrokenInput) async throws {
    try await broken.expectRefusal()
  }

  /// Where no label counts there is nothing to average: 0 / 0, as in PyTorch, and no trap.
  @Test(arguments: TestEngine.allCases) func labelsThatAreAllPassedOver(test: TestEngine) async throws {
    let golden = try GoldenCase("heads/masked-lm")
    var input = try golden.arguments.input
    input.labels = .classes([Int32](repeating: -100, count: 21))
    let output = try await golden.load(on: test.engine).forward(input)
    #expect(try #require(output.loss).isNaN)
    let logits = try #require(output.logits).doubles
    input.labels = nil
    let plain = try await golden.load(on: test.engine).forward(input)
    #expect(plain.loss == nil && plain.logits?.doubles == logits)
  }

  /// Positions may be anything: below the sequence is its first token, beyond it nothing.
  @Test(arguments: [[Int32.min, .max, 7], [.max, .max, .max]]) func answersAnywhere(positions: [Int32]) async throws {
    let golden = try GoldenCase("heads/question-answering-positions")
    for test in TestEngine.allCases {
      var input = try golden.arguments.input
      (input.startPositions, input.endPositions) = (positions, positions)
      let model = try await golden.load(on: test.engine)
      let found = try #require(try await model.forward(input).loss)
      let counts = positions.contains { $0 < 7 }
      #expect(found.isFinite == counts, "\(test)")
      (input.startPositions, input.endPositions) = ([0, 7, 7], [0, 7, 7])
      if counts { #expect(try await model.forward(input).loss == found, "\(test)") }
    }
  }
}
