// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import ComputeGraph
import StrictJSON

/// Trains a model as Hugging Face's `Trainer` does: batches, accumulation, schedule, evaluations, checkpoints.
///
/// What it writes into the output directory: `metrics.jsonl`, a line a step; `evaluations.jsonl`, a line an evaluation;
/// `checkpoint-N` directories to resume from; `best`, the model with the best evaluation; and at the end the model itself.
/// The same arguments and files give the same bits on one device, interrupted and resumed or not.
public final class Trainer: Sendable {
  /// What happens on the way, for whoever shows it.
  public enum Event: Sendable {
    /// A step of `total` has been taken.
    case step(TrainingRecord, total: Int)
    /// Names as Hugging Face has them: `eval_loss`, `eval_accuracy` ...
    case evaluation(step: Int, [(name: String, value: Double)])
    case saved(path: String)
    /// No evaluation has been better for as long as `earlyStoppingPatience` says.
    case stoppedEarly(step: Int)
    /// What a person should know, and no error.
    case note(String)
  }

  public let session: TrainingSession
  public let arguments: TrainingArguments
  public let outputDirectory: String
  /// Optimizer steps of the whole run.
  public let totalSteps: Int
  /// The step that it begins with: 1, or the one behind the checkpoint's.
  public var firstStep: Int { start.step + 1 }
  private let trainingSet: TrainingSet
  private let evaluationSet: TrainingSet?
  private let schedule: LearningRateSchedule
  private let order: BatchOrder
  private let resumed: String?
  private let start: TrainingProgress

  /// - Parameters:
  ///   - session: made with the weights to begin with: those of `resumingFrom`, where that is given.
  ///   - resumingFrom: a directory that `TrainingCheckpoint.find` found.
  ///   - note: hears what differs from the run that is resumed.
  /// - Throws: `TrainingArgumentError`; `TrainingError` for a directory that cannot be resumed from so;
  ///   `TrainingDataError.place` for other data; `CheckpointError` where nothing can be saved.
  public init(
    _ session: TrainingSession, _ trainingSet: TrainingSet, evaluating evaluationSet: TrainingSet? = nil,
    _ arguments: TrainingArguments, outputDirectory: String, resumingFrom resumed: String? = nil,
    note: (String) -> Void = { _ in }
  ) throws {
    try arguments.check()
    self.session = session
    self.arguments = arguments
    self.outputDirectory = outputDirectory
    self.trainingSet = trainingSet
    self.evaluationSet = evaluationSet
    self.resumed = resumed
    var order = BatchOrder(
      count: trainingSet.count, batchSize: arguments.trainBatchSize, seed: arguments.seed, shuffles: arguments.shuffles)
    totalSteps = arguments.totalSteps(batchesPerEpoch: order.batchesPerEpoch)
    schedule = LearningRateSchedule(arguments, totalSteps: totalSteps)
    if let evaluationSet { try Trainer.check(arguments, evaluationSet.metricNames) }
    var start = TrainingProgress()
    if let resumed {
      let (progress, before) = try TrainingProgress.read(resumed)
      start = progress
      try order.restore(progress.cursor)
      guard progress.step < totalSteps else {
        throw TrainingError.nothingLeft(path: resumed, step: progress.step, steps: totalSteps)
      }
      try Trainer.compare(before, arguments.fingerprint(of: trainingSet), resumed, note)
      // A number of another kind is no better or worse.
      if before["--metric-for-best-model"]?.stringValue != arguments.bestMetricKey {
        (start.best, start.evaluationsWithoutBetter) = (nil, 0)
      }
    }
    (self.order, self.start) = (order, start)
    let warmup = arguments.warmupSteps(of: totalSteps)
    if warmup >= totalSteps, arguments.lrSchedulerType != .constant {
      note("the warm-up of \(warmup) steps is as long as the run, which never reaches --learning-rate")
    }
    try CheckpointWriter.check(directory: outputDirectory)
  }

