// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  /// The kernels of a backward pass. Adding one without a case here does not compile.
  func gradientKernels(_ gradient: GradientOperation, _ operands: [Graph.Value]) throws -> [Kernel] {
    switch gradient {
    case .activation(let activation): try activationGradientKernels(activation, operands)
    case .linearInput: try linearInputGradientKernels(operands)
    case .linearWeight: try linearWeightGradientKernels(operands)
    case .bias: try biasGradientKernels(operands)
    case .layerNorm(let epsilon, let hasResidual):
      try layerNormGradientKernels(epsilon, hasResidual: hasResidual, operands)
    case .maskedSoftmax(let scale): try maskedSoftmaxGradientKernels(scale, operands)
    case .attention(let training, let sharing): try attentionGradientKernels(training, sharing, operands)
    case .attentionProbabilities(let kind, let sharing):
      try attentionProbabilitiesGradientKernels(kind, sharing, operands)
    case .attentionContext(let attention): try attentionContextGradientKernels(attention, operands)
    case .gatherRows: try gatherRowsGradientKernels(operands)
    case .embedding: try embeddingGradientKernels(operands)
    case .pooling(let modes): try poolingGradientKernels(modes, operands)
    case .l2Normalize(let epsilon): try l2NormalizeGradientKernels(epsilon, operands)
    case .crossEntropy: try crossEntropyGradientKernels(operands)
    case .segmentCrossEntropy(let column): try segmentCrossEntropyGradientKernels(column, operands)
    case .squaredError: try squaredErrorGradientKernels(operands)
    case .binaryCrossEntropy: try binaryCrossEntropyGradientKernels(operands)
    case .mean: try meanGradientKernels(operands)
    }
  }

  /// A backward step with its buffers set.
  func bindGradient(
    _ arguments: StepArguments, _ kernels: [Kernel], _ gradient: GradientOperation
  ) throws -> Enqueue {
    switch gradient {
    case .activation(let activation): try bindActivationGradient(arguments, kernels, activation)
    case .linearInput: try bindLinearInputGradient(arguments, kernels)
    case .linearWeight: try bindLinearWeightGradient(arguments, kernels)
    case .bias: try bindBiasGradient(arguments, kernels)
    case .layerNorm(let epsilon, let hasResidual):
      try bindLayerNormGradient(arguments, kernels, epsilon, hasResidual: hasResidual)
    case .maskedSoftmax(let scale): try bindMaskedSoftmaxGradient(arguments, kernels, scale)
    case .attention(let training, let sharing): try bindAttentionGradient(arguments, kernels, training, sharing)
    case .attentionProbabilities(let kind, let sharing):
      try bindAttentionProbabilitiesGradient(arguments, kernels, kind, sharing)
    case .attentionContext(let attention): try bindAttentionContextGradient(arguments, kernels, attention)
    case .gatherRows: try bindGatherRowsGradient(arguments, kernels)
    case .embedding: try bindEmbeddingGradient(arguments, kernels)
    case .pooling(let modes): try bindPoolingGradient(arguments, kernels, modes)
    case .l2Normalize(let epsilon): try bindL2NormalizeGradient(arguments, kernels, epsilon)
    case .crossEntropy: try bindCrossEntropyGradient(arguments, kernels)
    case .segmentCrossEntropy(let column): try bindSegmentCrossEntropyGradient(arguments, kernels, column)
    case .squaredError: try bindSquaredErrorGradient(arguments, kernels)
    case .binaryCrossEntropy: try bindBinaryCrossEntropyGradient(arguments, kernels)
    case .mean: try bindMeanGradient(arguments, kernels)
    }
  }

  /// The kernels of a part of an optimizer's step.
  func optimizerKernels(_ optimizer: OptimizerOperation) throws -> [Kernel] {
    switch optimizer {
    case .accumulate: try accumulateKernels()
    case .clear: try clearKernels()
    case .squaredNorm: try squaredNormKernels()
    case .adamW(let adam): try adamWKernels(adam)
    }
  }

  /// A part of an optimizer's step with its buffers set.
  func bindOptimizer(
    _ arguments: StepArguments, _ kernels: [Kernel], _ optimizer: OptimizerOperation
  ) throws -> Enqueue {
    switch optimizer {
    case .accumulate: try bindAccumulate(arguments, kernels)
    case .clear: try bindClear(arguments, kernels)
    case .squaredNorm: try bindSquaredNorm(arguments, kernels)
    case .adamW(let adam): try bindAdamW(arguments, kernels, adam)
    }
  }
}
