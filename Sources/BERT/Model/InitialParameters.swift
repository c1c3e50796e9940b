// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// The weights of a model that has not been trained: drawn from a normal distribution, biases 0, LayerNorms the identity.
///
/// Each tensor's numbers depend on the seed and its key alone. Source: Hugging Face `BertPreTrainedModel._init_weights`.
struct InitialParameters: ParameterSource {
  let config: BertConfig
  let seed: UInt64

  func read(
    _ part: Graph.Parameter.Part, from start: Int, into destination: UnsafeMutableBufferPointer<Float>
  ) throws {
    fill(part, start, destination) { Float($0) }
  }

  func read(
    _ part: Graph.Parameter.Part, from start: Int, into destination: UnsafeMutableBufferPointer<Double>
  ) throws {
    // What a device in single precision gets, widened: all executors start alike.
    fill(part, start, destination) { Double(Float($0)) }
  }

  private func fill<Element: BinaryFloatingPoint>(
    _ part: Graph.Parameter.Part, _ start: Int, _ destination: UnsafeMutableBufferPointer<Element>,
    _ convert: (Double) -> Element
  ) {
    if part.key.hasSuffix(".bias") { return destination.update(repeating: 0) }
    if part.key.hasSuffix("LayerNorm.weight") { return destination.update(repeating: 1) }
    var generator = NormalGenerator(seed: seed, name: part.key, skipping: start)
    for index in destination.indices {
      destination[index] = convert(generator.next() * config.initializerRange)
    }
    guard part.key.hasSuffix("word_embeddings.weight") else { return }
    let padding = (config.padTokenId * config.hiddenSize)..<((config.padTokenId + 1) * config.hiddenSize)
    for index in padding.clamped(to: start..<(start + destination.count)) { destination[index - start] = 0 }
  }
}

extension BertNetwork {
  /// A model of a configuration with weights that have not been trained, as Hugging Face's `BertModel(config)`.
  ///
  /// - Parameters:
  ///   - seed: the same seed gives the same weights.
  ///   - engine: where to run; the best OpenCL device, or the CPU where there is none, if nil.
  /// - Throws: `GraphError` for sizes that make no graph, `OpenCLError` for the device.
  public static func untrained(
    _ config: BertConfig, head: BertHead, seed: UInt64 = 0, on engine: Engine? = nil
  ) async throws -> BertNetwork {
    let form = ModelForm(config, head, hasPooler: true, tiesDecoder: config.tieWordEmbeddings)
    return try await BertNetwork(
      config, form, try engine ?? Engine.open(), InitialParameters(config: config, seed: seed),
      carried: form.unusedParts, directory: nil)
  }
}
