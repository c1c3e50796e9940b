// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import ComputeGraph

/// What a checkpoint directory holds and what is computed with it, without bringing it to a device.
public struct ModelDescription: Sendable {
  public let config: BertConfig
  /// Pooling and what follows; nil where no `modules.json` makes the directory a sentence encoder.
  public let sentenceHead: SentenceHead?
  /// All tensors of the encoder's folder.
  public let checkpoint: Checkpoint
  /// What `SentenceEncoder` runs, or `BertModel` where there is no `modules.json`.
  public let graph: Graph
  /// The outputs of `graph` that a run reads back.
  public let outputs: [String]
  /// Tensors of the checkpoint that neither `SentenceEncoder` nor `BertModel` uses.
  public let ignoredTensors: [String]

  /// Reads configuration and headers and checks that every weight is there; the weights themselves stay in their files.
  ///
  /// - Throws: `BertError`, `CheckpointError`: what loading the model would throw.
  public init(directory: String) throws {
    let head = try SentenceHead(directory: directory)
    let folder = head.transformerFolder.isEmpty ? directory : directory + "/" + head.transformerFolder
    config = try BertConfig.fromPretrained(folder)
    try head.checkWidths(hiddenSize: config.hiddenSize, directory: directory)
    checkpoint = try Checkpoint(directory: folder)
    sentenceHead = head.isConfigured ? head : nil
    let hasPooler = CheckpointParameters.has("pooler.dense.weight", in: checkpoint)
    let model = try ModelForm(config, .none, checkpoint).graph()
    let unusedByModel = try CheckpointParameters(model, checkpoint, directory: folder).ignored
    guard head.isConfigured else {
      graph = model
      outputs = ["last_hidden_state"] + (hasPooler ? ["pooler_output"] : [])
      ignoredTensors = unusedByModel
      return
    }
    var builder = try BertGraph(config)
    try builder.appendSentenceEmbedding(head)
    graph = builder.graph
    outputs = ["sentence_embedding"]
    let unusedByEncoder = Set(try CheckpointParameters(graph, checkpoint, directory: directory).ignored)
    ignoredTensors = unusedByModel.filter(unusedByEncoder.contains)
  }
}
