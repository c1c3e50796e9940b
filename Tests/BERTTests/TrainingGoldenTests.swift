// SPDX-License-Identifier: Apache-2.0
import BERT
import Checkpoints
import ComputeGraph
import StrictJSON
import TestSupport
import Testing

/// Training step for step as PyTorch does it: every task, every schedule, accumulation and clipping in force.
@Suite struct TrainingGoldenTests {
  @Test func thereAreCases() throws {
    let cases = try TrainingCase.names.map(TrainingCase.init)
    for head in BertHead.allCases where head != BertHead.none {
      let runs: [TrainingCase.Run] = cases.filter { $0.head == head }.flatMap(\.runs)
      for kind in LearningRateSchedule.Kind.allCases {
        let isThere: Bool = runs.contains { $0.arguments.lrSchedulerType == kind }
        #expect(isThere, "\(head) \(kind)")
      }
    }
  }

  @Test(arguments: TrainingCase.names, TestEngine.allCases)
  func stepsArePyTorchs(name: String, on test: TestEngine) async throws {
    let golden = try TrainingCase(name)
    let batches = try golden.batches()
    let final = try SafetensorsFile(path: golden.folder + "/final.safetensors")
    for run in golden.runs {
      let session = try await TrainingSession(golden.model(run), run.arguments.optimizer, on: test.engine)
      let schedule = LearningRateSchedule(run.arguments, totalSteps: run.steps.count)
      var next = 0
      for expected in run.steps {
        for _ in 0..<run.arguments.gradientAccumulationSteps {
          try await session.accumulate(batches[next % batches.count], seed: UInt64(next))
          next += 1
        }
        let rate = run.arguments.learningRate * schedule.multiplier(step: expected.step - 1)
        #expect(rate == expected.learningRate, "\(run.name) step \(expected.step)")
        let result = try await session.update(learningRate: rate, step: expected.step)
        let loss: Double = abs(result.loss - expected.loss) / abs(expected.loss)
        let norm: Double = abs(result.gradNorm - expected.gradNorm) / expected.gradNorm
        #expect(loss <= golden.tolerance.loss, "\(run.name) step \(expected.step): loss \(loss)")
        #expect(norm <= golden.tolerance.gradNorm, "\(run.name) step \(expected.step): norm \(norm)")
      }
      let weights = try await session.weights()
      var left = Set(weights.keys)
      for tensor in final.tensorNames where tensor.hasPrefix(run.name + ".") {
        let key = String(tensor.dropFirst(run.name.count + 1))
        // What Hugging Face's model has and nothing computes with is none of the session's weights.
        let names = [key, key.without("bert.")]
        guard let own = names.first(where: left.contains), let found = weights[own] else { continue }
        left.remove(own)
        guard !run.zeroGradient.contains(key) else { continue }
        let wanted = try final.readFloat64(tensor)
        let error = relativeError(golden.sampled(found, count: wanted.count), wanted)
        #expect(error <= golden.tolerance.weights, "\(run.name) \(key): \(error)")
      }
      #expect(left.isEmpty, "\(run.name): PyTorch's result lacks \(left.sorted())")
    }
  }

  @Test(arguments: TrainingCase.names, TestEngine.allCases)
  func gradientsArePyTorchs(name: String, on test: TestEngine) async throws {
    let golden = try TrainingCase(name)
    let run = try #require(golden.runs.first)
    let session = try await TrainingSession(golden.model(run), TrainingSession.Optimizer(), on: test.engine)
    try await session.accumulate(try #require(golden.batches().first), seed: 0)
    let found = try await session.gradients()
    let wanted = try SafetensorsFile(path: golden.folder + "/gradients.safetensors")
    #expect(wanted.tensorNames.count >= 30)
    for tensor in wanted.tensorNames where !run.zeroGradient.contains(tensor) {
      let elements = try #require(found[tensor] ?? found[tensor.without("bert.")], "\(tensor)")
      let error = relativeError(elements.map(Double.init), try wanted.readFloat64(tensor))
      #expect(error <= 2e-5, "\(tensor): \(error)")
    }
  }

  /// The loss of a small BERT from random weights falls as PyTorch's does.
  @Test(arguments: [TestEngine.cpu, .opencl])
  func preTrainingFollowsPyTorchsCurve(on test: TestEngine) async throws {
    let folder = Goldens.path("pretraining")
    let expected = try Goldens.json(folder + "/expected.json")
    let common = try #require(expected["arguments"])
    let arguments = try TrainingArguments(common, common)
    let steps = try #require(expected["steps"]?.arrayValue)
    let tolerance = try #require(expected["relative_tolerance"]?["loss"]?.doubleValue)
    let rows = try PretrainingRows(folder + "/rows.safetensors")
    let session = try await TrainingSession(
      .fromPretrained(folder, head: .pretraining), arguments.optimizer, on: test.engine)
    let schedule = LearningRateSchedule(arguments, totalSteps: steps.count)
    var losses: [Double] = []
    for (index, step) in steps.enumerated() {
      try await session.accumulate(try rows.batch(index, size: arguments.trainBatchSize), seed: 0)
      let rate = arguments.learningRate * schedule.multiplier(step: index)
      let result = try await session.update(learningRate: rate, step: index + 1)
      losses.append(result.loss)
      let wanted: Double = try #require(step["loss"]?.doubleValue)
      let error: Double = abs(result.loss - wanted) / wanted
      #expect(error <= tolerance, "step \(index + 1): \(result.loss), not \(wanted)")
    }
    let first: Double = losses.prefix(16).reduce(0, +)
    let last: Double = losses.suffix(16).reduce(0, +)
    #expect(last < 0.8 * first)
  }
}

/// The rows of the pre-training goldens, masked once and for all.
private struct PretrainingRows {
  private let tensors: [String: [Int32]]
  private let count: Int
  private let length: Int

  init(_ path: String) throws {
    let file = try SafetensorsFile(path: path)
    let shape = try #require(file.tensor(named: "input_ids")?.shape)
    (count, length) = (shape[0], shape[1])
    tensors = try file.tensorNames.reduce(into: [:]) { $0[$1] = try file.readInt64($1).map { Int32($0) } }
  }

  func batch(_ index: Int, size: Int) throws -> BertInput {
    let rows = (0..<size).map { (size * index + $0) % count }
    func gathered(_ name: String) throws -> [Int32] {
      let all = try #require(tensors[name])
      return rows.flatMap { all[($0 * length)..<(($0 + 1) * length)] }
    }
    var input = try BertInput(
      batchSize: size, sequenceLength: length, inputIds: try gathered("input_ids"),
      attentionMask: try gathered("attention_mask"), tokenTypeIds: try gathered("token_type_ids"))
    input.labels = .classes(try gathered("labels"))
    let next = try #require(tensors["next_sentence_label"])
    input.nextSentenceLabel = rows.map { next[$0] }
    return input
  }
}

extension String {
  fileprivate func without(_ prefix: String) -> String { hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self }
}
