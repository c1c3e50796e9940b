// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import Glibc

/// How to train: the names and defaults of Hugging Face's `TrainingArguments` (transformers 4.49), which `bert train` has as
/// flags.
///
/// Two defaults are those of BERT's fine-tuning instead: the learning rate of 2e-5 and the decay of 0.01, where that class
/// has 5e-5 and 0. `trainBatchSize` and `evalBatchSize` are its `per_device_*_batch_size`, and `maxLength` is the argument of
/// its example scripts.
public struct TrainingArguments: Sendable, Equatable {
  /// Optimizer steps; as many as `numTrainEpochs` make where nil.
  public var maxSteps: Int?
  /// Passes over the training file, fractions allowed. Does not count where `maxSteps` is given.
  public var numTrainEpochs: Double? = 3
  /// The largest learning rate, before the schedule.
  public var learningRate = 2e-5
  public var lrSchedulerType = LearningRateSchedule.Kind.linear
  /// Steps over which the learning rate rises from 0. Where 0, `warmupRatio` counts.
  public var warmupSteps = 0
  /// Share of all steps over which the learning rate rises from 0.
  public var warmupRatio = 0.0
  /// `num_cycles` of the schedules `cosine` (0.5 where nil) and `cosine_with_restarts` (1 where nil).
  public var numCycles: Double?
  /// `lr_end` of the schedule `polynomial`.
  public var lrEnd = 1e-7
  /// `power` of the schedule `polynomial`.
  public var power = 1.0
  /// Examples of a forward pass; an optimizer step has `gradientAccumulationSteps` such passes.
  public var trainBatchSize = 8
  public var evalBatchSize = 8
  public var gradientAccumulationSteps = 1
  /// Decoupled decay of every parameter but biases and LayerNorm's.
  public var weightDecay = 0.01
  public var adamBeta1 = 0.9
  public var adamBeta2 = 0.999
  public var adamEpsilon = 1e-8
  /// The norm that a longer gradient is scaled down to; 0: none is.
  public var maxGradNorm = 1.0
  /// Of the order of examples, masks, dropout and new weights.
  public var seed: UInt64 = 42
  /// Whether each epoch has an order of its own; `--no-shuffle` where not. See `BatchOrder`.
  public var shuffles = true
  /// Whether each layer is computed again for its gradient instead of kept.
  public var gradientCheckpointing = false
  /// Steps between evaluations; none before the end where nil.
  public var evalSteps: Int?
  /// Steps between checkpoints; none before the end where nil.
  public var saveSteps: Int?
  /// Checkpoints to keep, the newest ones; all where nil. The best model is kept beside them.
  public var saveTotalLimit: Int?
  /// The evaluation's number that the best checkpoint has the best of, with or without `eval_`.
  public var metricForBestModel = "loss"
  /// Whether a larger number is better; where nil, that is so for all but loss, perplexity and mean squared error.
  public var greaterIsBetter: Bool?
  /// Evaluations without a better one after which training ends; never where nil.
  public var earlyStoppingPatience: Int?
  /// What a number must be better by to count for `earlyStoppingPatience`.
  public var earlyStoppingThreshold = 0.0
  /// Tokens of an example, special ones included, at most; what tokenizer and model take where nil (384 for question
  /// answering, where the rest makes more windows).
  public var maxLength: Int?

  public init() {}
}

extension TrainingArguments {
  /// Optimizer steps of the whole run.
  ///
  ///     maxSteps, or else ceil(epochs * max(batches / accumulation, 1))      the division without its remainder
  ///
  /// Source: `Trainer.set_initial_training_values`.
  ///
  /// - Parameter batchesPerEpoch: `BatchOrder.batchesPerEpoch`.
  public func totalSteps(batchesPerEpoch: Int) -> Int {
    if let maxSteps { return maxSteps }
    let steps = (numTrainEpochs ?? 0) * Double(max(batchesPerEpoch / gradientAccumulationSteps, 1))
    // `check()` keeps epochs far below what would not fit.
    return Int(exactly: steps.rounded(.up)) ?? .max
  }

  /// Steps of warm-up in a run of some steps. Source: `TrainingArguments.get_warmup_steps`.
  public func warmupSteps(of totalSteps: Int) -> Int {
    warmupSteps > 0 ? warmupSteps : Int(ceil(Double(totalSteps) * warmupRatio))
  }

  /// The key of `metricForBestModel` among an evaluation's numbers.
  public var bestMetricKey: String {
    metricForBestModel.hasPrefix("eval_") ? metricForBestModel : "eval_" + metricForBestModel
  }

  /// Whether a number of `metricForBestModel` is better than another.
  public func isBetter(_ value: Double, than best: Double) -> Bool {
    let falling = ["eval_loss", "eval_perplexity", "eval_mse"]
    return greaterIsBetter ?? !falling.contains(bestMetricKey) ? value > best : value < best
  }

  /// What `gradientCheckpointing` means for a session.
  public var recomputation: Recomputation { gradientCheckpointing ? .layers : .none }
}
