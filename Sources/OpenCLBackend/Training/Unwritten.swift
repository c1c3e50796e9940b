// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  func embeddingSumKernels(_ embeddings: Embeddings) throws -> [Kernel] { preconditionFailure("unwritten") }
  func bindEmbeddingSum(_ arguments: StepArguments, _ kernels: [Kernel], _ embeddings: Embeddings) throws -> Enqueue { preconditionFailure("unwritten") }
  func dropoutKernels(_ dropout: Dropout) throws -> [Kernel] { preconditionFailure("unwritten") }
  func bindDropout(_ arguments: StepArguments, _ kernels: [Kernel], _ dropout: Dropout) throws -> Enqueue { preconditionFailure("unwritten") }
  func trainingAttentionKernels(_ training: TrainingAttention) throws -> [Kernel] { preconditionFailure("unwritten") }
  func bindTrainingAttention(_ arguments: StepArguments, _ kernels: [Kernel], _ training: TrainingAttention) throws -> Enqueue { preconditionFailure("unwritten") }
  func activationGradientKernels(_ activation: Activation, _ operands: [Graph.Value]) throws -> [Kernel] { preconditionFailure("unwritten") }
  func bindActivationGradient(_ arguments: StepArguments, _ kernels: [Kernel], _ activation: Activation) throws -> Enqueue { preconditionFailure("unwritten") }
  func biasGradientKernels(_ operands: [Graph.Value]) throws -> [Kernel] { preconditionFailure("unwritten") }
  func bindBiasGradient(_ arguments: StepArguments, _ kernels: [Kernel]) throws -> Enqueue { preconditionFailure("unwritten") }
  func layerNormGradientKernels(_ epsilon: Double, hasResidual: Bool, _ operands: [Graph.Value]) throws -> [Kernel] { preconditionFailure("unwritten") }
  func bindLayerNormGradient(_ arguments: StepArguments, _ kernels: [Kernel], _ epsilon: Double, hasResidual: Bool) throws -> Enqueue { preconditionFailure("unwritten") }
  func maskedSoftmaxGradientKernels(_ scale: Double, _ operands: [Graph.Value]) throws -> [Kernel] { preconditionFailure("unwritten") }
  func bindMaskedSoftmaxGradient(_ arguments: StepArguments, _ kernels: [Kernel], _ scale: Double) throws -> Enqueue { preconditionFailure("unwritten") }
  func attentionGradientKernels(_ training: TrainingAttention, _ sharing: GradientOperation.Sharing, _ operands: [Graph.Value]) throws -> [Kernel] { preconditionFailure("unwritten") }
  func bindAttentionGradient(_ arguments: StepArguments, _ kernels: [Kernel], _ training: TrainingAttention, _ sharing: GradientOperation.Sharing) throws -> Enqueue { preconditionFailure("unwritten") }
  func attentionProbabilitiesGradientKernels(_ kind: AttentionProbabilities, _ sharing: GradientOperation.Sharing, _ operands: [Graph.Value]) throws -> [Kernel] { preconditionFailure("unwritten") }
  func bindAttentionProbabilitiesGradient(_ arguments: StepArguments, _ kernels: [Kernel], _ kind: AttentionProbabilities, _ sharing: GradientOperation.Sharing) throws -> Enqueue { preconditionFailure("unwritten") }
  func attentionContextGradientKernels(_ attention: Attention, _ operands: [Graph.Value]) throws -> [Kernel] { preconditionFailure("unwritten") }
  func bindAttentionContextGradient(_ arguments: StepArguments, _ kernels: [Kernel], _ attention: Attention) throws -> Enqueue { preconditionFailure("unwritten") }
  func gatherRowsGradientKernels(_ operands: [Graph.Value]) throws -> [Kernel] { preconditionFailure("unwritten") }
  func bindGatherRowsGradient(_ arguments: StepArguments, _ kernels: [Kernel]) throws -> Enqueue { preconditionFailure("unwritten") }
  func embeddingGradientKernels(_ operands: [Graph.Value]) throws -> [Kernel] { preconditionFailure("unwritten") }
  func bindEmbeddingGradient(_ arguments: StepArguments, _ kernels: [Kernel]) throws -> Enqueue { preconditionFailure("unwritten") }
  func poolingGradientKernels(_ modes: [PoolingMode], _ operands: [Graph.Value]) throws -> [Kernel] { preconditionFailure("unwritten") }
  func bindPoolingGradient(_ arguments: StepArguments, _ kernels: [Kernel], _ modes: [PoolingMode]) throws -> Enqueue { preconditionFailure("unwritten") }
  func l2NormalizeGradientKernels(_ epsilon: Double, _ operands: [Graph.Value]) throws -> [Kernel] { preconditionFailure("unwritten") }
  func bindL2NormalizeGradient(_ arguments: StepArguments, _ kernels: [Kernel], _ epsilon: Double) throws -> Enqueue { preconditionFailure("unwritten") }
  func crossEntropyGradientKernels(_ operands: [Graph.Value]) throws -> [Kernel] { preconditionFailure("unwritten") }
  func bindCrossEntropyGradient(_ arguments: StepArguments, _ kernels: [Kernel]) throws -> Enqueue { preconditionFailure("unwritten") }
  func segmentCrossEntropyGradientKernels(_ column: Int, _ operands: [Graph.Value]) throws -> [Kernel] { preconditionFailure("unwritten") }
  func bindSegmentCrossEntropyGradient(_ arguments: StepArguments, _ kernels: [Kernel], _ column: Int) throws -> Enqueue { preconditionFailure("unwritten") }
  func squaredErrorGradientKernels(_ operands: [Graph.Value]) throws -> [Kernel] { preconditionFailure("unwritten") }
  func bindSquaredErrorGradient(_ arguments: StepArguments, _ kernels: [Kernel]) throws -> Enqueue { preconditionFailure("unwritten") }
  func binaryCrossEntropyGradientKernels(_ operands: [Graph.Value]) throws -> [Kernel] { preconditionFailure("unwritten") }
  func bindBinaryCrossEntropyGradient(_ arguments: StepArguments, _ kernels: [Kernel]) throws -> Enqueue { preconditionFailure("unwritten") }
  func meanGradientKernels(_ operands: [Graph.Value]) throws -> [Kernel] { preconditionFailure("unwritten") }
  func bindMeanGradient(_ arguments: StepArguments, _ kernels: [Kernel]) throws -> Enqueue { preconditionFailure("unwritten") }
}