  /// Arguments that decide which examples a step has must be as they were; others may change, and are noted.
  private static func compare(
    _ before: JSONObject, _ now: JSONObject, _ path: String, _ note: (String) -> Void
  ) throws(TrainingError) {
    let fixed = [
      "examples", "tokens and labels", "--train-batch-size", "--gradient-accumulation-steps", "--no-shuffle", "--seed",
    ]
    for (name, value) in now {
      guard let old = before[name], old != value else { continue }
      if fixed.contains(name) {
        throw .argumentChanged(path: path, flag: name, was: old.serialized(), is: value.serialized())
      }
      note("\(path) was made with \(name) \(old.serialized()); going on with \(value.serialized())")
    }
  }

  private static func check(_ arguments: TrainingArguments, _ names: [String]) throws(TrainingError) {
    guard names.contains(arguments.bestMetricKey) else {
      throw .unknownMetric(arguments.metricForBestModel, known: names)
    }
  }

  /// The file with a line a step.
  static let metricsName = "metrics.jsonl"

  /// Takes all steps that are left, and saves.
  ///
  /// - Returns: how far it came, and the last evaluation.
  /// - Throws: `TrainingError.notFinite`, after a checkpoint of the weights before the step; `CheckpointError` or `BertError`
  ///   for what the disk says, where earlier checkpoints stay; the device's error; `CancellationError`.
  @discardableResult
  public func run(_ hear: (Event) -> Void = { _ in }) async throws -> TrainingProgress {
    var (progress, order) = (start, order)
    // What cannot be read should not cost the lines that are there.
    if let resumed { try await TrainingCheckpoint.restoreMoments(of: session, from: resumed) }
    try CheckpointWriter.makeDirectory(outputDirectory)
    let metrics = try MetricsFile(outputDirectory + "/" + Trainer.metricsName, after: progress.step)
    let evaluations = try evaluationsFile(after: progress.step)
    for path in try TrainingCheckpoint.removeAll(after: progress.step, in: outputDirectory) {
      hear(.note("removed \(path), of a step that this run takes again"))
    }
    CheckpointWriter.sweepRemovals(in: outputDirectory)
    var evaluated: Int?
    while progress.step < totalSteps {
      try Task.checkCancellation()
      if let patience = arguments.earlyStoppingPatience, progress.evaluationsWithoutBetter >= patience {
        hear(.stoppedEarly(step: progress.step))
        break
      }
      let record = try await takeStep(progress, &order)
      progress.step = record.step
      progress.cursor = order.cursor
      try metrics.append(record.json)
      hear(.step(record, total: totalSteps))
      if let evaluations, let steps = arguments.evalSteps, progress.step.isMultiple(of: steps) {
        try await evaluate(&progress, evaluations, hear)
        evaluated = progress.step
      }
      if let steps = arguments.saveSteps, progress.step.isMultiple(of: steps) { try await save(progress, hear) }
    }
    if let evaluations, evaluated != progress.step { try await evaluate(&progress, evaluations, hear) }
    try await TrainingCheckpoint.saveModel(session, to: outputDirectory)
    hear(.saved(path: outputDirectory))
    return progress
  }

  /// The file of evaluations; nil where nothing is evaluated. An earlier run's lines are no part of this one, which may have
  /// no evaluation set: then the file goes, or ends with the step that this run goes on from.
  private func evaluationsFile(after step: Int) throws -> MetricsFile? {
    let path = outputDirectory + "/evaluations.jsonl"
    if evaluationSet != nil { return try MetricsFile(path, after: step) }
    guard BoundedFile.exists(path: path) else { return nil }
    if step == 0 {
      try MetricsFile.remove(path)
    } else {
      _ = try MetricsFile(path, after: step)
    }
    return nil
  }

  /// Forward and backward over the step's batches, then the optimizer.
  private func takeStep(_ progress: TrainingProgress, _ order: inout BatchOrder) async throws -> TrainingRecord {
    let step = progress.step + 1
    for part in 0..<arguments.gradientAccumulationSteps {
      let (epoch, indices) = order.next()
      try await session.accumulate(
        try trainingSet.batch(indices, epoch: epoch), seed: dropoutSeed(step: step, part: part))
    }
    let learningRate = arguments.learningRate * schedule.multiplier(step: step - 1)
    let result = try await session.update(learningRate: learningRate, step: step)
    guard result.isFinite else { throw try await notFinite(result, step, progress) }
    return TrainingRecord(step: step, loss: result.loss, gradNorm: result.gradNorm, learningRate: learningRate)
  }

