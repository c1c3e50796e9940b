// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  func trainingAttentionKernels(_ training: TrainingAttention) throws -> [Kernel] { preconditionFailure("unwritten") }
  func bindTrainingAttention(_ arguments: StepArguments, _ kernels: [Kernel], _ training: TrainingAttention) throws -> Enqueue { preconditionFailure("unwritten") }
  func attentionGradientKernels(_ training: TrainingAttention, _ sharing: GradientOperation.Sharing, _ operands: [Graph.Value]) throws -> [Kernel] { preconditionFailure("unwritten") }
  func bindAttentionGradient(_ arguments: StepArguments, _ kernels: [Kernel], _ training: TrainingAttention, _ sharing: GradientOperation.Sharing) throws -> Enqueue { preconditionFailure("unwritten") }
}
