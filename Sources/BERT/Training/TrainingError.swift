// SPDX-License-Identifier: Apache-2.0

/// What stops a training, beside bad data (`TrainingDataError`), bad arguments and the device.
public enum TrainingError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The loss or the gradient is no number any more. The checkpoint, where there is one, has the weights before the step;
  /// there is none where the loss alone is not finite, because the step has changed them then.
  case notFinite(step: Int, loss: String, gradNorm: String, firstGradient: String?, checkpoint: String?)
  /// Nothing to resume from.
  case noCheckpoint(path: String)
  /// Another training is in the output directory.
  case outputInUse(path: String, checkpoint: String)
  /// A checkpoint to resume from that is none of the model that the training is said to have begun with.
  case anotherModel(model: String, checkpoint: String, field: String, was: Int, is: Int)
  /// The output directory is the model that the training is to begin with.
  case outputIsModel(path: String)
  /// A model that no training has written is in the output directory.
  case outputHoldsModel(path: String, file: String)
  /// Another training is writing into the output directory now.
  case outputLocked(path: String)
  /// A run of as many steps as have been taken already.
  case nothingLeft(path: String, step: Int, steps: Int)
  /// An argument with which a resumed run would not be the one that was interrupted.
  case argumentChanged(path: String, flag: String, was: String, is: String)
  /// The metric that the best model has the best of is none of the task's.
  case unknownMetric(String, known: [String])

  public var description: String {
    switch self {
    case .notFinite(let step, let loss, let gradNorm, let first, let checkpoint):
      var text = "step \(step): the loss is \(loss), the gradient's norm \(gradNorm)"
      if let first { text += "; the gradient of \(first) was the first that is not finite" }
      if let checkpoint { text += "; the weights before this step are in \(checkpoint)" }
      return text + "; a smaller --learning-rate or more --warmup-steps may help"
    case .noCheckpoint(let path):
      return
        "\(path): no checkpoint to resume from (a directory with trainer_state.json, or one with checkpoint-N in it)"
    case .outputInUse(let path, let checkpoint):
      return "\(path) holds a training that was not finished or was to be kept (\(checkpoint)); go on with it "
        + "(--resume-from \(path)), take another --output-dir, or --overwrite-output-dir"
    case .anotherModel(let model, let checkpoint, let field, let was, let now):
      return "\(model) is not what \(checkpoint) was trained from: its config.json has \(field) \(now), the "
        + "checkpoint's \(was); name the model that the training began with"
    case .outputIsModel(let path):
      return "\(path) is the model to begin with, and the trained one would take its place; take another "
        + "--output-dir, or --overwrite-output-dir"
    case .outputHoldsModel(let path, let file):
      return "\(path) holds a model that is no training's result (\(file), and no metrics.jsonl), which this one would "
        + "take the place of; take another --output-dir, or --overwrite-output-dir"
    case .outputLocked(let path): return "\(path): another training is writing it; take another --output-dir"
    case .nothingLeft(let path, let step, let steps):
      return "\(path): \(step) steps have been taken, and the run is to have \(steps); give more --max-steps or epochs"
    case .argumentChanged(let path, let flag, let was, let now):
      return "\(path): the run was begun with \(flag) \(was), not \(now); resumed with another it would be another run"
    case .unknownMetric(let name, let known):
      return "--metric-for-best-model: there is no \(name); this task has \(known.joined(separator: ", "))"
    }
  }
}
