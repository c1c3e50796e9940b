// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import ComputeGraph
import StrictJSON

/// A model before it is trained: configuration, head, and where its weights come from. Nothing is on a device yet.
public struct TrainableModel: Sendable {
  public let config: BertConfig
  public let head: BertHead
  /// Checkpoint keys of weights that the checkpoint lacks and that were drawn (normal, `initializer_range`, seeded): a head
  /// on a bare encoder.
  public let initializedTensors: [String]
  let form: ModelForm
  let parameters: any ParameterSource
  let carried: [Graph.Parameter.Part]
  /// `config.json` as it was, and the files that go with the weights: read now, because a training may outlive the
  /// checkpoint that it began with.
  let original: JSONObject?
  let companions: [CompanionFile]

  /// A file of a checkpoint, in memory.
  struct CompanionFile: Sendable {
    let name: String
    let bytes: [UInt8]
  }

  /// A checkpoint to go on training.
  ///
  /// - Parameters:
  ///   - head: nil for the one that `architectures` in config.json names.
  ///   - configure: changes the configuration before it is used: labels and their number, dropout.
  ///   - seed: of the weights that are drawn where the head is new, as Hugging Face's `from_pretrained` draws them.
  /// - Throws: `BertError` or `CheckpointError` for the files.
  public static func fromPretrained(
    _ directory: String, head: BertHead? = nil, seed: UInt64 = 42,
    configure: (inout BertConfig) throws -> Void = { _ in }
  ) throws -> TrainableModel {
    var config = try BertConfig.fromPretrained(directory)
    let head = try head ?? BertNetwork.head(of: config, directory)
    try configure(&config)
    let checkpoint = try Checkpoint(directory: directory)
    let form = ModelForm(config, head, checkpoint)
    do {
      let parameters = try form.parameters(in: checkpoint, directory)
      return TrainableModel(
        config: config, head: head, initializedTensors: [], form: form, parameters: parameters,
        carried: parameters.carried, original: try CheckpointContents.original(in: directory),
        companions: try companions(in: directory))
    } catch BertError.missingHead(_, _, let names) {
      let missing = Set(names)
      let hasPooler = CheckpointParameters.has("pooler.dense.weight", in: checkpoint)
      let bare = ModelForm(config, .none, hasPooler: head.isPooled && hasPooler, tiesDecoder: true)
      let base = try CheckpointParameters(bare.graph(), checkpoint, directory: directory, carrying: form.unusedParts)
      let drawn = InitialParameters(config: config, seed: seed)
      return TrainableModel(
        config: config, head: head, initializedTensors: names, form: form,
        parameters: CompletedParameters(base: base, drawn: drawn, missing: missing), carried: base.carried,
        original: try CheckpointContents.original(in: directory), companions: try companions(in: directory))
    }
  }

  private static func companions(in directory: String) throws -> [CompanionFile] {
    func read(_ name: String) throws(BertError) -> CompanionFile {
      do {
        return CompanionFile(name: name, bytes: try BoundedFile.read(path: directory + "/" + name, limit: 1 << 30))
      } catch {
        throw .file(error)
      }
    }
    return try CheckpointContents.companionNames(in: directory).map(read)
  }

  /// Whether a checkpoint has the weights of a head.
  ///
  /// - Throws: `BertError` or `CheckpointError` for the files.
  static func hasHead(_ directory: String, _ head: BertHead) throws -> Bool {
    let checkpoint = try Checkpoint(directory: directory)
    let form = ModelForm(try BertConfig.fromPretrained(directory), head, checkpoint)
    do {
      _ = try form.parameters(in: checkpoint, directory)
      return true
    } catch BertError.missingHead {
      return false
    }
  }

  /// A model of a configuration with weights drawn from a seed, for pre-training.
  ///
  /// - Parameter tokenizerDirectory: a directory whose tokenizer, and whose configuration's other fields, are saved with the
  ///   model.
  /// - Throws: `BertError` for that directory's files.
  public static func untrained(
    _ config: BertConfig, head: BertHead, seed: UInt64 = 42, tokenizerDirectory: String? = nil
  ) throws -> TrainableModel {
    let form = ModelForm(config, head, hasPooler: true, tiesDecoder: config.tieWordEmbeddings)
    return TrainableModel(
      config: config, head: head, initializedTensors: [], form: form,
      parameters: InitialParameters(config: config, seed: seed), carried: [],
      original: try tokenizerDirectory.map(CheckpointContents.original),
      companions: try tokenizerDirectory.map(companions) ?? [])
  }

  /// Elements of all weights that are trained.
  public func parameterCount() throws -> Int {
    try form.graph().parameters.reduce(0) { $0 + $1.parameter.elementCount }
  }
}
