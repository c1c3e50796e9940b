// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import BERT
import ComputeGraph

extension LearningRateSchedule.Kind: ExpressibleByArgument {}

/// The numbers of a training: Hugging Face's TrainingArguments by their names.
struct TrainingOptions: ParsableArguments {
  private static let standard = TrainingArguments()

  @Option(help: "Optimizer steps; overrides --num-train-epochs.")
  var maxSteps: Int?

  @Option(help: "Passes over the training file, fractions allowed.")
  var numTrainEpochs = standard.numTrainEpochs ?? 3

  @Option(help: "The largest learning rate.")
  var learningRate = standard.learningRate

  @Option(help: "How the learning rate goes on after the warm-up.")
  var lrSchedulerType = standard.lrSchedulerType

  @Option(help: "Steps over which the learning rate rises from 0.")
  var warmupSteps = standard.warmupSteps

  @Option(help: "The same as a share of all steps; --warmup-steps goes before it.")
  var warmupRatio = standard.warmupRatio

  @Option(help: "Waves of cosine (0.5) and cosine_with_restarts (1).")
  var numCycles: Double?

  @Option(help: "Where polynomial ends.")
  var lrEnd = standard.lrEnd

  @Option(help: "The power of polynomial.")
  var power = standard.power

  @Option(
    name: [.customLong("train-batch-size"), .customLong("per-device-train-batch-size")], help: "Examples of a batch.")
  var trainBatchSize = standard.trainBatchSize

  @Option(
    name: [.customLong("eval-batch-size"), .customLong("per-device-eval-batch-size")],
    help: "Examples of a batch of an evaluation (default: \(standard.evalBatchSize)).")
  var evalBatchSize: Int?

  @Option(help: "Batches of a step.")
  var gradientAccumulationSteps = standard.gradientAccumulationSteps

  @Option(help: "Decoupled decay of all weights but biases and LayerNorms.")
  var weightDecay = standard.weightDecay

  @Option(help: "AdamW's beta1.")
  var adamBeta1 = standard.adamBeta1

  @Option(help: "AdamW's beta2.")
  var adamBeta2 = standard.adamBeta2

  @Option(help: "AdamW's epsilon.")
  var adamEpsilon = standard.adamEpsilon

  @Option(help: "The norm that longer gradients are scaled down to; 0: none are.")
  var maxGradNorm = standard.maxGradNorm

  @Option(help: "Of order, masks, dropout and new weights.")
  var seed = standard.seed

  @Flag(help: "Take examples in the file's order, around and around.")
  var noShuffle = false

  @Option(help: "Tokens of an example, special ones included (default: what the model takes; 384 for questions).")
  var maxLength: Int?

  @Flag(help: "Keep each layer's input alone and compute the layer again for its gradient: less memory, more time.")
  var gradientCheckpointing = false

  @Option(help: "What is computed again instead of kept: none, activations (nearly free), layers (the least memory).")
  var recompute: Recomputation?

  @Option(help: "Steps between evaluations (default: one at the end).")
  var evalSteps: Int?

  @Option(help: "Steps between checkpoints to resume from (default: none).")
  var saveSteps: Int?

  @Option(help: "Checkpoints to keep, the newest ones (default: all).")
  var saveTotalLimit: Int?

  @Option(
    help: """
      The number of an evaluation by which the best model is told: loss, accuracy, f1 ... (default: \
      \(standard.metricForBestModel)).
      """)
  var metricForBestModel: String?

  @Option(help: "Whether a larger number is better (default: as the metric suggests).")
  var greaterIsBetter: Bool?

  @Option(help: "Evaluations without a better one after which training ends (default: never).")
  var earlyStoppingPatience: Int?

  @Option(help: "What a number must be better by to count (default: \(standard.earlyStoppingThreshold)).")
  var earlyStoppingThreshold: Double?

  mutating func validate() throws {
    do { try arguments.check() } catch { throw ValidationError("\(error).") }
    if gradientCheckpointing, recompute ?? .layers != .layers {
      throw ValidationError("--gradient-checkpointing is --recompute layers; give one of them.")
    }
  }

  /// The options that are given and mean nothing without an evaluation file.
  var ofEvaluations: [String] {
    let all: [(option: String, isGiven: Bool)] = [
      ("--eval-steps", evalSteps != nil), ("--eval-batch-size", evalBatchSize != nil),
      ("--metric-for-best-model", metricForBestModel != nil), ("--greater-is-better", greaterIsBetter != nil),
      ("--early-stopping-patience", earlyStoppingPatience != nil),
      ("--early-stopping-threshold", earlyStoppingThreshold != nil),
    ]
    return all.filter(\.isGiven).map(\.option)
  }

  /// - Parameter config: of the model, which may ask for checkpointing itself.
  func recomputation(_ config: BertConfig) -> Recomputation {
    recompute ?? (config.gradientCheckpointing ? .layers : arguments.recomputation)
  }

  var arguments: TrainingArguments {
    var arguments = TrainingArguments()
    arguments.maxSteps = maxSteps
    arguments.numTrainEpochs = numTrainEpochs
    arguments.learningRate = learningRate
    arguments.lrSchedulerType = lrSchedulerType
    arguments.warmupSteps = warmupSteps
    arguments.warmupRatio = warmupRatio
    arguments.numCycles = numCycles
    arguments.lrEnd = lrEnd
    arguments.power = power
    arguments.trainBatchSize = trainBatchSize
    arguments.evalBatchSize = evalBatchSize ?? arguments.evalBatchSize
    arguments.gradientAccumulationSteps = gradientAccumulationSteps
    arguments.weightDecay = weightDecay
    arguments.adamBeta1 = adamBeta1
    arguments.adamBeta2 = adamBeta2
    arguments.adamEpsilon = adamEpsilon
    arguments.maxGradNorm = maxGradNorm
    arguments.seed = seed
    arguments.shuffles = !noShuffle
    arguments.gradientCheckpointing = gradientCheckpointing
    arguments.evalSteps = evalSteps
    arguments.saveSteps = saveSteps
    arguments.saveTotalLimit = saveTotalLimit
    arguments.metricForBestModel = metricForBestModel ?? arguments.metricForBestModel
    arguments.greaterIsBetter = greaterIsBetter
    arguments.earlyStoppingPatience = earlyStoppingPatience
    arguments.earlyStoppingThreshold = earlyStoppingThreshold ?? arguments.earlyStoppingThreshold
    arguments.maxLength = maxLength
    return arguments
  }
}

extension Recomputation: ExpressibleByArgument {}
