// SPDX-License-Identifier: Apache-2.0
import StrictJSON

/// How far a training has come: all that decides how it goes on, beside weights and moments. Kept as `trainer_state.json`.
public struct TrainingProgress: Sendable, Equatable {
  /// Optimizer steps that have been taken.
  public var step = 0
  /// Where the next batch begins.
  public var cursor = BatchOrder.Cursor(epoch: 0, position: 0)
  /// The best number of `metricForBestModel` so far, and the step it was found at.
  public var best: Best?
  /// Evaluations since then.
  public var evaluationsWithoutBetter = 0

  public struct Best: Sendable, Equatable {
    public let step: Int
    public let value: Double
  }

  public init() {}

  static let fileName = "trainer_state.json"

  /// - Parameter arguments: those that a run must go on with to be the same run.
  func json(_ arguments: JSONObject) -> JSON {
    var fields = JSONObject()
    fields["global_step"] = .number(JSONNumber(step))
    fields["epoch"] = .number(JSONNumber(cursor.epoch))
    fields["position"] = .number(JSONNumber(cursor.position))
    fields["best_global_step"] = best.map { .number(JSONNumber($0.step)) } ?? .null
    fields["best_metric"] = best.map { .number(JSONNumber($0.value)) } ?? .null
    fields["evaluations_without_better"] = .number(JSONNumber(evaluationsWithoutBetter))
    fields["arguments"] = .object(arguments)
    return .object(fields)
  }

  /// Reads a checkpoint's file.
  ///
  /// - Returns: the progress, and the arguments that the run had.
  /// - Throws: `BertError` naming file and field.
  static func read(_ directory: String) throws -> (progress: TrainingProgress, arguments: JSONObject) {
    let fields = try JSONFields.read(directory + "/" + fileName)
    func count(_ name: String) throws -> Int {
      guard let value = try fields.integer(name, in: 0...(1 << 40)) else { throw fields.bad(name, "is missing") }
      return value
    }
    var progress = TrainingProgress()
    progress.step = try count("global_step")
    progress.cursor = BatchOrder.Cursor(epoch: try count("epoch"), position: try count("position"))
    progress.evaluationsWithoutBetter = try count("evaluations_without_better")
    if let step = try fields.integer("best_global_step", in: 0...(1 << 40)),
      let value = try fields.number("best_metric", in: -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude)
    {
      progress.best = Best(step: step, value: value)
    }
    return (progress, try fields.object("arguments") ?? JSONObject())
  }
}

extension TrainingArguments {
  /// What must stay as it is for a resumed run to be the run that was interrupted, by flag.
  func fingerprint(of set: TrainingSet) -> JSONObject {
    var fields = JSONObject()
    func number(_ value: Double) -> JSON { .number(JSONNumber(value)) }
    fields["examples"] = .number(JSONNumber(set.count))
    fields["tokens and labels"] = .string(String(set.digest, radix: 16))
    fields["--train-batch-size"] = .number(JSONNumber(trainBatchSize))
    fields["--gradient-accumulation-steps"] = .number(JSONNumber(gradientAccumulationSteps))
    fields["--no-shuffle"] = .bool(!shuffles)
    fields["--seed"] = .string("\(seed)")
    fields["--max-steps"] = maxSteps.map { .number(JSONNumber($0)) } ?? .null
    fields["--num-train-epochs"] = maxSteps == nil ? numTrainEpochs.map(number) ?? .null : .null
    fields["--learning-rate"] = number(learningRate)
    fields["--lr-scheduler-type"] = .string(lrSchedulerType.rawValue)
    fields["--warmup-steps"] = .number(JSONNumber(warmupSteps))
    fields["--warmup-ratio"] = number(warmupRatio)
    fields["--num-cycles"] = numCycles.map(number) ?? .null
    fields["--lr-end"] = number(lrEnd)
    fields["--power"] = number(power)
    fields["--metric-for-best-model"] = .string(bestMetricKey)
    fields["--weight-decay"] = number(weightDecay)
    fields["--adam-beta1"] = number(adamBeta1)
    fields["--adam-beta2"] = number(adamBeta2)
    fields["--adam-epsilon"] = number(adamEpsilon)
    fields["--max-grad-norm"] = number(maxGradNorm)
    return fields
  }

  /// The optimizer's part of the arguments.
  public var optimizer: TrainingSession.Optimizer {
    var optimizer = TrainingSession.Optimizer()
    optimizer.beta1 = adamBeta1
    optimizer.beta2 = adamBeta2
    optimizer.epsilon = adamEpsilon
    optimizer.weightDecay = weightDecay
    optimizer.maxGradNorm = maxGradNorm > 0 ? maxGradNorm : nil
    optimizer.accumulationSteps = gradientAccumulationSteps
    return optimizer
  }
}
