// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import ComputeGraph
import Logging
import Synchronization

/// A model with its weights on a device: the encoder or decoder that a configuration describes, and one head.
///
/// What `BertModel`, `BertForMaskedLM` and the others are handles to. Any number of tasks may call it at once.
public final class BertNetwork: Sendable {
  public let config: BertConfig
  public let head: BertHead
  public let engine: Engine
  /// Tensors of the checkpoint that this model does not use.
  public let ignoredTensors: [String]
  /// Whether there is a pooler; heads that read it always have one.
  public let hasPooler: Bool
  /// Whether the output matrix of a language model is its word embeddings.
  public let tiesDecoder: Bool
  /// Where the weights came from, for changes and for saving.
  let parameters: any ParameterSource
  /// The checkpoint's directory, for the files that go with the weights.
  let directory: String?
  private let loaded: any LoadedGraph
  private let variants = Mutex<[GraphVariant: any LoadedGraph]>([:])

  /// Loads a checkpoint directory.
  ///
  /// - Parameters:
  ///   - head: nil for the one that `architectures` in config.json names.
  ///   - engine: where to run; the best OpenCL device, or the CPU where there is none, if nil.
  /// - Throws: `BertError` or `CheckpointError` for the files, `OpenCLError` for the device.
  public static func fromPretrained(
    _ directory: String, head: BertHead? = nil, on engine: Engine? = nil
  ) async throws -> BertNetwork {
    let engine = try engine ?? Engine.open()
    let config = try BertConfig.fromPretrained(directory)
    let head = try head ?? BertNetwork.head(of: config, directory)
    let checkpoint = try Checkpoint(directory: directory)
    let form = ModelForm(config, head, checkpoint)
    let parameters = try form.parameters(in: checkpoint, directory)
    return try await BertNetwork(
      config, form, engine, parameters, ignored: parameters.ignored, directory: directory)
  }

  /// The head that config.json names.
  ///
  /// - Throws: `BertError.unknownArchitecture`.
  public static func head(of config: BertConfig, _ directory: String) throws(BertError) -> BertHead {
    guard let name = config.architectures.first else { return .none }
    guard let head = BertHead(architecture: name) else {
      throw .unknownArchitecture(path: directory + "/config.json", name)
    }
    return head
  }

  init(
    _ config: BertConfig, _ form: ModelForm, _ engine: Engine, _ parameters: any ParameterSource,
    ignored: [String] = [],
    directory: String?
  ) async throws {
    self.config = config
    head = form.head
    hasPooler = form.hasPooler
    tiesDecoder = form.tiesDecoder
    self.engine = engine
    self.parameters = parameters
    self.directory = directory
    ignoredTensors = ignored
    loaded = try await engine.executor.load(form.graph(), parameters: parameters)
  }

  var form: ModelForm { ModelForm(config, head, hasPooler: hasPooler, tiesDecoder: tiesDecoder) }

  /// The computation, for listings.
  public var graph: Graph { loaded.graph }

  /// Elements of all weights.
  public var parameterCount: Int { graph.parameters.reduce(0) { $0 + $1.parameter.elementCount } }

  /// The form of the graph that a call needs, on this network's weights; made once.
  func loaded(_ variant: GraphVariant) async throws -> any LoadedGraph {
    if let known = variants.withLock({ $0[variant] }) { return known }
    let made = try await loaded.variant(form.graph(variant))
    // Two calls may make one at once; either serves.
    return variants.withLock { table in
      if let known = table[variant] { return known }
      table[variant] = made
      return made
    }
  }

  /// Empty memory for the keys and values of a decoder.
  ///
  /// - Parameters:
  ///   - capacity: tokens that a sequence may have; as many as the model takes, where nil.
  ///   - encoderCapacity: encoder tokens that a sequence may have; with cross attention, as many, where nil.
  /// - Throws: `BertError.badArgument` for a model that is no decoder; the device's error.
  public func makeCache(
    batchSize: Int, capacity: Int? = nil, encoderCapacity: Int? = nil
  ) async throws -> KeyValueCache {
    guard config.isDecoder else {
      throw BertError.badArgument("use_cache", "needs a decoder (is_decoder); this model is an encoder")
    }
    let capacity = min(capacity ?? config.maxPositionEmbeddings, config.maxPositionEmbeddings)
    let encoderCapacity = config.addCrossAttention ? encoderCapacity ?? config.maxPositionEmbeddings : 0
    guard batchSize > 0, capacity > 0, encoderCapacity >= 0 else {
      throw BertError.badArgument("use_cache", "cannot hold \(batchSize) sequences of \(capacity) tokens")
    }
    var variant = GraphVariant()
    variant.usesCache = true
    variant.hasEncoder = config.addCrossAttention
    let state = try await loaded(variant).makeState([
      .cacheRows: batchSize * capacity, .encoderCacheRows: batchSize * encoderCapacity,
    ])
    return KeyValueCache(batchSize: batchSize, capacity: capacity, encoderCapacity: encoderCapacity, state: state)
  }

  /// One forward pass.
  ///
  /// Padding is taken out before and put back after: masked positions are zero in every output. What Hugging Face's code
  /// reads at a masked position (a pooler whose first token is masked, a label there) is computed all the same.
  ///
  /// - Parameter cache: keys and values of the tokens before these, to which those of these are added.
  /// - Throws: `BertError.badArgument` naming an argument that does not fit, `.sequenceTooLong`; the device's error.
  public func forward(
    _ input: BertInput, cache: KeyValueCache? = nil, outputHiddenStates: Bool = false, outputAttentions: Bool = false
  ) async throws -> ModelOutput {
    guard let cache else {
      let call = try ForwardCall(input, config, head, hasPooler: hasPooler, nil)
      return try await run(call, nil, outputHiddenStates, outputAttentions)
    }
    guard config.isDecoder else {
      throw BertError.badArgument("past_key_values", "is given, but the model is no decoder (is_decoder)")
    }
    guard cache.batchSize == input.batchSize else {
      throw BertError.badArgument(
        "past_key_values", "holds \(cache.batchSize) sequences, input_ids has \(input.batchSize)")
    }
    return try await cache.use { contents in
      let call = try ForwardCall(input, config, head, hasPooler: hasPooler, contents)
      let output = try await run(call, cache.state, outputHiddenStates, outputAttentions)
      contents = call.contents(after: contents)
      return output
    }
  }

  private func run(
    _ call: ForwardCall, _ state: (any GraphState)?, _ outputHiddenStates: Bool, _ outputAttentions: Bool
  ) async throws -> ModelOutput {
    var call = call
    call.variant.outputsAttentions = outputAttentions
    let outputs = OutputNames(self, call.variant, hiddenStates: outputHiddenStates, attentions: outputAttentions)
    let results = try await loaded(call.variant).run(call.inputs, outputs: outputs.names, state: state)
    return try outputs.assemble(results, call)
  }
}
