// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import ComputeGraph

extension BertNetwork {
  /// Saves a directory that Hugging Face's `from_pretrained` loads: safetensors in F32, config.json, and the files
  /// of tokenizer and sentence encoder of the directory that this model came from.
  ///
  /// The directory changes as a whole: killed at any moment, what stands there is the old checkpoint or the new one. Keys
  /// are Hugging Face's (`bert.` in front where there is a head); a tied output matrix is saved once. A bare model that has
  /// no pooler is saved without one, which `from_pretrained` says.
  ///
  /// - Parameter maxShardBytes: tensor bytes of one file.
  /// - Throws: `CheckpointError` for what the disk says; what reading the weights throws.
  public func savePretrained(_ directory: String, maxShardBytes: Int = CheckpointWriter.defaultShardBytes) throws {
    let contents = CheckpointContents(
      config: config, form: form, parameters: parameters, carried: carried,
      original: try self.directory.map(CheckpointContents.original),
      companions: try self.directory.map {
        OutgoingFile.copies(of: try CheckpointContents.companionNames(in: $0), in: $0)
      } ?? [])
    try CheckpointWriter.write(
      contents.tensors(), files: contents.files(), maxShardBytes: maxShardBytes, to: directory)
  }
}

extension PretrainedBert {
  /// Saves a checkpoint directory; see `BertNetwork.savePretrained`.
  public func savePretrained(_ directory: String) throws { try network.savePretrained(directory) }
}
