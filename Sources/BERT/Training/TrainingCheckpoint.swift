// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import ComputeGraph
import Glibc
import StrictJSON

/// A checkpoint that training can go on from: a model directory that Hugging Face loads, and beside it AdamW's moments
/// (`optimizer.safetensors`, by checkpoint key behind `exp_avg.` and `exp_avg_sq.`) and the progress.
public enum TrainingCheckpoint {
  private static let optimizerFile = "optimizer.safetensors"

  /// Writes one, whole or not at all; see `CheckpointWriter`.
  ///
  /// - Throws: `CheckpointError` for what the disk says; the device's error.
  static func save(
    _ session: TrainingSession, _ progress: TrainingProgress, arguments: JSONObject, to directory: String
  ) async throws {
    let snapshot = try await session.snapshot()
    let contents = session.contents(snapshot.weights)
    let moments = [("exp_avg.", snapshot.firstMoments), ("exp_avg_sq.", snapshot.secondMoments)]
    let parts = session.layout.places.flatMap(\.parameter.parts)
    let starts = session.layout.partStarts
    let tensors = moments.flatMap { prefix, elements in
      parts.map { part in
        OutgoingTensor(name: prefix + part.key, shape: part.shape) { start, buffer in
          guard let first = starts[part.key] else { throw GraphError.unknownParameter(part.key) }
          _ = buffer.update(fromContentsOf: elements[(first + start)..<(first + start + buffer.count)])
        }
      }
    }
    let files = [
      OutgoingFile(name: optimizerFile, tensors: tensors),
      OutgoingFile(name: TrainingProgress.fileName, json: progress.json(arguments)),
    ]
    try CheckpointWriter.write(contents.tensors(), files: contents.files() + files, to: directory)
  }

  /// Writes the model alone.
  ///
  /// - Throws: `CheckpointError` for what the disk says; the device's error.
  static func saveModel(_ session: TrainingSession, to directory: String) async throws {
    let contents = session.contents(try await session.read(ParameterLayout.StateName.weights))
    try CheckpointWriter.write(contents.tensors(), files: contents.files(), to: directory)
  }

  /// Brings a checkpoint's moments to a session that was made with its weights.
  ///
  /// - Throws: `CheckpointError`, `BertError.tensorShape` for moments of another model; the device's error.
  static func restoreMoments(of session: TrainingSession, from directory: String) async throws {
    let file = try SafetensorsFile(path: directory + "/" + optimizerFile)
    for (prefix, state) in [
      ("exp_avg.", ParameterLayout.StateName.firstMoments), ("exp_avg_sq.", ParameterLayout.StateName.secondMoments),
    ] {
      var elements = [Float](repeating: 0, count: session.layout.elementCount)
      let starts = session.layout.partStarts
      for part in session.layout.places.flatMap(\.parameter.parts) {
        guard let start = starts[part.key] else { throw GraphError.unknownParameter(part.key) }
        let name = prefix + part.key
        guard let info = file.tensor(named: name) else {
          throw CheckpointError.noSuchTensor(file: file.path, tensor: name)
        }
        guard info.shape == part.shape else {
          throw BertError.tensorShape(path: file.path, tensor: name, found: info.shape, wanted: part.shape)
        }
        try elements.withUnsafeMutableBufferPointer { buffer in
          let place = UnsafeMutableBufferPointer(rebasing: buffer[start..<(start + part.elementCount)])
          try file.readFloat32(name, into: place)
        }
      }
      try await session.write(elements, to: state)
    }
  }

  /// The directory that `--resume-from` means: a checkpoint, or the newest one in an output directory.
  ///
  /// - Throws: `TrainingError.noCheckpoint`.
  public static func find(_ path: String) throws(TrainingError) -> String {
    if BoundedFile.exists(path: path + "/" + TrainingProgress.fileName) { return path }
    guard let newest = all(in: path).last else { throw .noCheckpoint(path: path) }
    return newest
  }