  /// Another number for every batch of the run, whatever was run before.
  private func dropoutSeed(step: Int, part: Int) -> UInt64 {
    RandomBits.mix(RandomBits.mix(RandomBits.mix(arguments.seed) ^ UInt64(step)) ^ UInt64(part))
  }

  /// Saves the weights, which the step has not changed, and finds out where it went wrong.
  private func notFinite(
    _ result: TrainingSession.StepResult, _ step: Int, _ progress: TrainingProgress
  ) async throws -> TrainingError {
    let first = try await session.nonFiniteGradients().first
    var kept: String?
    if !result.gradNorm.isFinite {
      let path = TrainingCheckpoint.directory(step: progress.step, in: outputDirectory)
      if !TrainingCheckpoint.all(in: outputDirectory).contains(path) {
        try await TrainingCheckpoint.save(
          session, progress, arguments: arguments.fingerprint(of: trainingSet), to: path)
      }
      kept = path
    }
    return .notFinite(
      step: step, loss: "\(result.loss)", gradNorm: "\(result.gradNorm)", firstGradient: first, checkpoint: kept)
  }

  private func save(_ progress: TrainingProgress, _ hear: (Event) -> Void) async throws {
    let path = TrainingCheckpoint.directory(step: progress.step, in: outputDirectory)
    try await TrainingCheckpoint.save(
      session, progress, arguments: arguments.fingerprint(of: trainingSet), to: path)
    hear(.saved(path: path))
    guard let limit = arguments.saveTotalLimit else { return }
    for old in TrainingCheckpoint.all(in: outputDirectory).dropLast(limit) { try CheckpointWriter.remove(old) }
  }

  private func evaluate(
    _ progress: inout TrainingProgress, _ file: MetricsFile, _ hear: (Event) -> Void
  ) async throws {
    guard let evaluationSet else { return }
    let numbers = try await session.evaluate(evaluationSet, batchSize: arguments.evalBatchSize)
    var line = JSONObject()
    line["step"] = .number(JSONNumber(progress.step))
    for (name, value) in numbers { line[name] = MetricsFile.json(value) }
    try file.append(line)
    hear(.evaluation(step: progress.step, numbers))
    guard let value = numbers.first(where: { $0.name == arguments.bestMetricKey })?.value, !value.isNaN else {
      progress.evaluationsWithoutBetter += 1
      return
    }
    let isBetter = progress.best.map { arguments.isBetter(value, than: $0.value) } ?? true
    if isBetter {
      let threshold = arguments.earlyStoppingThreshold
      let counts = progress.best.map { abs(value - $0.value) > threshold } ?? true
      progress.evaluationsWithoutBetter = counts ? 0 : progress.evaluationsWithoutBetter + 1
      progress.best = TrainingProgress.Best(step: progress.step, value: value)
      let path = TrainingCheckpoint.best(in: outputDirectory)
      try await TrainingCheckpoint.saveModel(session, to: path)
      hear(.saved(path: path))
    } else {
      progress.evaluationsWithoutBetter += 1
    }
  }
}

/// A line of `metrics.jsonl`.
public struct TrainingRecord: Sendable, Equatable {
  /// From 1.
  public let step: Int
  /// The mean over the step's batches.
  public let loss: Double
  /// Before clipping.
  public let gradNorm: Double
  /// Of this step.
  public let learningRate: Double

  public init(step: Int, loss: Double, gradNorm: Double, learningRate: Double) {
    self.step = step
    self.loss = loss
    self.gradNorm = gradNorm
    self.learningRate = learningRate
  }

  var json: JSONObject {
    JSONObject([
      ("step", .number(JSONNumber(step))), ("loss", .number(JSONNumber(loss))),
      ("grad_norm", .number(JSONNumber(gradNorm))), ("lr", .number(JSONNumber(learningRate))),
    ])
  }
}
