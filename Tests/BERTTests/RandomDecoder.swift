// SPDX-License-Identifier: Apache-2.0
import BERT
import ComputeGraph
import TestSupport
import Testing

extension RandomModel {
  /// What a folder has beyond a sentence encoder's.
  struct Extras: Sendable, CustomStringConvertible {
    var isDecoder = false
    var hasCrossAttention = false
    var hasLanguageModel = true
    var positionType = "absolute"
    var chunk = 0

    static let decoder = Extras(isDecoder: true)
    static let crossDecoder = Extras(isDecoder: true, hasCrossAttention: true)

    var description: String {
      let parts = [isDecoder ? "decoder" : "encoder", hasCrossAttention ? "cross" : "", positionType, "chunk \(chunk)"]
      return parts.filter { !$0.isEmpty }.joined(separator: ", ")
    }
  }

  /// The folder of a model that is no sentence encoder: random weights of the same sizes.
  func folder(_ extras: Extras, seed: UInt64 = 1) throws -> ModelFolder {
    let folder = try self.folder(seed: seed)
    for name in ["modules.json", "1_Pooling/config.json", "1_Pooling"] { try folder.remove(name) }
    let architecture = !extras.hasLanguageModel ? "BertModel" : extras.isDecoder ? "BertLMHeadModel" : "BertForMaskedLM"
    try folder.set(
      "config.json",
      [
        "is_decoder": "\(extras.isDecoder)", "add_cross_attention": "\(extras.hasCrossAttention)",
        "position_embedding_type": "\"\(extras.positionType)\"", "chunk_size_feed_forward": "\(extras.chunk)",
        "architectures": "[\"\(architecture)\"]",
      ])
    var tensors = try folder.tensors()
    var generator = SeededGenerator(seed: seed + 1000)
    func add(_ name: String, _ shape: [Int], around middle: Float = 0) {
      let deviation = shape.count == 2 ? 1 / Double(shape[1]).squareRoot() : 0.1
      tensors[name] = (shape, normal(shape.reduce(1, *), &generator, deviation: deviation).map { $0 + middle })
    }
    func addDense(_ name: String) {
      add(name + ".weight", [hidden, hidden])
      add(name + ".bias", [hidden])
    }
    func addNorm(_ name: String) {
      add(name + ".weight", [hidden], around: 1)
      add(name + ".bias", [hidden])
    }
    for layer in (0..<layers).map({ "encoder.layer.\($0)." }) {
      if extras.positionType != "absolute" {
        add(layer + "attention.self.distance_embedding.weight", [2 * positions - 1, hidden / heads])
      }
      guard extras.hasCrossAttention else { continue }
      for name in ["self.query", "self.key", "self.value", "output.dense"] {
        addDense(layer + "crossattention." + name)
      }
      addNorm(layer + "crossattention.output.LayerNorm")
    }
    if extras.hasLanguageModel {
      addDense("cls.predictions.transform.dense")
      addNorm("cls.predictions.transform.LayerNorm")
      add("cls.predictions.bias", [RandomModel.vocabulary.count])
    }
    try folder.writeTensors(tensors)
    return folder
  }

  /// Token ids of `RandomModel.vocabulary`.
  static func ids(_ count: Int, seed: UInt64) -> [Int32] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in Int32.random(in: 1..<Int32(vocabulary.count), using: &generator) }
  }

  /// Encoder states `[sequences, tokens, hidden]`.
  func states(_ sequences: Int, _ tokens: Int, seed: UInt64) throws -> Tensor {
    var generator = SeededGenerator(seed: seed)
    return try Tensor(
      .float32(normal(sequences * tokens * hidden, &generator)), shape: [sequences, tokens, hidden])
  }
}

extension ModelOutput {
  /// Every output's bits, in order.
  var bits: [[UInt32]] { entries.map { $0.tensor.floats.map(\.bitPattern) } }
}

extension KeyValueCache {
  /// What it holds, bit by bit.
  func bits(for config: BertConfig) async throws -> [[UInt32]] {
    try await pastKeyValues(for: config).flatMap { [$0.key, $0.value, $0.crossKey, $0.crossValue] }
      .map { ($0?.floats ?? []).map(\.bitPattern) }
  }
}
