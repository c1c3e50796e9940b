// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import StrictJSON

/// What can go wrong between a model directory or a call's arguments and a run.
public enum BertError: Error, Equatable, CustomStringConvertible {
  /// A file that cannot be read.
  case file(FileError)
  /// A directory without config.json, or no directory at all.
  case noCheckpoint(path: String)
  case json(path: String, JSONError)
  case badConfig(path: String, field: String, String)
  /// Weights that the model needs and the checkpoint lacks.
  case missingTensors(path: String, [String])
  /// A checkpoint with an encoder's weights and none for the head that was asked for.
  case missingHead(path: String, head: BertHead, [String])
  case tensorShape(path: String, tensor: String, found: [Int], wanted: [Int])
  /// A weight that is infinite or no number.
  case notFinite(path: String, tensor: String, element: Int)
  case badModules(path: String, String)
  case vocabularyMismatch(tokenizer: Int, embeddings: Int)
  /// An argument of a forward call: its name and what is wrong with it.
  case badArgument(String, String)
  /// A tensor in a file of arguments.
  case badTensor(file: String, tensor: String, String)
  case sequenceTooLong(index: Int, tokens: Int, limit: Int)
  case badDevice(String)
  /// A prompt and the tokens that are to follow it: all but the last are read, and the model takes `limit`.
  case noRoom(prompt: Int, tokens: Int, new: Int, limit: Int)
  /// config.json names a model that is none of Hugging Face's BERT.
  case unknownArchitecture(path: String, String)

  public var description: String {
    switch self {
    case .file(let error): return "\(error)"
    case .noCheckpoint(let path):
      return
        "\(path): no such file; a model is a directory as huggingface-cli download makes it (nothing is downloaded)"
    case .json(let path, let error): return "\(path): \(error)"
    case .badConfig(let path, let field, let what):
      return field.isEmpty ? "\(path) \(what)" : "\(path): \(field) \(what)"
    case .missingTensors(let path, let names):
      let shown = names.prefix(8).joined(separator: ", ") + (names.count > 8 ? ", ..." : "")
      return "\(path) lacks \(names.count) tensors that the model needs: \(shown)"
    case .missingHead(let path, let head, let names):
      return "\(path) has no weights for the head of \(head.architecture) (\(names.joined(separator: ", "))); "
        + "it is a bare encoder (task \(BertHead.none.rawValue)) or was made for another task"
    case .tensorShape(let path, let tensor, let found, let wanted):
      return "\(path): tensor \(tensor) has shape \(found), but config.json wants \(wanted)"
    case .notFinite(let path, let tensor, let element):
      return "\(path): element \(element) of tensor \(tensor) is not a finite number"
    case .badModules(let path, let what): return "\(path): \(what)"
    case .vocabularyMismatch(let tokenizer, let embeddings):
      return "the tokenizer makes ids up to \(tokenizer - 1), but the word embeddings have \(embeddings) rows"
    case .badArgument(let name, let what): return "\(name) \(what)"
    case .badTensor(let file, let tensor, let what): return "\(file): tensor \(tensor) \(what)"
    case .sequenceTooLong(let index, let tokens, let limit):
      return
        "sequence \(index) has \(tokens) tokens, the model takes \(limit); shorten it"
    case .unknownArchitecture(let path, let name):
      return "\(path): architectures names \(name), which is no BERT model with a known head; say which task to run"
    case .noRoom(let prompt, let tokens, let new, let limit):
      return
        "prompt \(prompt) has \(tokens) tokens, and the model takes \(limit): there is room for "
        + "\(max(limit - tokens + 1, 0)) new tokens (max_new_tokens), not \(new)"
    case .badDevice(let text):
      return "no such device: \(text); use auto, cpu, opencl or opencl:PLATFORM:DEVICE (`bert devices` lists them)"
    }
  }
}
