// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import ComputeGraph

/// What decides a model's graph and weights, beside the numbers of its configuration.
struct ModelForm: Sendable {
  let config: BertConfig
  let head: BertHead
  /// A bare model may come with a pooler or without one.
  let hasPooler: Bool
  let tiesDecoder: Bool

  init(_ config: BertConfig, _ head: BertHead, hasPooler: Bool, tiesDecoder: Bool) {
    self.config = config
    self.head = head
    self.hasPooler = hasPooler
    self.tiesDecoder = tiesDecoder
  }

  /// What a checkpoint's tensors say: whether there is a pooler, and an output matrix of its own.
  init(_ config: BertConfig, _ head: BertHead, _ checkpoint: Checkpoint) {
    let hasDecoder = CheckpointParameters.has("cls.predictions.decoder.weight", in: checkpoint)
    self.init(
      config, head, hasPooler: CheckpointParameters.has("pooler.dense.weight", in: checkpoint),
      tiesDecoder: config.tieWordEmbeddings || !hasDecoder)
  }

  /// The graph of a variant; of the plain one, which has every weight, where nil.
  func graph(_ variant: GraphVariant? = nil) throws -> Graph {
    var plain = GraphVariant()
    plain.hasEncoder = config.isDecoder && config.addCrossAttention
    var builder = try BertGraph(config, variant ?? plain)
    try builder.append(head, hasPooler: hasPooler, tiesDecoder: tiesDecoder)
    return builder.graph
  }

  /// Where in a checkpoint every weight is.
  ///
  /// - Throws: `BertError.missingHead` where the head's weights alone lack, all of them; else what
  ///   `CheckpointParameters` throws.
  func parameters(in checkpoint: Checkpoint, _ directory: String) throws -> CheckpointParameters {
    do { return try CheckpointParameters(graph(), checkpoint, directory: directory) } catch {
      guard head != .none, case .missingTensors(let path, let names)? = error as? BertError else { throw error }
      let bare = ModelForm(config, .none, hasPooler: head.isPooled, tiesDecoder: true)
      let ofEncoder = Set(try bare.graph().parameters.flatMap(\.parameter.parts).map(\.key))
      let ofHead = try graph().parameters.flatMap(\.parameter.parts).map(\.key).filter { !ofEncoder.contains($0) }
      // A pooler that is not there goes with a head that is not: bare encoders are often saved without one.
      guard names.allSatisfy({ ofHead.contains($0) || $0.hasPrefix("pooler.") }), Set(names).isSuperset(of: ofHead)
      else { throw error }
      throw BertError.missingHead(path: path, head: head, names)
    }
  }
}
