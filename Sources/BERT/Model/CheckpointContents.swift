// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import ComputeGraph
import StrictJSON

/// What a model's checkpoint consists of, whether its weights lie in a file or in training.
struct CheckpointContents: Sendable {
  var config: BertConfig
  let form: ModelForm
  let parameters: any ParameterSource
  /// Tensors that nothing computes with and a save writes all the same.
  let carried: [Graph.Parameter.Part]
  /// The checkpoint that the model came from, for the files that go with the weights.
  let directory: String?

  /// Keys are Hugging Face's (`bert.` in front where there is a head); a tied output matrix is there once.
  func tensors() throws -> [OutgoingTensor] {
    let parameters = parameters
    var tensors = (try form.graph().parameters.flatMap(\.parameter.parts) + carried).map { part in
      OutgoingTensor(name: savedKey(part.key), shape: part.shape) { start, buffer in
        try parameters.read(part, from: start, into: buffer)
      }
    }
    for part in form.unusedParts where !carried.contains(part) {
      tensors.append(
        OutgoingTensor(name: savedKey(part.key), shape: part.shape) { _, buffer in buffer.update(repeating: 0) })
    }
    return tensors
  }

  /// `config.json`, and the files of tokenizer and sentence encoder of the directory that the model came from.
  func files() throws -> [OutgoingFile] {
    var config = config
    config.architectures = [form.head.architecture]
    config.tieWordEmbeddings = form.head.isLanguageModel ? form.tiesDecoder : config.tieWordEmbeddings
    let original = try directory.map { try JSONFields.read($0 + "/config.json").object }
    let json = OutgoingFile(name: "config.json", json: .object(config.json(over: original ?? JSONObject())))
    return [json] + (try directory.map(CheckpointContents.companions) ?? [])
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
    return form.head != .none && isOfEncoder ? "bert." + key : key
  }
}
