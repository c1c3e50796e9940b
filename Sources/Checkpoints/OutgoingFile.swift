// SPDX-License-Identifier: Apache-2.0

import StrictJSON

/// A file that goes into a checkpoint directory beside the weights.
public struct OutgoingFile {
  /// Where it goes: a name, or a relative path as `1_Pooling/config.json`.
  public let name: String
  let contents: Contents

  enum Contents {
    case bytes([UInt8])
    case copy(String)
    case tensors([OutgoingTensor])
  }

  /// A file with these bytes.
  public init(name: String, bytes: [UInt8]) {
    self.name = name
    contents = .bytes(bytes)
  }

  /// A file with this JSON, indented, with a newline at the end.
  public init(name: String, json: JSON) {
    self.init(name: name, bytes: Array((json.serialized(pretty: true) + "\n").utf8))
  }

  /// A copy of the file at `path`, read when the checkpoint is written.
  public init(name: String, copyOf path: String) {
    self.name = name
    contents = .copy(path)
  }

  /// A safetensors file with these tensors, as `2_Dense/model.safetensors`.
  public init(name: String, tensors: [OutgoingTensor]) {
    self.name = name
    contents = .tensors(tensors)
  }

  /// Copies of those files of a directory that are there, under the same names.
  public static func copies(of names: [String], in directory: String) -> [OutgoingFile] {
    names.compactMap { name in
      let path = joinPath(directory, name)
      return BoundedFile.exists(path: path) ? OutgoingFile(name: name, copyOf: path) : nil
    }
  }

  /// The files that a tokenizer may consist of.
  public static let tokenizerNames = [
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "added_tokens.json",
  ]

  /// What sentence-transformers keeps beside a model; the folders that `modules.json` names come on top.
  public static let sentenceNames = [
    "modules.json", "sentence_bert_config.json", "config_sentence_transformers.json",
  ]
}
