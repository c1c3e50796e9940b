// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

// Changes to a model's weights. Each gives a new network with the changed weights on the device; the old one stays as it
// is, for whoever still uses it, and goes with its last reference.
extension BertNetwork {
  /// Without some attention heads: the matrices of query, key, value and attention output shrink.
  ///
  /// Heads are numbered as before any pruning, as in Hugging Face's `prune_heads`; those that are gone already are passed
  /// over.
  ///
  /// - Parameter heads: heads to remove, by layer.
  /// - Throws: `BertError.badArgument` for a layer or head that is not there, or a layer that would be left without any;
  ///   what loading throws.
  public func pruningHeads(_ heads: [Int: [Int]]) async throws -> BertNetwork {
    var config = config
    var edits: [String: EditedParameters.Edit] = [:]
    for (layer, numbers) in heads.sorted(by: { $0.key < $1.key }) {
      guard (0..<config.numHiddenLayers).contains(layer) else {
        throw BertError.badArgument("heads_to_prune", "names layer \(layer) of \(config.numHiddenLayers)")
      }
      if let wrong = numbers.first(where: { !(0..<config.numAttentionHeads).contains($0) }) {
        throw BertError.badArgument(
          "heads_to_prune", "names head \(wrong) of layer \(layer), which has \(config.numAttentionHeads)")
      }
      let before = config.prunedHeads[layer] ?? []
      let after = Set(before).union(numbers).sorted()
      guard after.count < config.numAttentionHeads else {
        throw BertError.badArgument("heads_to_prune", "leaves layer \(layer) without a head")
      }
      guard after.count > before.count else { continue }
      config.prunedHeads[layer] = after
      // Columns of the heads that stay, in the matrices as they are now.
      let size = config.headSize
      let present = (0..<config.numAttentionHeads).filter { !before.contains($0) }
      let kept = present.enumerated().filter { !after.contains($0.element) }.flatMap { index, _ in
        (index * size)..<((index + 1) * size)
      }
      let width = present.count * size
      let prefix = "encoder.layer.\(layer).attention."
      for name in ["query", "key", "value"] {
        edits["\(prefix)self.\(name).weight"] = .rows(kept, of: width)
        edits["\(prefix)self.\(name).bias"] = .rows(kept, of: width)
      }
      edits[prefix + "output.dense.weight"] = .columns(kept, of: width)
    }
    return try await edited(config, edits)
  }

  /// The word embeddings, `[V, H]`.
  ///
  /// - Throws: what reading the checkpoint throws.
  public func inputEmbeddings() throws -> Tensor {
    let part = Graph.Parameter.Part(BertNetwork.wordEmbeddings, [config.vocabSize, config.hiddenSize])
    var elements = [Float](repeating: 0, count: part.elementCount)
    try elements.withUnsafeMutableBufferPointer { try parameters.read(part, from: 0, into: $0) }
    return try Tensor(.float32(elements), shape: part.shape)
  }

  /// With other word embeddings, and with them another output matrix where that is tied to them.
  ///
  /// - Parameter embeddings: `[V, H]`, V as now; see `resizingTokenEmbeddings` for another.
  /// - Throws: `BertError.badArgument` for another shape or for numbers that are not finite; what loading throws.
  public func settingInputEmbeddings(_ embeddings: Tensor) async throws -> BertNetwork {
    let wanted = [config.vocabSize, config.hiddenSize]
    guard embeddings.shape == wanted else {
      throw BertError.badArgument("embeddings", "has the shape \(embeddings.shape), wanted \(wanted)")
    }
    let elements = embeddings.floats
    if let index = elements.firstIndex(where: { !$0.isFinite }) {
      throw BertError.badArgument("embeddings", "has \(elements[index]) at index \(index)")
    }
    return try await edited(config, [BertNetwork.wordEmbeddings: .replaced(elements)])
  }

  /// With more or fewer words: rows are cut off, or drawn from a normal distribution of the configuration's
  /// `initializer_range`. A language model's output matrix and bias follow (new biases are 0), as in Hugging Face's
  /// `resize_token_embeddings`.
  ///
  /// - Parameters:
  ///   - count: V from now on.
  ///   - seed: the same seed gives the same new rows.
  /// - Throws: `BertError.badArgument` for a count below 1 or beyond what a configuration may say; what loading throws.
  public func resizingTokenEmbeddings(to count: Int, seed: UInt64 = 0) async throws -> BertNetwork {
    guard (1...(1 << 26)).contains(count), count > config.padTokenId else {
      throw BertError.badArgument(
        "new_num_tokens", "is \(count); it must be above the padding token's id, \(config.padTokenId)")
    }
    var changed = config
    changed.vocabSize = count
    var generator = NormalGenerator(seed: seed)
    func edit(width: Int, isBias: Bool) -> EditedParameters.Edit {
      guard count > config.vocabSize else { return .rows(Array(0..<count), of: config.vocabSize) }
      let new = (count - config.vocabSize) * width
      let deviation = isBias ? 0 : config.initializerRange
      return .extended(from: config.vocabSize, by: (0..<new).map { _ in Float(generator.next() * deviation) })
    }
    var edits = [BertNetwork.wordEmbeddings: edit(width: config.hiddenSize, isBias: false)]
    if head.isLanguageModel {
      edits["cls.predictions.bias"] = edit(width: 1, isBias: true)
      if !tiesDecoder { edits["cls.predictions.decoder.weight"] = edit(width: config.hiddenSize, isBias: false) }
    }
    return try await edited(changed, edits)
  }

  private static let wordEmbeddings = "embeddings.word_embeddings.weight"

  private func edited(_ config: BertConfig, _ edits: [String: EditedParameters.Edit]) async throws -> BertNetwork {
    let form = ModelForm(config, head, hasPooler: hasPooler, tiesDecoder: tiesDecoder)
    return try await BertNetwork(
      config, form, engine, EditedParameters(base: parameters, edits: edits), ignored: ignoredTensors,
      directory: directory)
  }
}

extension PretrainedBert {
  /// Without some attention heads; see `BertNetwork.pruningHeads`.
  public func pruningHeads(_ heads: [Int: [Int]]) async throws -> Self {
    Self(network: try await network.pruningHeads(heads))
  }

  /// The word embeddings, `[V, H]`.
  public func inputEmbeddings() throws -> Tensor { try network.inputEmbeddings() }

  /// With other word embeddings; see `BertNetwork.settingInputEmbeddings`.
  public func settingInputEmbeddings(_ embeddings: Tensor) async throws -> Self {
    Self(network: try await network.settingInputEmbeddings(embeddings))
  }

  /// With more or fewer words; see `BertNetwork.resizingTokenEmbeddings`.
  public func resizingTokenEmbeddings(to count: Int, seed: UInt64 = 0) async throws -> Self {
    Self(network: try await network.resizingTokenEmbeddings(to: count, seed: seed))
  }
}
