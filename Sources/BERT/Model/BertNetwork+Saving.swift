// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import ComputeGraph
import StrictJSON

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
    let parameters = parameters
    var tensors = (graph.parameters.flatMap(\.parameter.parts) + carried).map { part in
      OutgoingTensor(name: savedKey(part.key), shape: part.shape) { start, buffer in
        try parameters.read(part, from: start, into: buffer)
      }
    }
    for part in form.unusedParts where !carried.contains(part) {
      tensors.append(
        OutgoingTensor(name: savedKey(part.key), shape: part.shape) { _, buffer in buffer.update(repeating: 0) })
    }
    var config = config
    config.architectures = [head.architecture]
    config.tieWordEmbeddings = head.isLanguageModel ? tiesDecoder : config.tieWordEmbeddings
    let original = try self.directory.map { try JSONFields.read($0 + "/config.json").object }
    var files = [OutgoingFile(name: "config.json", json: .object(config.json(over: original ?? JSONObject())))]
    if let source = self.directory { files += try BertNetwork.companions(in: source) }
    try CheckpointWriter.write(tensors, files: files, maxShardBytes: maxShardBytes, to: directory)
  }

  /// What belongs to a checkpoint beside weights and configuration: the tokenizer, defaults of generation, and what makes
  /// a sentence encoder of it, module folders included.
  private static func companions(in directory: String) throws -> [OutgoingFile] {
    var names = OutgoingFile.tokenizerNames + ["generation_config.json"]
    let modules = directory + "/modules.json"
    if BoundedFile.exists(path: modules) {
      names += OutgoingFile.sentenceNames
      for module in try JSONFields.parse(modules).arrayValue ?? [] {
        guard let folder = module["path"]?.stringValue, !folder.isEmpty else { continue }
        names += ["config.json", "model.safetensors", "pytorch_model.bin"].map { "\(folder)/\($0)" }
      }
    }
    return OutgoingFile.copies(of: names, in: directory)
  }

  /// The key of a tensor in Hugging Face's model.
  private func savedKey(_ key: String) -> String {
    let isOfEncoder = ["embeddings.", "encoder.", "pooler."].contains { key.hasPrefix($0) }
    return head != .none && isOfEncoder ? "bert." + key : key
  }
}

extension PretrainedBert {
  /// Saves a checkpoint directory; see `BertNetwork.savePretrained`.
  public func savePretrained(_ directory: String) throws { try network.savePretrained(directory) }
}
