// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// Walks the backward pass of an operation. Adding one without a case here does not compile.
  func gradient(_ step: Plan.Step, _ gradient: GradientOperation) {
    switch gradient {
    case .activation(let activation): activationGradient(step, activation)
    case .linearInput: linearInputGradient(step)
    case .linearWeight: linearWeightGradient(step)
    case .bias: biasGradient(step)
    case .layerNorm(let epsilon, let hasResidual): layerNormGradient(step, epsilon, hasResidual: hasResidual)
    case .maskedSoftmax(let scale): maskedSoftmaxGradient(step, scale)
    case .attention(let training, let sharing): attentionGradient(step, training, sharing)
    case .attentionProbabilities(let kind, let sharing): attentionProbabilitiesGradient(step, kind, sharing)
    case .attentionContext(let attention): attentionContextGradient(step, attention)
    case .gatherRows: gatherRowsGradient(step)
    case .embedding: embeddingGradient(step)
    case .pooling(let modes): poolingGradient(step, modes)
    case .l2Normalize(let epsilon): l2NormalizeGradient(step, epsilon)
    case .crossEntropy: crossEntropyGradient(step)
    case .segmentCrossEntropy(let column): segmentCrossEntropyGradient(step, column)
    case .squaredError: squaredErrorGradient(step)
    case .binaryCrossEntropy: binaryCrossEntropyGradient(step)
    case .mean: meanGradient(step)
    }
  }

  /// Walks a part of an optimizer's step.
  func optimizer(_ step: Plan.Step, _ optimizer: OptimizerOperation) {
    switch optimizer {
    case .accumulate: accumulate(step)
    case .clear: clear(step)
    case .squaredNorm: squaredNorm(step)
    case .adamW(let adam): adamW(step, adam)
    }
  }
}
