// SPDX-License-Identifier: Apache-2.0
import BERT
import Checkpoints
import ComputeGraph
import StrictJSON
import TestSupport
import Testing
import Tokenizers

/// A training of the small golden classifier, with dropout, in a folder that goes with it.
struct TrainerFixture {
  let folder: ModelFolder
  let engine: Engine
  var arguments = TrainingArguments()
  var recomputation = Recomputation.none
  let source = Goldens.path("training/text-classification")

  init(_ engine: Engine) throws {
    folder = try ModelFolder()
    self.engine = engine
    arguments.maxSteps = 6
    arguments.trainBatchSize = 3
    arguments.gradientAccumulationSteps = 2
    arguments.learningRate = 1e-3
    arguments.maxLength = 20
    arguments.saveSteps = 3
  }

  func path(_ name: String) -> String { folder.path + "/" + name }

  /// Trains into a folder.
  ///
  /// - Parameter evaluates: on the training file.
  @discardableResult
  func train(
    into name: String, from model: String? = nil, resuming resumed: String? = nil, evaluates: Bool = false,
    note: (String) -> Void = { _ in }, hear: (Trainer.Event) -> Void = { _ in }
  ) async throws -> TrainingProgress {
    let resumed = try resumed.map(TrainingCheckpoint.find)
    let file = source + "/train.jsonl"
    let data = try TrainingData(
      directory: resumed ?? model ?? source, head: .textClassification, trainFile: file,
      evalFile: evaluates ? file : nil, arguments,
      configure: { config in (config.hiddenDropoutProb, config.attentionProbsDropoutProb) = (0.1, 0.2) })
    let session = try await TrainingSession(data.model, arguments.optimizer, recomputation: recomputation, on: engine)
    let trainer = try Trainer(
      session, data.training, evaluating: data.evaluation, arguments, outputDirectory: path(name),
      resumingFrom: resumed, note: note)
    return try await trainer.run(hear)
  }

  func bytes(_ name: String) throws -> [UInt8] { try folder.bytes(name) }

  func lines(_ name: String) throws -> [JSON] {
    try bytes(name).split(separator: UInt8(ascii: "\n")).map { try JSON.parse(Array($0)) }
  }
}
