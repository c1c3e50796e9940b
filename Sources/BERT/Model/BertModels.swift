// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// A model by the name that Hugging Face gives it: a network with a certain head.
///
/// A handle to weights on a device; any number of tasks may call it at once.
public protocol PretrainedBert: Sendable {
  /// The head that such a model has.
  static var head: BertHead { get }
  var network: BertNetwork { get }
  init(network: BertNetwork)
}

extension PretrainedBert {
  /// Loads a checkpoint directory, whatever head its configuration names.
  ///
  /// - Parameter engine: where to run; the best OpenCL device, or the CPU where there is none, if nil.
  /// - Throws: `BertError` or `CheckpointError` for the files, `OpenCLError` for the device.
  public static func fromPretrained(_ directory: String, on engine: Engine? = nil) async throws -> Self {
    Self(network: try await BertNetwork.fromPretrained(directory, head: head, on: engine))
  }

  public var config: BertConfig { network.config }
  public var engine: Engine { network.engine }
  /// Tensors of the checkpoint that this model does not use.
  public var ignoredTensors: [String] { network.ignoredTensors }
  /// The computation, for listings.
  public var graph: Graph { network.graph }

  /// One forward pass; see `BertNetwork.forward`.
  public func forward(
    _ input: BertInput, cache: KeyValueCache? = nil, outputHiddenStates: Bool = false, outputAttentions: Bool = false
  ) async throws -> ModelOutput {
    try await network.forward(
      input, cache: cache, outputHiddenStates: outputHiddenStates, outputAttentions: outputAttentions)
  }

  /// Empty memory for the keys and values of a decoder; see `BertNetwork.makeCache`.
  public func makeCache(
    batchSize: Int, capacity: Int? = nil, encoderCapacity: Int? = nil
  ) async throws -> KeyValueCache {
    try await network.makeCache(batchSize: batchSize, capacity: capacity, encoderCapacity: encoderCapacity)
  }
}

/// The bare encoder or decoder: hidden states and, where the checkpoint has a pooler, `pooler_output`.
public struct BertModel: PretrainedBert {
  public static let head = BertHead.none
  public let network: BertNetwork
  public init(network: BertNetwork) { self.network = network }

  /// Whether the checkpoint has a pooler, so that outputs have `pooler_output`.
  public var hasPooler: Bool { network.hasPooler }
}

/// `prediction_logits` `[B, S, V]` and `seq_relationship_logits` `[B, 2]`; the loss is the sum of both.
public struct BertForPreTraining: PretrainedBert {
  public static let head = BertHead.pretraining
  public let network: BertNetwork
  public init(network: BertNetwork) { self.network = network }
}

/// `logits` `[B, S, V]`.
public struct BertForMaskedLM: PretrainedBert {
  public static let head = BertHead.maskedLM
  public let network: BertNetwork
  public init(network: BertNetwork) { self.network = network }
}

/// `logits` `[B, S, V]`, each for the token that follows; see `generate`.
public struct BertLMHeadModel: PretrainedBert {
  public static let head = BertHead.causalLM
  public let network: BertNetwork
  public init(network: BertNetwork) { self.network = network }
}

/// `logits` `[B, 2]`: that the second text follows the first, that it does not.
public struct BertForNextSentencePrediction: PretrainedBert {
  public static let head = BertHead.nextSentence
  public let network: BertNetwork
  public init(network: BertNetwork) { self.network = network }
}

/// `logits` `[B, num_labels]`; the loss is `problem_type`'s.
public struct BertForSequenceClassification: PretrainedBert {
  public static let head = BertHead.textClassification
  public let network: BertNetwork
  public init(network: BertNetwork) { self.network = network }
}

/// `logits` `[B, choices]` from `[B * choices, S]` (`BertInput.choices`).
public struct BertForMultipleChoice: PretrainedBert {
  public static let head = BertHead.multipleChoice
  public let network: BertNetwork
  public init(network: BertNetwork) { self.network = network }
}

/// `logits` `[B, S, num_labels]`.
public struct BertForTokenClassification: PretrainedBert {
  public static let head = BertHead.tokenClassification
  public let network: BertNetwork
  public init(network: BertNetwork) { self.network = network }
}

/// `start_logits` and `end_logits` `[B, S]`.
public struct BertForQuestionAnswering: PretrainedBert {
  public static let head = BertHead.questionAnswering
  public let network: BertNetwork
  public init(network: BertNetwork) { self.network = network }
}
