// SPDX-License-Identifier: Apache-2.0

/// How often each class was predicted for each class: what a classifier's scores are made of.
///
/// Source: scikit-learn's `metrics`, whose names the scores have.
public struct ConfusionMatrix: Sendable, Equatable {
  /// Classes.
  public let count: Int
  /// `[count, count]`: the true class by row, the predicted one by column.
  private var cells: [Int]

  public init(count: Int) {
    self.count = count
    cells = [Int](repeating: 0, count: count * count)
  }

  /// - Precondition: both are in 0 ..< count.
  public mutating func add(label: Int, prediction: Int) { cells[label * count + prediction] += 1 }

  private func labelled(_ label: Int) -> Int { (0..<count).reduce(0) { $0 + cells[label * count + $1] } }
  private func predicted(_ label: Int) -> Int { (0..<count).reduce(0) { $0 + cells[$1 * count + label] } }
  private var total: Int { cells.reduce(0, +) }
  private var correct: Int { (0..<count).reduce(0) { $0 + cells[$1 * count + $1] } }

  /// Right predictions among all; 0 without any, as all scores here.
  public var accuracy: Double { ratio(Double(correct), Double(total)) }

  /// `2 TP / (2 TP + FP + FN)` of one class.
  public func f1(of label: Int) -> Double {
    ratio(2 * Double(cells[label * count + label]), Double(labelled(label) + predicted(label)))
  }

  /// The mean of the F1 scores of the classes that occur, true or predicted.
  public var macroF1: Double {
    let present = (0..<count).filter { labelled($0) + predicted($0) > 0 }
    return ratio(present.reduce(0) { $0 + f1(of: $1) }, Double(present.count))
  }

  /// The F1 score of all classes' counts together, which is the accuracy.
  public var microF1: Double { accuracy }

  /// Matthews' correlation of true and predicted classes, in -1...1, in its form for any number of classes.
  ///
  ///     (c s - sum_k t_k p_k) / sqrt((s^2 - sum_k p_k^2) (s^2 - sum_k t_k^2))
  ///
  /// with c right ones of s, t_k true and p_k predicted ones of class k; 0 where one side has one class only.
  public var matthewsCorrelation: Double {
    let (s, c) = (Double(total), Double(correct))
    let pairs = (0..<count).map { (t: Double(labelled($0)), p: Double(predicted($0))) }
    let covariance = c * s - pairs.reduce(0) { $0 + $1.t * $1.p }
    let predictions = s * s - pairs.reduce(0) { $0 + $1.p * $1.p }
    let labels = s * s - pairs.reduce(0) { $0 + $1.t * $1.t }
    return ratio(covariance, (predictions * labels).squareRoot())
  }
}

/// Right and wrong answers for each of several labels that may apply at once.
public struct LabelCounts: Sendable, Equatable {
  private var truePositives: [Int]
  private var falsePositives: [Int]
  private var falseNegatives: [Int]
  private var total = 0
  private var exact = 0

  /// - Parameter count: labels.
  public init(count: Int) {
    truePositives = [Int](repeating: 0, count: count)
    falsePositives = truePositives
    falseNegatives = truePositives
  }

  /// - Parameters:
  ///   - labels: whether each label applies.
  ///   - predictions: whether it was predicted.
  public mutating func add(labels: [Bool], predictions: [Bool]) {
    for (index, (label, prediction)) in zip(labels, predictions).enumerated() {
      switch (label, prediction) {
      case (true, true): truePositives[index] += 1
      case (false, true): falsePositives[index] += 1
      case (true, false): falseNegatives[index] += 1
      case (false, false): break
      }
    }
    total += 1
    if labels == predictions { exact += 1 }
  }

  /// Examples of which every label is right (scikit-learn's accuracy of several labels).
  public var accuracy: Double { ratio(Double(exact), Double(total)) }

  /// F1 of all labels' counts together.
  public var microF1: Double {
    f1(truePositives.reduce(0, +), falsePositives.reduce(0, +), falseNegatives.reduce(0, +))
  }

  /// The mean of the labels' F1; 0 for a label that neither occurs nor is predicted.
  public var macroF1: Double {
    let scores = truePositives.indices.map { f1(truePositives[$0], falsePositives[$0], falseNegatives[$0]) }
    return ratio(scores.reduce(0, +), Double(scores.count))
  }

  private func f1(_ hits: Int, _ falsePositives: Int, _ falseNegatives: Int) -> Double {
    ratio(2 * Double(hits), Double(2 * hits + falsePositives + falseNegatives))
  }
}

/// 0 where there is nothing to divide by.
func ratio(_ part: Double, _ whole: Double) -> Double { whole == 0 ? 0 : part / whole }
