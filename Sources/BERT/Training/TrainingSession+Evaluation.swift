// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension TrainingSession {
  /// Evaluates the weights as they are, without dropout, on all examples in order.
  ///
  /// - Returns: numbers by Hugging Face's names, see `EvaluationMetrics`.
  /// - Throws: the device's error; `CancellationError`.
  public func evaluate(_ set: TrainingSet, batchSize: Int) async throws -> [(name: String, value: Double)] {
    var metrics = EvaluationMetrics(set)
    for start in stride(from: 0, to: set.count, by: batchSize) {
      try Task.checkCancellation()
      let indices = Array(start..<min(start + batchSize, set.count))
      let input = try set.batch(indices, epoch: 0)
      // A text of a few tokens may have none that is masked: it has no loss, and nothing to be right or wrong in.
      guard input.hasLabels else { continue }
      try metrics.add(try await evaluate(input), indices, input)
    }
    return metrics.values
  }
}

extension TrainingSet {
  /// Names of an evaluation's numbers.
  public var metricNames: [String] { EvaluationMetrics(self).values.map(\.name) }
}

extension BertInput {
  /// Whether a loss has anything to compare with.
  fileprivate var hasLabels: Bool {
    guard case .classes(let labels)? = labels else { return true }
    return labels.contains { $0 != ignoredLabel }
  }
}
