// SPDX-License-Identifier: Apache-2.0

extension Operation {
  /// An operation without its attributes. The raw value is its kernel's name and its rows' in the table of cases.
  public enum Kind: String, CaseIterable, Sendable {
    case embeddingLayerNorm = "embedding_layer_norm"
    case linear
    case biasActivation = "bias_activation"
    case addLayerNorm = "add_layer_norm"
    case layerNorm = "layer_norm"
    case maskedSoftmax = "masked_softmax"
    case attention
    case pooling
    case l2Normalize = "l2_normalize"
    case feedForward = "feed_forward"
    case attentionProbabilities = "attention_probabilities"
    case attentionContext = "attention_context"
    case scaleHeads = "scale_heads"
    case gatherRows = "gather_rows"
    case storeRows = "store_rows"
    case crossEntropy = "cross_entropy"
    case segmentCrossEntropy = "segment_cross_entropy"
    case squaredError = "squared_error"
    case binaryCrossEntropy = "binary_cross_entropy"
    case mean
    case weightedSum = "weighted_sum"
    case embeddingSum = "embedding_sum"
    case dropout
    case trainingAttention = "training_attention"
    case activationGradient = "activation_gradient"
    case linearInputGradient = "linear_input_gradient"
    case linearWeightGradient = "linear_weight_gradient"
    case biasGradient = "bias_gradient"
    case layerNormGradient = "layer_norm_gradient"
    case maskedSoftmaxGradient = "masked_softmax_gradient"
    case attentionGradient = "attention_gradient"
    case attentionProbabilitiesGradient = "attention_probabilities_gradient"
    case attentionContextGradient = "attention_context_gradient"
    case gatherRowsGradient = "gather_rows_gradient"
    case embeddingGradient = "embedding_gradient"
    case poolingGradient = "pooling_gradient"
    case l2NormalizeGradient = "l2_normalize_gradient"
    case crossEntropyGradient = "cross_entropy_gradient"
    case segmentCrossEntropyGradient = "segment_cross_entropy_gradient"
    case squaredErrorGradient = "squared_error_gradient"
    case binaryCrossEntropyGradient = "binary_cross_entropy_gradient"
    case meanGradient = "mean_gradient"
    case accumulate
    case clear
    case squaredNorm = "squared_norm"
    case adamW = "adam_w"
  }

  public var kind: Kind {
    switch self {
    case .embeddingLayerNorm: .embeddingLayerNorm
    case .linear: .linear
    case .biasActivation: .biasActivation
    case .addLayerNorm: .addLayerNorm
    case .layerNorm: .layerNorm
    case .maskedSoftmax: .maskedSoftmax
    case .attention: .attention
    case .pooling: .pooling
    case .l2Normalize: .l2Normalize
    case .feedForward: .feedForward
    case .attentionProbabilities: .attentionProbabilities
    case .attentionContext: .attentionContext
    case .scaleHeads: .scaleHeads
    case .gatherRows: .gatherRows
    case .storeRows: .storeRows
    case .crossEntropy: .crossEntropy
    case .segmentCrossEntropy: .segmentCrossEntropy
    case .squaredError: .squaredError
    case .binaryCrossEntropy: .binaryCrossEntropy
    case .mean: .mean
    case .weightedSum: .weightedSum
    case .embeddingSum: .embeddingSum
    case .dropout: .dropout
    case .trainingAttention: .trainingAttention
    case .gradient(let gradient): gradient.kind
    case .optimizer(let optimizer): optimizer.kind
    }
  }

  /// The operation's name, for errors and kernels.
  public var name: String { kind.rawValue }
}

extension GradientOperation {
  var kind: Operation.Kind {
    switch self {
    case .activation: .activationGradient
    case .linearInput: .linearInputGradient
    case .linearWeight: .linearWeightGradient
    case .bias: .biasGradient
    case .layerNorm: .layerNormGradient
    case .maskedSoftmax: .maskedSoftmaxGradient
    case .attention: .attentionGradient
    case .attentionProbabilities: .attentionProbabilitiesGradient
    case .attentionContext: .attentionContextGradient
    case .gatherRows: .gatherRowsGradient
    case .embedding: .embeddingGradient
    case .pooling: .poolingGradient
    case .l2Normalize: .l2NormalizeGradient
    case .crossEntropy: .crossEntropyGradient
    case .segmentCrossEntropy: .segmentCrossEntropyGradient
    case .squaredError: .squaredErrorGradient
    case .binaryCrossEntropy: .binaryCrossEntropyGradient
    case .mean: .meanGradient
    }
  }
}

extension OptimizerOperation {
  var kind: Operation.Kind {
    switch self {
    case .accumulate: .accumulate
    case .clear: .clear
    case .squaredNorm: .squaredNorm
    case .adamW: .adamW
    }
  }
}
