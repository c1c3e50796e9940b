// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  func embeddingSum(_ step: Plan.Step, _ embeddings: Embeddings) { preconditionFailure("unwritten") }
  func dropout(_ step: Plan.Step, _ dropout: Dropout) { preconditionFailure("unwritten") }
  func trainingAttention(_ step: Plan.Step, _ training: TrainingAttention) { preconditionFailure("unwritten") }
  func activationGradient(_ step: Plan.Step, _ activation: Activation) { preconditionFailure("unwritten") }
  func linearInputGradient(_ step: Plan.Step) { preconditionFailure("unwritten") }
  func linearWeightGradient(_ step: Plan.Step) { preconditionFailure("unwritten") }
  func biasGradient(_ step: Plan.Step) { preconditionFailure("unwritten") }
  func layerNormGradient(_ step: Plan.Step, _ epsilon: Double, hasResidual: Bool) { preconditionFailure("unwritten") }
  func maskedSoftmaxGradient(_ step: Plan.Step, _ scale: Double) { preconditionFailure("unwritten") }
  func attentionGradient(_ step: Plan.Step, _ training: TrainingAttention, _ sharing: GradientOperation.Sharing) { preconditionFailure("unwritten") }
  func attentionProbabilitiesGradient(_ step: Plan.Step, _ kind: AttentionProbabilities, _ sharing: GradientOperation.Sharing) { preconditionFailure("unwritten") }
  func attentionContextGradient(_ step: Plan.Step, _ attention: Attention) { preconditionFailure("unwritten") }
  func gatherRowsGradient(_ step: Plan.Step) { preconditionFailure("unwritten") }
  func embeddingGradient(_ step: Plan.Step) { preconditionFailure("unwritten") }
  func poolingGradient(_ step: Plan.Step, _ modes: [PoolingMode]) { preconditionFailure("unwritten") }
  func l2NormalizeGradient(_ step: Plan.Step, _ epsilon: Double) { preconditionFailure("unwritten") }
  func crossEntropyGradient(_ step: Plan.Step) { preconditionFailure("unwritten") }
  func segmentCrossEntropyGradient(_ step: Plan.Step, _ column: Int) { preconditionFailure("unwritten") }
  func squaredErrorGradient(_ step: Plan.Step) { preconditionFailure("unwritten") }
  func binaryCrossEntropyGradient(_ step: Plan.Step) { preconditionFailure("unwritten") }
  func meanGradient(_ step: Plan.Step) { preconditionFailure("unwritten") }
  func accumulate(_ step: Plan.Step) { preconditionFailure("unwritten") }
  func clear(_ step: Plan.Step) { preconditionFailure("unwritten") }
  func squaredNorm(_ step: Plan.Step) { preconditionFailure("unwritten") }
  func adamW(_ step: Plan.Step, _ adam: AdamW) { preconditionFailure("unwritten") }
}
