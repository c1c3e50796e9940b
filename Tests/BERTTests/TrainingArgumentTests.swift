// SPDX-License-Identifier: Apache-2.0
import BERT
import Testing

/// An argument that makes no sense, and what the error says.
struct BadArgument: Sendable, CustomTestStringConvertible {
  let wanted: String
  let change: @Sendable (inout TrainingArguments) -> Void

  init(_ wanted: String, _ change: @escaping @Sendable (inout TrainingArguments) -> Void) {
    self.wanted = wanted
    self.change = change
  }

  var testDescription: String { wanted }

  static let all: [BadArgument] = [
    .init("--max-steps is 0; it must be at least 1") { $0.maxSteps = 0 },
    .init("--max-steps is -5; it must be at least 1") { $0.maxSteps = -5 },
    .init("--max-steps is 9223372036854775807; it must be at most 1099511627776") { $0.maxSteps = .max },
    .init("--max-steps is missing, and so is --num-train-epochs; give one of them") { $0.numTrainEpochs = nil },
    .init("--num-train-epochs is 0.0; it must be above 0 and at most 1000000") { $0.numTrainEpochs = 0 },
    .init("--num-train-epochs is nan; it must be above 0 and at most 1000000") { $0.numTrainEpochs = .nan },
    .init("--num-train-epochs is inf; it must be above 0 and at most 1000000") { $0.numTrainEpochs = .infinity },
    .init("--learning-rate is 0.0; it must be above 0") { $0.learningRate = 0 },
    .init("--learning-rate is -0.001; it must be above 0") { $0.learningRate = -1e-3 },
    .init("--learning-rate is nan; it must be above 0") { $0.learningRate = .nan },
    .init("--learning-rate is inf; it must be above 0") { $0.learningRate = .infinity },
    .init("--learning-rate is 20.0; it must be at most 1") { $0.learningRate = 20 },
    .init("--warmup-ratio is 1.5; it must be in 0...1") { $0.warmupRatio = 1.5 },
    .init("--warmup-ratio is -0.1; it must be in 0...1") { $0.warmupRatio = -0.1 },
    .init("--warmup-ratio is nan; it must be in 0...1") { $0.warmupRatio = .nan },
    .init("--warmup-steps is -1; it must be at least 0") { $0.warmupSteps = -1 },
    .init("--warmup-steps is 11; the run has 10 steps (--max-steps)") { ($0.warmupSteps, $0.maxSteps) = (11, 10) },
    .init("--train-batch-size is 0; it must be at least 1") { $0.trainBatchSize = 0 },
    .init("--eval-batch-size is -1; it must be at least 1") { $0.evalBatchSize = -1 },
    .init("--gradient-accumulation-steps is 0; it must be at least 1") { $0.gradientAccumulationSteps = 0 },
    .init("--weight-decay is -0.01; it must be 0 or more") { $0.weightDecay = -0.01 },
    .init("--weight-decay is nan; it must be 0 or more") { $0.weightDecay = .nan },
    .init("--adam-beta1 is 1.0; it must be in 0..<1") { $0.adamBeta1 = 1 },
    .init("--adam-beta2 is -0.5; it must be in 0..<1") { $0.adamBeta2 = -0.5 },
    .init("--adam-beta2 is nan; it must be in 0..<1") { $0.adamBeta2 = .nan },
    .init("--adam-epsilon is 0.0; it must be above 0") { $0.adamEpsilon = 0 },
    .init("--max-grad-norm is -1.0; it must be 0 or more") { $0.maxGradNorm = -1 },
    .init("--max-grad-norm is nan; it must be 0 or more") { $0.maxGradNorm = .nan },
    .init("--eval-steps is 0; it must be at least 1") { $0.evalSteps = 0 },
    .init("--save-steps is 0; it must be at least 1") { $0.saveSteps = 0 },
    .init("--save-total-limit is 0; it must be at least 1") { $0.saveTotalLimit = 0 },
    .init("--early-stopping-patience is 0; it must be at least 1") { $0.earlyStoppingPatience = 0 },
    .init("--early-stopping-threshold is nan; it must be 0 or more") { $0.earlyStoppingThreshold = .nan },
    .init("--max-length is 0; it must be at least 1") { $0.maxLength = 0 },
    .init("--metric-for-best-model names no metric") { $0.metricForBestModel = "eval_" },
    .init("--power is 0.0; it must be above 0") { $0.power = 0 },
    .init("--lr-end is -1.0; it must be 0 or more") { $0.lrEnd = -1 },
    .init("--lr-end is 1e-07; it must be below --learning-rate 1e-08, which the schedule falls from") {
      ($0.learningRate, $0.lrSchedulerType) = (1e-8, .polynomial)
    },
    .init("--num-cycles is given, but --lr-scheduler-type linear has no cycles") { $0.numCycles = 2 },
    .init("--num-cycles is nan; it must be above 0") { ($0.numCycles, $0.lrSchedulerType) = (.nan, .cosine) },
  ]
}

@Suite struct TrainingArgumentTests {
  @Test(arguments: BadArgument.all) func argumentsThatMakeNoSenseAreNamed(bad: BadArgument) throws {
    var arguments = TrainingArguments()
    bad.change(&arguments)
    let refusal = try #require(throws: TrainingArgumentError.self) { try arguments.check() }
    #expect("\(refusal)" == bad.wanted)
  }

  @Test func defaultsAndBoundsPass() throws {
    var arguments = TrainingArguments()
    try arguments.check()
    arguments.numTrainEpochs = nil
    arguments.maxSteps = 10
    arguments.warmupSteps = 10
    arguments.warmupRatio = 1
    arguments.maxGradNorm = 0
    arguments.weightDecay = 0
    arguments.adamBeta1 = 0
    arguments.learningRate = 1
    arguments.lrSchedulerType = .cosineWithRestarts
    arguments.numCycles = 0.5
    try arguments.check()
  }
}
