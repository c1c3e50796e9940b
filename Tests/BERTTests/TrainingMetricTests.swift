// SPDX-License-Identifier: Apache-2.0
import BERT
import StrictJSON
import Testing

/// Scores against scikit-learn, SciPy, seqeval and SQuAD's script.
@Suite struct TrainingMetricTests {
  /// Sums in another order.
  private static let tolerance = 1e-12

  private func cases(_ name: String) throws -> [JSON] {
    try #require(try Goldens.json(Goldens.path("metrics/metrics.json"))[name]?.arrayValue)
  }

  private func expect(_ found: Double, _ entry: JSON, _ name: String, at index: Int) throws {
    let wanted = try #require(entry[name]?.doubleValue)
    #expect(abs(found - wanted) <= Self.tolerance, "\(name) of case \(index): \(found), wanted \(wanted)")
  }

  private func integers(_ entry: JSON, _ name: String) -> [Int] {
    (entry[name]?.arrayValue ?? []).compactMap(\.intValue)
  }

  private func table<Element>(_ entry: JSON, _ name: String, _ element: (JSON) -> Element?) -> [[Element]] {
    (entry[name]?.arrayValue ?? []).map { ($0.arrayValue ?? []).compactMap(element) }
  }

  @Test func classesAreScoredAsScikitLearnScoresThem() throws {
    for (index, entry) in try cases("classification").enumerated() {
      var matrix = ConfusionMatrix(count: try #require(entry["classes"]?.intValue))
      let pairs = zip(integers(entry, "labels"), integers(entry, "predictions"))
      for (label, prediction) in pairs { matrix.add(label: label, prediction: prediction) }
      try expect(matrix.accuracy, entry, "accuracy", at: index)
      try expect(matrix.macroF1, entry, "f1_macro", at: index)
      try expect(matrix.microF1, entry, "f1_micro", at: index)
      try expect(matrix.matthewsCorrelation, entry, "matthews_correlation", at: index)
      if matrix.count == 2 { try expect(matrix.f1(of: 1), entry, "f1", at: index) }
    }
  }

  @Test func severalLabelsAreScoredAsScikitLearnScoresThem() throws {
    for (index, entry) in try cases("several_labels").enumerated() {
      let labels = table(entry, "labels") { $0.intValue.map { $0 == 1 } }
      let predictions = table(entry, "predictions") { $0.intValue.map { $0 == 1 } }
      var counts = LabelCounts(count: labels[0].count)
      for (labels, predictions) in zip(labels, predictions) { counts.add(labels: labels, predictions: predictions) }
      try expect(counts.accuracy, entry, "accuracy", at: index)
      try expect(counts.microF1, entry, "f1", at: index)
      try expect(counts.macroF1, entry, "f1_macro", at: index)
    }
  }

  @Test func correlationsAreSciPys() throws {
    for (index, entry) in try cases("correlation").enumerated() {
      let x = (entry["x"]?.arrayValue ?? []).compactMap(\.doubleValue)
      let y = (entry["y"]?.arrayValue ?? []).compactMap(\.doubleValue)
      try expect(Correlation.pearson(x, y), entry, "pearson", at: index)
      try expect(Correlation.spearman(x, y), entry, "spearmanr", at: index)
    }
    #expect(Correlation.pearson([1, 1, 1], [1, 2, 3]).isNaN)
    #expect(Correlation.spearman([1, 2, 3], [5, 5, 5]).isNaN)
    #expect(Correlation.pearson([], []).isNaN)
  }

  @Test func entitiesAreThoseOfSeqeval() throws {
    for (index, entry) in try cases("entities").enumerated() {
      let labels = table(entry, "labels", \.stringValue)
      let predictions = table(entry, "predictions", \.stringValue)
      var scores = EntityScores()
      for (labels, predictions) in zip(labels, predictions) { scores.add(labels: labels, predictions: predictions) }
      try expect(scores.precision, entry, "precision", at: index)
      try expect(scores.recall, entry, "recall", at: index)
      try expect(scores.f1, entry, "f1", at: index)
      try expect(scores.accuracy, entry, "accuracy", at: index)
      for (sentence, wanted) in zip(labels, entry["entities"]?.arrayValue ?? []) {
        let found = EntityScores.entities(sentence).map { entity -> JSON in
          [
            .string(entity.type), JSON(integerLiteral: entity.words.lowerBound),
            JSON(integerLiteral: entity.words.upperBound),
          ]
        }
        #expect(JSON.array(found) == wanted, "\(sentence)")
      }
    }
  }

  @Test func answersAreScoredAsSQuADScoresThem() throws {
    let cases = try cases("answers")
    #expect(cases.count > 15)
    for (index, entry) in cases.enumerated() {
      let prediction = try #require(entry["prediction"]?.stringValue)
      let answers = (entry["answers"]?.arrayValue ?? []).compactMap(\.stringValue)
      try expect(AnswerScores.exactMatch(prediction, answers), entry, "exact_match", at: index)
      try expect(AnswerScores.f1(prediction, answers), entry, "f1", at: index)
    }
  }

  @Test func nothingScoresNothing() {
    let matrix = ConfusionMatrix(count: 3)
    #expect([matrix.accuracy, matrix.macroF1, matrix.microF1, matrix.matthewsCorrelation] == [0, 0, 0, 0])
    let entities = EntityScores()
    #expect([entities.precision, entities.recall, entities.f1, entities.accuracy] == [0, 0, 0, 0])
    let labels = LabelCounts(count: 2)
    #expect([labels.accuracy, labels.microF1, labels.macroF1] == [0, 0, 0])
  }
}
