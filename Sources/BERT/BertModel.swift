// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import ComputeGraph

/// The bare encoder: token ids in, hidden states out. Hugging Face's `BertModel`.
///
/// A handle to weights on a device; any number of tasks may call it at once.
public final class BertModel: Sendable {
  public let config: BertConfig
  public let engine: Engine
  /// Tensors of the checkpoint that this model does not use.
  public let ignoredTensors: [String]
  /// Whether the checkpoint has a pooler, so that outputs have `pooler_output`.
  public let hasPooler: Bool
  private let loaded: any LoadedGraph

  /// Loads a checkpoint directory.
  ///
  /// - Parameter engine: where to run; the best OpenCL device, or the CPU where there is none, if nil.
  /// - Throws: `BertError` or `CheckpointError` for the files, `OpenCLError` for the device.
  public static func fromPretrained(_ directory: String, on engine: Engine? = nil) async throws -> BertModel {
    let engine = try engine ?? Engine.open()
    let config = try BertConfig.fromPretrained(directory)
    let checkpoint = try Checkpoint(directory: directory)
    let hasPooler = CheckpointParameters.has("pooler.dense.weight", in: checkpoint)
    let graph = try BertGraph(config, pooler: hasPooler).graph
    let parameters = try CheckpointParameters(graph, checkpoint, directory: directory)
    return BertModel(
      config: config, engine: engine, ignoredTensors: parameters.ignored, hasPooler: hasPooler,
      loaded: try await engine.executor.load(graph, parameters: parameters))
  }

  private init(config: BertConfig, engine: Engine, ignoredTensors: [String], hasPooler: Bool, loaded: any LoadedGraph) {
    self.config = config
    self.engine = engine
    self.ignoredTensors = ignoredTensors
    self.hasPooler = hasPooler
    self.loaded = loaded
  }

  /// The computation, for listings.
  public var graph: Graph { loaded.graph }

  /// One forward pass.
  ///
  /// Padding is taken out before and put back after: masked positions are zero in every output, as is all of a sequence
  /// whose mask is zero everywhere. The pooler takes each sequence's first visible token.
  ///
  /// - Throws: `BertError.badArgument` for ids outside their tables, `.sequenceTooLong`; the device's error.
  public func forward(_ input: BertInput, outputHiddenStates: Bool = false) async throws -> ModelOutput {
    if input.positionIds == nil, input.batchSize > 0, input.sequenceLength > config.maxPositionEmbeddings {
      throw BertError.sequenceTooLong(
        index: 0, tokens: input.sequenceLength, limit: config.maxPositionEmbeddings)
    }
    let batch = PackedBatch(input)
    try batch.check(config)
    var names = ["last_hidden_state"]
    if hasPooler { names.append("pooler_output") }
    if outputHiddenStates { names += (0...config.numHiddenLayers).map { "hidden_states.\($0)" } }
    let results = try await loaded.run(batch.runInputs, outputs: names)
    return ModelOutput(
      entries: try names.map { name in
        guard let tensor = results[name] else { throw GraphError.missingOutput(name) }
        if name == "pooler_output" { return (name, try batch.zeroingEmptySequences(tensor)) }
        return (
          name, try batch.padded(tensor, batchSize: input.batchSize, sequenceLength: input.sequenceLength)
        )
      })
  }
}
