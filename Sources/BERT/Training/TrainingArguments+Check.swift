// SPDX-License-Identifier: Apache-2.0

/// An argument of training that makes no sense.
public struct TrainingArgumentError: Error, Equatable, Sendable, CustomStringConvertible {
  /// As on the command line: `--learning-rate`.
  public let flag: String
  /// What is wrong with it, as the rest of a sentence.
  public let problem: String

  public var description: String { "\(flag) \(problem)" }
}

extension TrainingArguments {
  /// Epochs beyond this are a mistake, and too many steps to be counted.
  private static let epochLimit = 1e6
  private static let stepLimit = 1 << 40

  /// Whether every value makes sense, by itself and with the others.
  ///
  /// - Throws: the first that does not.
  public func check() throws(TrainingArgumentError) {
    try checkLength()
    try checkNumbers()
    try checkCounts()
    if let numCycles {
      guard lrSchedulerType == .cosine || lrSchedulerType == .cosineWithRestarts else {
        throw bad(
          "--num-cycles", "is given, but --lr-scheduler-type \(lrSchedulerType.rawValue) has no cycles")
      }
      guard numCycles.isFinite, numCycles > 0 else { throw bad("--num-cycles", "is \(numCycles); it must be above 0") }
    }
    if lrSchedulerType == .polynomial, learningRate <= lrEnd {
      throw bad(
        "--lr-end", "is \(lrEnd); it must be below --learning-rate \(learningRate), which the schedule falls from")
    }
  }

  /// How long the run is.
  private func checkLength() throws(TrainingArgumentError) {
    if let maxSteps {
      try check("--max-steps", maxSteps, atLeast: 1)
      guard warmupSteps <= maxSteps else {
        throw bad("--warmup-steps", "is \(warmupSteps); the run has \(maxSteps) steps (--max-steps)")
      }
    } else if let numTrainEpochs {
      guard numTrainEpochs > 0, numTrainEpochs <= TrainingArguments.epochLimit else {
        throw bad("--num-train-epochs", "is \(numTrainEpochs); it must be above 0 and at most 1000000")
      }
    } else {
      throw bad("--max-steps", "is missing, and so is --num-train-epochs; give one of them")
    }
  }

  private func checkNumbers() throws(TrainingArgumentError) {
    guard learningRate.isFinite, learningRate > 0 else {
      throw bad("--learning-rate", "is \(learningRate); it must be above 0")
    }
    // A rate of 1 moves every weight by about 1 at each step, which no model survives.
    guard learningRate <= 1 else { throw bad("--learning-rate", "is \(learningRate); it must be at most 1") }
    guard (0...1).contains(warmupRatio) else {
      throw bad("--warmup-ratio", "is \(warmupRatio); it must be in 0...1")
    }
    for (flag, value) in [("--adam-beta1", adamBeta1), ("--adam-beta2", adamBeta2)] {
      guard (0..<1).contains(value) else { throw bad(flag, "is \(value); it must be in 0..<1") }
    }
    guard adamEpsilon.isFinite, adamEpsilon > 0 else {
      throw bad("--adam-epsilon", "is \(adamEpsilon); it must be above 0")
    }
    guard power.isFinite, power > 0 else { throw bad("--power", "is \(power); it must be above 0") }
    for (flag, value) in [
      ("--weight-decay", weightDecay), ("--max-grad-norm", maxGradNorm), ("--lr-end", lrEnd),
      ("--early-stopping-threshold", earlyStoppingThreshold),
    ] {
      guard value.isFinite, value >= 0 else { throw bad(flag, "is \(value); it must be 0 or more") }
    }
  }

  private func checkCounts() throws(TrainingArgumentError) {
    try check("--warmup-steps", warmupSteps, atLeast: 0)
    for (flag, count) in [
      ("--train-batch-size", trainBatchSize), ("--eval-batch-size", evalBatchSize),
      ("--gradient-accumulation-steps", gradientAccumulationSteps), ("--eval-steps", evalSteps),
      ("--save-steps", saveSteps), ("--save-total-limit", saveTotalLimit),
      ("--early-stopping-patience", earlyStoppingPatience), ("--max-length", maxLength),
    ] as [(String, Int?)] {
      if let count { try check(flag, count, atLeast: 1) }
    }
    let metric = metricForBestModel.hasPrefix("eval_") ? metricForBestModel.dropFirst(5) : metricForBestModel[...]
    if metric.isEmpty { throw bad("--metric-for-best-model", "names no metric") }
  }

  private func check(_ flag: String, _ count: Int, atLeast least: Int) throws(TrainingArgumentError) {
    guard count >= least else { throw bad(flag, "is \(count); it must be at least \(least)") }
    guard count <= TrainingArguments.stepLimit else {
      throw bad(flag, "is \(count); it must be at most \(TrainingArguments.stepLimit)")
    }
  }

  private func bad(_ flag: String, _ problem: String) -> TrainingArgumentError {
    TrainingArgumentError(flag: flag, problem: problem)
  }
}
