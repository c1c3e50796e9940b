// SPDX-License-Identifier: Apache-2.0
import BERT
import Checkpoints
import Glibc
import StrictJSON
import TestSupport
import Testing

/// A model directory of its own, made from files in memory, that goes when nobody refers to it any more.
final class ModelFolder: Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/swift-bert-model.XXXXXX".utf8CString)
    let made = mkdtemp(&template).map { String(cString: $0) }
    path = try #require(made)
  }

  /// A copy of a golden folder, two levels deep.
  convenience init(golden name: String) throws {
    try self.init()
    for entry in Goldens.folders(name) {
      let inner = Goldens.folders(name + "/" + entry)
      for file in inner { try copy("\(entry)/\(file)", from: Goldens.path(name)) }
      if inner.isEmpty { try copy(entry, from: Goldens.path(name)) }
    }
  }

  private func copy(_ name: String, from folder: String) throws {
    try write(name, BoundedFile.read(path: "\(folder)/\(name)", limit: 1 << 24))
  }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    if let slash = name.lastIndex(of: "/") { mkdir(path + "/" + name[..<slash], 0o700) }
    let file = fopen(path + "/" + name, "w")
    let opened = try #require(file)
    let written = fwrite(bytes, 1, bytes.count, opened)
    fclose(opened)
    try #require(written == bytes.count)
  }

  func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

  func bytes(_ name: String) throws -> [UInt8] { try BoundedFile.read(path: path + "/" + name, limit: 1 << 28) }

  func remove(_ name: String) throws {
    let target = path + "/" + name
    try #require(unlink(target) == 0 || rmdir(target) == 0)
  }

  /// Puts a directory where a file was.
  func replaceByDirectory(_ name: String) throws {
    try remove(name)
    let made = mkdir(path + "/" + name, 0o700)
    try #require(made == 0)
  }

  /// Sets fields of a JSON file, each to a piece of JSON text; those set to nil go.
  func set(_ name: String, _ fields: [String: String?]) throws {
    let object = try #require(JSON.parse(bytes(name)).objectValue)
    var pairs = object.filter { !fields.keys.contains($0.0) }.map { "\"\($0.0)\": \($0.1.serialized())" }
    for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
      if let value { pairs.append("\"\(key)\": \(value)") }
    }
    try write(name, "{" + pairs.joined(separator: ",\n") + "}")
  }

  /// A tensor file's tensors, as float32.
  func tensors(_ name: String = "model.safetensors") throws -> [String: (shape: [Int], elements: [Float])] {
    let file = try SafetensorsFile(path: path + "/" + name)
    var tensors: [String: (shape: [Int], elements: [Float])] = [:]
    for tensor in file.tensorNames {
      tensors[tensor] = (try #require(file.tensor(named: tensor)).shape, try file.readFloat32(tensor))
    }
    return tensors
  }

  func writeTensors(
    _ tensors: [String: (shape: [Int], elements: [Float])], _ name: String = "model.safetensors"
  ) throws {
    try SafetensorsWriter.write(
      tensors.map { OutgoingTensor(name: $0.key, shape: $0.value.shape, $0.value.elements) }, to: path + "/" + name)
  }

  deinit { removeTree(path) }
}

private func removeTree(_ path: String) {
  if unlink(path) == 0 { return }
  if let listing = opendir(path) {
    while let entry = readdir(listing) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name != ".", name != ".." { removeTree(path + "/" + name) }
    }
    closedir(listing)
  }
  rmdir(path)
}

/// Sizes of a model with random weights.
struct RandomModel: Sendable, CustomStringConvertible {
  var hidden = 60
  var heads = 5
  var intermediate = 37
  var layers = 2
  var positions = 64

  var description: String { "hidden \(hidden), \(heads) heads, intermediate \(intermediate), \(layers) layers" }

  static let vocabulary =
    ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    + (0..<26).flatMap { letter -> [String] in
      let name = String(UnicodeScalar(UInt8(97 + letter)))
      return [name, "##" + name]
    }

  /// A sentence encoder's folder: the weights are of a size that keeps every layer's output lively.
  func folder(seed: UInt64 = 1) throws -> ModelFolder {
    let folder = try ModelFolder()
    let vocabulary = Self.vocabulary
    try folder.write(
      "config.json",
      """
      {"model_type": "bert", "vocab_size": \(vocabulary.count), "hidden_size": \(hidden), "num_hidden_layers": \(layers),
       "num_attention_heads": \(heads), "intermediate_size": \(intermediate), "hidden_act": "gelu",
       "max_position_embeddings": \(positions), "type_vocab_size": 2, "layer_norm_eps": 1e-12}
      """)
    try folder.write("vocab.txt", vocabulary.joined(separator: "\n") + "\n")
    try folder.write(
      "modules.json",
      """
      [{"type": "sentence_transformers.models.Transformer", "path": ""},
       {"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"},
       {"type": "sentence_transformers.models.Normalize", "path": "2_Normalize"}]
      """)
    try folder.write("1_Pooling/config.json", "{\"pooling_mode_mean_tokens\": true}")
    var generator = SeededGenerator(seed: seed)
    var tensors: [String: (shape: [Int], elements: [Float])] = [:]
    func add(_ name: String, _ shape: [Int]) {
      let deviation = shape.count == 2 ? 1 / Double(shape[1]).squareRoot() : 0.1
      var elements = normal(shape.reduce(1, *), &generator, deviation: deviation)
      if name.hasSuffix("LayerNorm.weight") { elements = elements.map { $0 + 1 } }
      tensors[name] = (shape, elements)
    }
    add("embeddings.word_embeddings.weight", [vocabulary.count, hidden])
    add("embeddings.position_embeddings.weight", [positions, hidden])
    add("embeddings.token_type_embeddings.weight", [2, hidden])
    var norms = ["embeddings.LayerNorm"]
    for layer in (0..<layers).map({ "encoder.layer.\($0)." }) {
      norms += [layer + "attention.output.LayerNorm", layer + "output.LayerNorm"]
      let dense = [("attention.self.query", hidden, hidden), ("attention.self.key", hidden, hidden)]
      for (name, rows, columns) in dense + [
        ("attention.self.value", hidden, hidden), ("attention.output.dense", hidden, hidden),
        ("intermediate.dense", intermediate, hidden), ("output.dense", hidden, intermediate),
      ] {
        add(layer + name + ".weight", [rows, columns])
        add(layer + name + ".bias", [rows])
      }
    }
    for norm in norms {
      add(norm + ".weight", [hidden])
      add(norm + ".bias", [hidden])
    }
    try folder.writeTensors(tensors)
    return folder
  }

  /// Texts of words from the vocabulary, of 0 to `longest` letters.
  static func texts(_ count: Int, longest: Int, seed: UInt64 = 7) -> [String] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in
      let letters = Int.random(in: 0...longest, using: &generator)
      return String(
        (0..<letters).map { _ in
          Character(
            UnicodeScalar(
              UInt8.random(in: 0..<8, using: &generator) == 0 ? 32 : .random(in: 97...122, using: &generator)))
        })
    }
  }
}

/// The bit patterns of vectors: equality that tells -0 from 0 and holds for NaN.
func bits(_ vectors: [[Float]]) -> [[UInt32]] { vectors.map { $0.map(\.bitPattern) } }

/// The error that `body` throws, or nil.
func thrown(_ body: () async throws -> Void) async -> (any Error)? {
  do { try await body() } catch { return error }
  return nil
}
