// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  func trainingAttentionKernels(_ training: TrainingAttention) throws -> [Kernel] { preconditionFailure("unwritten") }
  func bindTrainingAttention(_ arguments: StepArguments, _ kernels: [Kernel], _ training: TrainingAttention) throws -> Enqueue { preconditionFailure("unwritten") }
  func linearInputGradientKernels(_ operands: [Graph.Value]) throws -> [Kernel] { preconditionFailure("unwritten") }
  func bindLinearInputGradient(_ arguments: StepArguments, _ kernels: [Kernel]) throws -> Enqueue { preconditionFailure("unwritten") }
  func linearWeightGradientKernels(_ operands: [Graph.Value]) throws -> [Kernel] { preconditionFailure("unwritten") }
  func bindLinearWeightGradient(_ arguments: StepArguments, _ kernels: [Kernel]) throws -> Enqueue { preconditionFailure("unwritten") }
  func attentionGradientKernels(_ training: TrainingAttention, _ sharing: GradientOperation.Sharing, _ operands: [Graph.Value]) throws -> [Kernel] { preconditionFailure("unwritten") }
  func bindAttentionGradient(_ arguments: StepArguments, _ kernels: [Kernel], _ training: TrainingAttention, _ sharing: GradientOperation.Sharing) throws -> Enqueue { preconditionFailure("unwritten") }
  func accumulateKernels() throws -> [Kernel] { preconditionFailure("unwritten") }
  func bindAccumulate(_ arguments: StepArguments, _ kernels: [Kernel]) throws -> Enqueue { preconditionFailure("unwritten") }
  func clearKernels() throws -> [Kernel] { preconditionFailure("unwritten") }
  func bindClear(_ arguments: StepArguments, _ kernels: [Kernel]) throws -> Enqueue { preconditionFailure("unwritten") }
  func squaredNormKernels() throws -> [Kernel] { preconditionFailure("unwritten") }
  func bindSquaredNorm(_ arguments: StepArguments, _ kernels: [Kernel]) throws -> Enqueue { preconditionFailure("unwritten") }
  func adamWKernels(_ adam: AdamW) throws -> [Kernel] { preconditionFailure("unwritten") }
  func bindAdamW(_ arguments: StepArguments, _ kernels: [Kernel], _ adam: AdamW) throws -> Enqueue { preconditionFailure("unwritten") }
}
