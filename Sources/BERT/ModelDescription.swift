// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import ComputeGraph

/// What a checkpoint directory holds and what is computed with it, without bringing it to a device.
public struct ModelDescription: Sendable {
  public let config: BertConfig
  /// Pooling and what follows; nil where no `modules.json` makes the directory a sentence encoder.
  public let sentenceHead: SentenceHead?
  /// The head that config.json names; none where it names a model that is unknown, or where a sentence encoder is meant.
  public let head: BertHead
  /// All tensors of the encoder's folder.
  public let checkpoint: Checkpoint
  /// What `SentenceEncoder` runs, or the model that config.json names where there is no `modules.json`.
  public let graph: Graph
  /// The outputs of `graph` that a run reads back.
  public let outputs: [String]
  /// The head that config.json names and a sentence encoder does not use, where its weights are there: that of a sentence
  /// encoder which was trained as a classifier, for example.
  public let spareHead: BertHead?
  /// Tensors of that head.
  public let spareTensors: [String]
  /// Tensors of the checkpoint that neither `SentenceEncoder` nor any model that config.json names uses.
  public let ignoredTensors: [String]

  /// The sizes of a batch without padding, for plans: of the encoder, too, where a decoder attends to one.
  public func dimensions(batchSize: Int, sequenceLength: Int) -> Dimensions {
    let tokens = batchSize * sequenceLength
    return [
      .tokens: tokens, .sequences: batchSize, .longest: sequenceLength, .longestKeys: sequenceLength,
      .encoderTokens: tokens, .longestEncoder: sequenceLength,
    ]
  }

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
    let named = config.architectures.first.flatMap(BertHead.init(architecture:)) ?? .none
    self.head = head.isConfigured ? .none : named
    let form = ModelForm(config, self.head, checkpoint)
    let model = try form.graph()
    let unusedByModel = try form.parameters(in: checkpoint, folder).ignored
    guard head.isConfigured else {
      graph = model
      outputs = OutputNames(form).names
      ignoredTensors = unusedByModel
      spareHead = nil
      spareTensors = []
      return
    }
    var builder = try BertGraph(config)
    try builder.appendSentenceEmbedding(head)
    graph = builder.graph
    outputs = ["sentence_embedding"]
    let unusedByEncoder = Set(try CheckpointParameters(graph, checkpoint, directory: directory).ignored)
    let unused = unusedByModel.filter(unusedByEncoder.contains)
    spareTensors = try ModelDescription.tensors(of: named, among: unused, config, checkpoint, folder)
    spareHead = spareTensors.isEmpty ? nil : named
    let spare = Set(spareTensors)
    ignoredTensors = unused.filter { !spare.contains($0) }
  }

  /// Those of some tensors that a head uses; none where the checkpoint lacks it.
  private static func tensors(
    of head: BertHead, among names: [String], _ config: BertConfig, _ checkpoint: Checkpoint, _ folder: String
  ) throws -> [String] {
    guard head != .none, !names.isEmpty else { return [] }
    do {
      let unused = Set(try ModelForm(config, head, checkpoint).parameters(in: checkpoint, folder).ignored)
      return names.filter { !unused.contains($0) }
    } catch BertError.missingHead, BertError.missingTensors {
      return []
    }
  }
}