  /// Demands that a checkpoint goes on from a model: that it is there, and has the numbers that decide the shapes of weights.
  ///
  /// - Throws: `TrainingError.anotherModel`; `BertError` for either's config.json.
  public static func check(_ checkpoint: String, continues model: String) throws {
    let (own, wanted) = (try BertConfig.fromPretrained(checkpoint), try BertConfig.fromPretrained(model))
    for (found, other) in zip(own.architectureNumbers, wanted.architectureNumbers) where found.value != other.value {
      throw TrainingError.anotherModel(
        model: model, checkpoint: checkpoint, field: found.field, was: found.value, is: other.value)
    }
  }

  /// Directories `checkpoint-N` that training can go on from, the oldest first.
  public static func all(in output: String) -> [String] {
    CheckpointWriter.entries(of: output).compactMap { name -> (step: Int, path: String)? in
      guard name.hasPrefix(prefix), let step = Int(name.dropFirst(prefix.count)) else { return nil }
      let path = output + "/" + name
      return BoundedFile.exists(path: path + "/" + TrainingProgress.fileName) ? (step, path) : nil
    }.sorted { $0.step < $1.step }.map(\.path)
  }

  private static let prefix = "checkpoint-"

  static func directory(step: Int, in output: String) -> String { "\(output)/\(prefix)\(step)" }

  /// Demands that a new training takes the place of nothing in an output directory: neither of the model that it begins
  /// with, nor of another one, nor of another training's checkpoints and best model. The result of a training that is done
  /// (`metrics.jsonl` beside it) may be written over by the next one.
  ///
  /// - Throws: `TrainingError.outputIsModel`, `.outputHoldsModel`, `.outputInUse`.
  public static func checkUnused(_ output: String, model: String) throws(TrainingError) {
    guard !areSame(output, model) else { throw .outputIsModel(path: output) }
    if let kept = leftovers(in: output).last { throw .outputInUse(path: output, checkpoint: kept) }
    guard !BoundedFile.exists(path: output + "/" + Trainer.metricsName) else { return }
    let names = CheckpointWriter.entries(of: output).filter { $0 == "config.json" || CheckpointWriter.isWeights($0) }
    if let name = names.min() { throw .outputHoldsModel(path: output, file: name) }
  }

  /// Whether two paths lead to one directory; not so where there is none.
  private static func areSame(_ one: String, _ other: String) -> Bool {
    var (first, second) = (stat(), stat())
    guard stat(one, &first) == 0, stat(other, &second) == 0 else { return false }
    return first.st_dev == second.st_dev && first.st_ino == second.st_ino
  }

  /// Removes what another training has left in an output directory.
  ///
  /// - Throws: `CheckpointError` where it cannot be removed.
  public static func clear(_ output: String) throws(CheckpointError) {
    for path in leftovers(in: output) { try CheckpointWriter.remove(path) }
    CheckpointWriter.sweepRemovals(in: output)
  }

  private static func leftovers(in output: String) -> [String] {
    let best = best(in: output)
    return (BoundedFile.exists(path: best + "/config.json") ? [best] : []) + all(in: output)
  }

  /// The folder of the model with the best evaluation, which is there after the first one.
  public static func best(in output: String) -> String { output + "/best" }

  /// Removes checkpoints of steps that a resumed run takes again.
  ///
  /// - Returns: what was removed.
  static func removeAll(after step: Int, in output: String) throws(CheckpointError) -> [String] {
    var removed: [String] = []
    for path in all(in: output) {
      guard let name = path.split(separator: "/").last, let own = Int(name.dropFirst(prefix.count)), own > step else {
        continue
      }
      try CheckpointWriter.remove(path)
      removed.append(path)
    }
    return removed
  }
}

extension BertConfig {
  /// What decides the shapes of an encoder's weights, by the names of config.json.
  fileprivate var architectureNumbers: [(field: String, value: Int)] {
    [
      ("vocab_size", vocabSize), ("hidden_size", hiddenSize), ("num_hidden_layers", numHiddenLayers),
      ("num_attention_heads", numAttentionHeads), ("intermediate_size", intermediateSize),
      ("max_position_embeddings", maxPositionEmbeddings), ("type_vocab_size", typeVocabSize),
    ]
  }
}
