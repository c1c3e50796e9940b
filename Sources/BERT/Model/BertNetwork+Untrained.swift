// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import ComputeGraph

extension BertNetwork {
  /// Writes a checkpoint directory for a configuration, with weights that have not been trained: those of `untrained`.
  ///
  /// They go from the generator to the disk: neither a device nor memory for a model is needed. Whatever files of a
  /// tokenizer lie beside the configuration are copied.
  ///
  /// - Parameters:
  ///   - configuration: a directory with `config.json`.
  ///   - directory: where to; as `savePretrained` writes it.
  ///   - head: nil for the one that `architectures` in config.json names.
  ///   - seed: the same seed gives the same weights.
  /// - Returns: elements of all weights.
  /// - Throws: `BertError` for the configuration, `CheckpointError` for what the disk says.
  @discardableResult
  public static func saveUntrained(
    _ configuration: String, to directory: String, head: BertHead? = nil, seed: UInt64 = 0
  ) throws -> Int {
    let config = try BertConfig.fromPretrained(configuration)
    let head = try head ?? BertNetwork.head(of: config, configuration)
    let form = ModelForm(config, head, hasPooler: true, tiesDecoder: config.tieWordEmbeddings)
    let contents = CheckpointContents(
      config: config, form: form, parameters: InitialParameters(config: config, seed: seed),
      carried: form.unusedParts, original: try CheckpointContents.original(in: configuration),
      companions: OutgoingFile.copies(of: try CheckpointContents.companionNames(in: configuration), in: configuration))
    let tensors = try contents.tensors()
    try CheckpointWriter.write(
      tensors, files: contents.files(), maxShardBytes: CheckpointWriter.defaultShardBytes, to: directory)
    return tensors.reduce(0) { $0 + $1.shape.reduce(1, *) }
  }
}
