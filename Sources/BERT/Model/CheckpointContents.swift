// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import ComputeGraph
import StrictJSON

/// What a model's checkpoint consists of, whether its weights lie in a file or in training.
struct CheckpointContents {
  var config: BertConfig
  let form: ModelForm
  let parameters: any ParameterSource
  /// Tensors that nothing computes with and a save writes all the same.
  let carried: [Graph.Parameter.Part]
  /// `config.json` of the checkpoint that the model came from, whose other fields stay.
  let original: JSONObject?
  /// The files that go with the weights: tokenizer, sentence encoder.
  let companions: [OutgoingFile]

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

  /// `config.json`, and the files that go with the weights.
  func files() -> [OutgoingFile] {
    var config = config
    config.architectures = [form.head.architecture]
    config.tieWordEmbeddings = form.head.isLanguageModel ? form.tiesDecoder : config.tieWordEmbeddings
    return [OutgoingFile(name: "config.json", json: .object(config.json(over: original ?? JSONObject())))] + companions
  }

  /// `config.json` of a directory.
  static func original(in directory: String) throws -> JSONObject {
    try JSONFields.read(directory + "/config.json").object
  }

  /// Names of what belongs to a checkpoint beside weights and configuration: the tokenizer, defaults of generation, and what makes
  /// a sentence encoder of it, module folders included.
  static func companionNames(in directory: String) throws -> [String] {
    var names = OutgoingFile.tokenizerNames + ["generation_config.json"]
    let modules = directory + "/modules.json"
    if BoundedFile.exists(path: modules) {
      names += OutgoingFile.sentenceNames
      for module in try JSONFields.parse(modules).arrayValue ?? [] {
        guard let folder = module["path"]?.stringValue, !folder.isEmpty else { continue }
        names += ["config.json", "model.safetensors", "pytorch_model.bin"].map { "\(folder)/\($0)" }
      }
    }
    return names.filter { BoundedFile.exists(path: directory + "/" + $0) }
  }

  /// The key of a tensor in Hugging Face's model.
  private func savedKey(_ key: String) -> String {
    let isOfEncoder = ["embeddings.", "encoder.", "pooler."].contains { key.hasPrefix($0) }
    return form.head != .none && isOfEncoder ? "bert." + key : key
  }
}
