// SPDX-License-Identifier: Apache-2.0
import BERT
import Checkpoints
import ComputeGraph
import Glibc
import OpenCLRuntime
import Testing

/// What a step costs beside its kernels: one upload a batch, one wait a step, no memory. And what is left after thousands of
/// steps, and after every call that can fail: nothing.
@Suite struct TrainingResidencyTests {
  private static let model = Goldens.path("training/masked-lm")

  /// A session with dropout, two batches of a step, and the batches.
  static func session(
    _ engine: Engine, _ recomputation: Recomputation = .none
  ) async throws -> (session: TrainingSession, batches: [BertInput]) {
    let golden = try TrainingCase("masked-lm")
    var optimizer = TrainingSession.Optimizer()
    optimizer.accumulationSteps = 2
    let model = try TrainableModel.fromPretrained(Self.model, head: .maskedLM) { config in
      (config.hiddenDropoutProb, config.attentionProbsDropoutProb) = (0.1, 0.1)
    }
    return (
      try await TrainingSession(model, optimizer, recomputation: recomputation, on: engine),
      try Array(golden.batches().prefix(2))
    )
  }

  @Test(.timeLimit(.minutes(20))) func aStepWaitsOnceAndAllocatesNothing() async {
    await #expect(processExitsWith: .success) {
      let engine = try Engine.open(.opencl(selector: "opencl"))
      let (session, batches) = try await Self.session(engine)
      func step(_ number: Int) async throws {
        for (index, batch) in batches.enumerated() {
          try await session.accumulate(batch, seed: UInt64(2 * number + index))
        }
        _ = try await session.update(learningRate: 1e-3, step: number)
      }
      for number in 1...4 { try await step(number) }
      CallMonitor.start()
      for number in 5...24 { try await step(number) }
      CallMonitor.stop()
      let counts = CallMonitor.counts
      #expect(counts.bufferCreations == 0 && counts.calls[.build] == 0, "\(counts)")
      // The readback; and before a staging memory is filled again, the end of the upload that it was last used for. Two
      // batches and the update of a step are three uploads, two of which are followed by no readback.
      #expect(counts.waits <= 20 * 3, "\(counts)")
      // Loss and squared norm.
      #expect(counts.bytesDown <= 20 * 512, "\(counts)")
    }
  }

  @Test(.timeLimit(.minutes(20)), arguments: ["cpu", "opencl"]) func flatOverThousandsOfSteps(device: String) async {
    await #expect(processExitsWith: .success) { [device] in
      let engine = try Engine.open(DeviceChoice(device))
      let (session, batches) = try await Self.session(engine)
      func steps(_ count: Int) async throws {
        for number in 1...count {
          for batch in batches { try await session.accumulate(batch, seed: UInt64(number)) }
          let result = try await session.update(learningRate: 1e-5, step: number)
          #expect(result.isFinite)
        }
      }
      try await steps(300)
      CallMonitor.start()
      let before = ProcessState()
      try await steps(3000)
      let handles = try await settledHandles()
      let after = ProcessState()
      #expect(handles.isEmpty, "\(handles)")
      #expect(after.isFlat(since: before), "\(before) then \(after)")
    }
  }

  /// Loading, two steps, an evaluation and a save, again and again.
  @Test(.timeLimit(.minutes(20)), arguments: ["cpu", "opencl"]) func flatOverTrainings(device: String) async {
    await #expect(processExitsWith: .success) { [device] in
      var fixture = try TrainerFixture(try Engine.open(DeviceChoice(device)))
      fixture.arguments.maxSteps = 2
      fixture.arguments.saveSteps = 1
      fixture.arguments.saveTotalLimit = 1
      for _ in 0..<8 { try await fixture.train(into: "out", evaluates: true) }
      try await quiet()
      CallMonitor.start()
      let before = ProcessState()
      for _ in 0..<40 { try await fixture.train(into: "out", evaluates: true) }
      let handles = try await settledHandles()
      let after = ProcessState()
      #expect(handles.isEmpty, "\(handles)")
      #expect(after.isFlat(since: before), "\(before) then \(after)")
    }
  }

  /// Each call of a training step fails once, from then on, and late; the next step is right to the bit.
  @Test(.timeLimit(.minutes(20)), arguments: FaultLoopTests.Mode.allCases) func everyCallOfAStep(
    mode: FaultLoopTests.Mode
  ) async {
    await #expect(processExitsWith: .success) { [mode] in
      let engine = try Engine.open(.opencl(selector: "opencl"))
      let (session, batches) = try await Self.session(engine)
      let start = try await session.snapshot()
      let calls = try await FaultLoopTests.failEveryCall(mode, keeps: true) {
        try await session.restore(start)
        for (index, batch) in batches.enumerated() { try await session.accumulate(batch, seed: UInt64(index)) }
        let result = try await session.update(learningRate: 1e-3, step: 1)
        let weights = try await session.snapshot().weights
        return bits([weights, [Float(result.loss), Float(result.gradNorm)]])
      }
      // Two passes of more than 60 launches each, the update, and what is written and read.
      #expect(calls >= 120, "\(calls)")
    }
  }

  /// The same of a training with a save, of the calls that bring its weights up and down: a save that fails leaves what was
  /// there, and the next one is right.
  @Test(.timeLimit(.minutes(20)), arguments: ["clEnqueueReadBuffer", "clEnqueueWriteBuffer"])
  func everyTransferOfATrainingWithASave(call: String) async {
    await #expect(processExitsWith: .success) { [call] in
      var fixture = try TrainerFixture(try Engine.open(.opencl(selector: "opencl")))
      fixture.arguments.maxSteps = 1
      fixture.arguments.saveSteps = 1
      let calls = try await FaultLoopTests.failEveryCall(.once, call: call) { [fixture] in
        try await fixture.train(into: "out")
        let file = try SafetensorsFile(path: fixture.path("out/model.safetensors"))
        return bits(try file.tensorNames.map { try file.readFloat32($0) })
      }
      // Down: the step's numbers, weights and moments for the checkpoint, weights for the model. Up: weights, three batches.
      #expect(calls >= 4, "\(calls)")
    }
  }
}
