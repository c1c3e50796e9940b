// SPDX-License-Identifier: Apache-2.0
import BERT
import Checkpoints
import ComputeGraph
import Glibc
import StrictJSON
import TestSupport
import Testing

/// Trainings with dropout and shuffling: the same bits again, interrupted or not; what is written, kept and refused.
@Suite struct TrainerTests {
  @Test(arguments: [TestEngine.cpu, .opencl])
  func twoRunsAreEqualToTheBit(on test: TestEngine) async throws {
    let fixture = try TrainerFixture(test.engine)
    try await fixture.train(into: "one")
    try await fixture.train(into: "two")
    for file in ["model.safetensors", "metrics.jsonl", "checkpoint-3/optimizer.safetensors"] {
      #expect(try fixture.bytes("one/" + file) == fixture.bytes("two/" + file), "\(file)")
    }
    let losses = try fixture.lines("one/metrics.jsonl").map { $0["loss"]?.doubleValue }
    #expect(Set(losses).count == 6, "steps of other batches and other dropout: \(losses)")
  }

  @Test(arguments: [TestEngine.cpu, .opencl], Recomputation.allCases)
  func resumedIsAsIfNeverInterrupted(on test: TestEngine, _ recomputation: Recomputation) async throws {
    var fixture = try TrainerFixture(test.engine)
    fixture.recomputation = recomputation
    try await fixture.train(into: "whole", evaluates: true)
    try await fixture.train(into: "rest", resuming: fixture.path("whole/checkpoint-3"), evaluates: true)
    #expect(try fixture.bytes("whole/model.safetensors") == fixture.bytes("rest/model.safetensors"))
    #expect(
      try fixture.bytes("whole/checkpoint-6/optimizer.safetensors")
        == fixture.bytes("rest/checkpoint-6/optimizer.safetensors"))
    let (whole, rest) = (try fixture.lines("whole/metrics.jsonl"), try fixture.lines("rest/metrics.jsonl"))
    #expect(Array(whole.suffix(3)) == rest)
    #expect(try fixture.lines("whole/evaluations.jsonl").last == fixture.lines("rest/evaluations.jsonl").last)
  }

  @Test func resumedInPlaceCutsWhatComesAgain() async throws {
    let fixture = try TrainerFixture(.cpu)
    try await fixture.train(into: "out")
    let (metrics, weights) = (try fixture.bytes("out/metrics.jsonl"), try fixture.bytes("out/model.safetensors"))
    try CheckpointWriter.remove(fixture.path("out/checkpoint-6"))
    // As a killed run leaves it: a line that is not whole.
    try fixture.folder.write("out/metrics.jsonl", metrics.dropLast(5) + [])
    try await fixture.train(into: "out", resuming: fixture.path("out"))
    #expect(try fixture.bytes("out/metrics.jsonl") == metrics)
    #expect(try fixture.bytes("out/model.safetensors") == weights)
  }

  /// A run without an evaluation set has no evaluations, whatever an earlier one has left in its folder.
  @Test func anEarlierRunsEvaluationsDoNotStay() async throws {
    var fixture = try TrainerFixture(.cpu)
    fixture.arguments.evalSteps = 2
    try await fixture.train(into: "out", evaluates: true)
    let lines = try fixture.lines("out/evaluations.jsonl")
    #expect(lines.compactMap { $0["step"]?.intValue } == [2, 4, 6])
    fixture.arguments.evalSteps = nil
    try await fixture.train(into: "out", resuming: fixture.path("out/checkpoint-3"))
    #expect(try fixture.lines("out/evaluations.jsonl") == Array(lines.prefix(1)))
    try await fixture.train(into: "out")
    #expect(!BoundedFile.exists(path: fixture.path("out/evaluations.jsonl")))
  }

  @Test(arguments: [TestEngine.cpu, .opencl])
  func recomputingGivesTheSameBits(on test: TestEngine) async throws {
    var fixture = try TrainerFixture(test.engine)
    for recomputation in Recomputation.allCases {
      fixture.recomputation = recomputation
      try await fixture.train(into: recomputation.rawValue)
    }
    let wanted = try fixture.bytes("none/model.safetensors")
    #expect(try fixture.bytes("activations/model.safetensors") == wanted)
    #expect(try fixture.bytes("layers/model.safetensors") == wanted)
  }

  @Test func theCheckpointIsOneThatLoads() async throws {
    let fixture = try TrainerFixture(.cpu)
    try await fixture.train(into: "out", evaluates: true)
    for name in ["out", "out/checkpoint-3", "out/checkpoint-6", "out/best"] {
      let classifier = try await TextClassifier.fromPretrained(fixture.path(name), on: .cpu)
      let labels = try await classifier.predict([TextPair("a b", nil)], options: TextClassifier.Options())
      #expect(labels.count == 1, "\(name)")
    }
  }

  @Test func keepsTheBestAndStopsWhenNothingIsBetter() async throws {
    var fixture = try TrainerFixture(.cpu)
    fixture.arguments.maxSteps = 40
    fixture.arguments.evalSteps = 2
    fixture.arguments.saveSteps = 2
    fixture.arguments.saveTotalLimit = 2
    fixture.arguments.earlyStoppingPatience = 2
    // Nothing is better by so much.
    fixture.arguments.earlyStoppingThreshold = 100
    fixture.arguments.metricForBestModel = "accuracy"
    var stopped: Int?
    let progress = try await fixture.train(
      into: "out", evaluates: true,
      hear: { event in
        if case .stoppedEarly(let step) = event { stopped = step }
      })
    #expect(stopped == 6 && progress.step == 6, "\(progress)")
    #expect(TrainingCheckpoint.all(in: fixture.path("out")) == [4, 6].map { fixture.path("out/checkpoint-\($0)") })
    let values = try fixture.lines("out/evaluations.jsonl").map { try #require($0["eval_accuracy"]?.doubleValue) }
    #expect(values.count == 3 && progress.best?.value == values.max())
  }

  @Test(arguments: [TestEngine.cpu, .opencl])
  func lossThatIsNoNumberStopsTheRun(on test: TestEngine) async throws {
    let fixture = try TrainerFixture(test.engine)
    // Scores beyond every Float.
    let broken = try ModelFolder(golden: "training/text-classification")
    try broken.replaceTensor("classifier.weight", with: Float.greatestFiniteMagnitude)
    let failure = await #expect(throws: TrainingError.self) {
      try await fixture.train(into: "out", from: broken.path)
    }
    guard case .notFinite(let step, _, _, let first, let checkpoint)? = failure else {
      Issue.record("\(String(describing: failure))")
      return
    }
    #expect(step == 1 && checkpoint == fixture.path("out/checkpoint-0"))
    #expect(first?.hasPrefix("classifier.") == true, "the last layer comes first in the backward pass: \(first ?? "")")
    let kept = try SafetensorsFile(path: fixture.path("out/checkpoint-0/model.safetensors"))
    #expect(try kept.readFloat32("classifier.weight").allSatisfy { $0 == .greatestFiniteMagnitude })
    #expect(try fixture.lines("out/metrics.jsonl").isEmpty)
  }

  @Test func refusesToResumeAnotherRun() async throws {
    var fixture = try TrainerFixture(.cpu)
    try await fixture.train(into: "out")
    fixture.arguments.trainBatchSize = 2
    let failure = await #expect(throws: TrainingError.self) {
      try await fixture.train(into: "out", resuming: fixture.path("out/checkpoint-3"))
    }
    #expect(
      failure.map { "\($0)" }
        == "\(fixture.path("out/checkpoint-3")): the run was begun with --train-batch-size 3, not 2; resumed with another "
        + "it would be another run")
    fixture.arguments.trainBatchSize = 3
    fixture.arguments.learningRate = 2e-3
    var notes: [String] = []
    try await fixture.train(into: "out", resuming: fixture.path("out/checkpoint-3"), note: { notes.append($0) })
    #expect(notes.count == 1 && notes[0].contains("--learning-rate 0.001; going on with 0.002"), "\(notes)")
    let done = await #expect(throws: TrainingError.self) {
      try await fixture.train(into: "out", resuming: fixture.path("out/checkpoint-6"))
    }
    #expect(done == .nothingLeft(path: fixture.path("out/checkpoint-6"), step: 6, steps: 6))
    #expect(throws: TrainingError.noCheckpoint(path: fixture.source)) { try TrainingCheckpoint.find(fixture.source) }
    #expect(throws: TrainingError.self) {
      try TrainingCheckpoint.checkUnused(fixture.path("out"), model: fixture.source)
    }
    try TrainingCheckpoint.clear(fixture.path("out"))
    try TrainingCheckpoint.checkUnused(fixture.path("out"), model: fixture.source)
    #expect(TrainingCheckpoint.all(in: fixture.path("out")).isEmpty)
  }

  /// Models that no training has written are written over by none unasked.
  @Test func modelsAreNotWrittenOver() throws {
    let source = try ModelFolder(golden: "training/text-classification")
    let error = try #require(throws: TrainingError.self) {
      let name = source.path.split(separator: "/")[1]
      try TrainingCheckpoint.checkUnused(source.path + "/../" + name, model: source.path)
    }
    #expect("\(error)".contains("is the model to begin with") && "\(error)".contains("--overwrite-output-dir"))
    let other = try ModelFolder()
    try TrainingCheckpoint.checkUnused(other.path, model: source.path)
    for name in ["config.json", "model.safetensors", "model-00001-of-00002.safetensors", "pytorch_model.bin"] {
      let folder = try ModelFolder()
      try folder.write(name, "")
      #expect(throws: TrainingError.outputHoldsModel(path: folder.path, file: name)) {
        try TrainingCheckpoint.checkUnused(folder.path, model: source.path)
      }
      // The result of a training that is done.
      try folder.write("metrics.jsonl", "")
      try TrainingCheckpoint.checkUnused(folder.path, model: source.path)
    }
    try TrainingCheckpoint.checkUnused(source.path + "/nothing", model: source.path)
  }

  /// A run outlives the checkpoint that it was resumed from.
  @Test func resumesFromACheckpointThatIsRemovedOnTheWay() async throws {
    var fixture = try TrainerFixture(.cpu)
    fixture.arguments.saveSteps = 1
    fixture.arguments.saveTotalLimit = 1
    try await fixture.train(into: "whole")
    fixture.arguments.maxSteps = 2
    try await fixture.train(into: "out")
    fixture.arguments.maxSteps = 6
    // The schedule is another where the run has another length: only that it ends well counts.
    try await fixture.train(into: "out", resuming: fixture.path("out"))
    #expect(TrainingCheckpoint.all(in: fixture.path("out")) == [fixture.path("out/checkpoint-6")])
    #expect(try fixture.bytes("out/vocab.txt") == fixture.bytes("whole/vocab.txt"))
  }

  /// Resumed from an earlier step than the newest, the run goes its own way: the other's checkpoints do not stay.
  @Test func checkpointsOfALaterStepGo() async throws {
    let fixture = try TrainerFixture(.cpu)
    try await fixture.train(into: "out")
    var notes: [String] = []
    try await fixture.train(
      into: "out", resuming: fixture.path("out/checkpoint-3"),
      hear: { event in
        if case .note(let text) = event { notes.append(text) }
      })
    #expect(notes == ["removed \(fixture.path("out/checkpoint-6")), of a step that this run takes again"])
    #expect(TrainingCheckpoint.all(in: fixture.path("out")).count == 2)
  }

  @Test func twoTrainingsDoNotWriteOneFile() async throws {
    let fixture = try TrainerFixture(.cpu)
    var second: TrainingError?
    var tried = false
    try await fixture.train(
      into: "out",
      hear: { event in
        guard case .step = event, !tried else { return }
        tried = true
        // As another process would.
        let descriptor = open(fixture.path("out/metrics.jsonl"), O_RDWR)
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0 { second = .outputLocked(path: "") }
        close(descriptor)
      })
    #expect(tried && second != nil)
  }

  /// What the plan says is saved is what the arena has, and the order is as the names say.
  @Test func recomputationSavesMemory() async throws {
    let fixture = try TrainerFixture(.cpu)
    let data = try TrainingData(
      directory: fixture.source, head: .textClassification, trainFile: fixture.source + "/train.jsonl",
      fixture.arguments)
    var bytes: [Recomputation: Int] = [:]
    for recomputation in Recomputation.allCases {
      let session = try await TrainingSession(
        data.model, fixture.arguments.optimizer, recomputation: recomputation, on: .cpu)
      let planned = try #require(try session.plan(data.training.batch([0, 1, 2], epoch: 0)))
      bytes[recomputation] = planned.plan.arenaByteCount
    }
    let none = try #require(bytes[Recomputation.none])
    let activations = try #require(bytes[.activations])
    let layers = try #require(bytes[.layers])
    #expect(layers < activations && activations < none, "\(bytes)")
  }
}

extension ModelFolder {
  /// Sets all elements of a tensor of `model.safetensors` to one number.
  func replaceTensor(_ name: String, with value: Float) throws {
    let file = try SafetensorsFile(path: path + "/model.safetensors")
    let tensors = try file.tensorNames.map { tensor in
      let info = try #require(file.tensor(named: tensor))
      let elements = try file.readFloat32(tensor).map { tensor == name ? value : $0 }
      return OutgoingTensor(name: tensor, shape: info.shape) { start, buffer in
        _ = buffer.update(fromContentsOf: elements[start..<(start + buffer.count)])
      }
    }
    try SafetensorsWriter.write(tensors, metadata: ["format": "pt"], to: path + "/model.safetensors")
  }
}
