// SPDX-License-Identifier: Apache-2.0
import BERT
import StrictJSON
import Testing

/// Learning rates against those of transformers, and how long a run is.
@Suite struct TrainingScheduleTests {
  @Test func multipliersAreTransformersOwn() throws {
    let golden = try Goldens.json(Goldens.path("schedules/schedules.json"))
    let learningRate = try #require(golden["learning_rate"]?.doubleValue)
    let cases = try #require(golden["cases"]?.arrayValue)
    #expect(cases.count > 80)
    for entry in cases {
      var arguments = TrainingArguments()
      arguments.learningRate = learningRate
      let kind = entry["type"]?.stringValue.flatMap(LearningRateSchedule.Kind.init)
      arguments.lrSchedulerType = try #require(kind)
      arguments.warmupSteps = try #require(entry["warmup"]?.intValue)
      arguments.numCycles = entry["cycles"]?.doubleValue
      arguments.power = entry["power"]?.doubleValue ?? arguments.power
      arguments.lrEnd = entry["end"]?.doubleValue ?? arguments.lrEnd
      let schedule = LearningRateSchedule(arguments, totalSteps: try #require(entry["total"]?.intValue))
      let wanted = try #require(entry["multipliers"]?.arrayValue).compactMap(\.doubleValue)
      // To the last bit: the arithmetic is the same.
      #expect(wanted.indices.map(schedule.multiplier) == wanted, "\(arguments.lrSchedulerType) \(schedule)")
    }
    #expect(
      Set(cases.compactMap { $0["type"]?.stringValue }) == Set(LearningRateSchedule.Kind.allCases.map(\.rawValue)))
  }

  @Test func aRunThatIsAllWarmUpEndsAtTheEndRate() {
    let schedule = LearningRateSchedule.polynomial(warmupSteps: 4, totalSteps: 4, learningRate: 1e-5)
    #expect(schedule.multiplier(step: 3) == 0.75)
    #expect(schedule.multiplier(step: 4) == 1e-7 / 1e-5)
  }

  @Test func stepsFollowFromEpochsAsInTheTrainer() {
    var arguments = TrainingArguments()
    #expect(arguments.totalSteps(batchesPerEpoch: 10) == 30)
    arguments.gradientAccumulationSteps = 4
    #expect(arguments.totalSteps(batchesPerEpoch: 10) == 6)
    #expect(arguments.totalSteps(batchesPerEpoch: 3) == 3)
    arguments.numTrainEpochs = 0.1
    #expect(arguments.totalSteps(batchesPerEpoch: 3) == 1)
    arguments.maxSteps = 7
    #expect(arguments.totalSteps(batchesPerEpoch: 3) == 7)
  }

  @Test func warmUpIsStepsOrElseAShare() {
    var arguments = TrainingArguments()
    #expect(arguments.warmupSteps(of: 100) == 0)
    arguments.warmupRatio = 0.06
    #expect(arguments.warmupSteps(of: 101) == 7)
    arguments.warmupSteps = 3
    #expect(arguments.warmupSteps(of: 101) == 3)
  }

  @Test func theBestIsTheSmallestLossAndTheLargestScore() {
    var arguments = TrainingArguments()
    #expect(arguments.bestMetricKey == "eval_loss")
    #expect(arguments.isBetter(1, than: 2) && !arguments.isBetter(2, than: 1) && !arguments.isBetter(1, than: 1))
    for (name, isBetter) in [("f1", true), ("eval_accuracy", true), ("perplexity", false), ("eval_mse", false)] {
      arguments.metricForBestModel = name
      #expect(arguments.isBetter(2, than: 1) == isBetter, "\(name)")
      #expect(arguments.isBetter(1, than: 2) != isBetter, "\(name)")
    }
    arguments.greaterIsBetter = true
    #expect(arguments.isBetter(2, than: 1))
    #expect(!arguments.isBetter(.nan, than: 1))
  }
}
