// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

/// Turns a plan's steps into kernels with their arguments. One file per operation says which arguments and which geometry.
struct StepBinder {
  let graph: Graph
  let library: KernelLibrary
  /// Which configurations to take.
  let tuning: Tuning

  var profile: DeviceProfile { library.profile }

  /// Builds the programs of a node, so that no run has to.
  ///
  /// - Throws: `PrecisionError.training` for a node of training in half a precision; what building throws.
  func build(_ node: Graph.Node) throws {
    if profile.precision != .float32, node.operation.needsFloat32 {
      throw PrecisionError.training(profile.precision, operation: node.operation.name)
    }
    _ = try kernels(node.operation, node.operands)
  }

  /// The kernels of an operation. Adding an operation without a case here does not compile.
  private func kernels(_ operation: Operation, _ operands: [Graph.Value]) throws -> [Kernel] {
    switch operation {
    case .embeddingLayerNorm(let embeddings): [try embeddingLayerNormKernel(embeddings)]
    case .linear(let activation):
      try linearKernels(activation, hasBias: operands.count == 3, operands[1]) + packKernels([operands[1]])
    case .biasActivation(let activation): [try biasActivationKernel(activation, hasBias: operands.count == 2)]
    case .feedForward(let activation, _): try feedForwardKernels(activation, operands)
    case .addLayerNorm: [try library.kernel("add_layer_norm")]
    case .layerNorm: [try library.kernel("layer_norm")]
    case .maskedSoftmax: [try library.kernel("masked_softmax")]
    case .attention(let attention): try attentionKernels(attention, operands)
    case .attentionProbabilities(let probabilities): [try attentionProbabilitiesKernel(probabilities)]
    case .attentionContext(let attention): [try attentionContextKernel(attention)]
    case .scaleHeads: [try library.kernel("scale_heads")]
    case .gatherRows: [try library.kernel("gather_rows")]
    case .storeRows: [try library.kernel("store_rows")]
    case .pooling(let modes): try modes.map { _ in try library.kernel("pooling") }
    case .l2Normalize: [try library.kernel("l2_normalize")]
    case .crossEntropy: [try library.kernel("cross_entropy")]
    case .segmentCrossEntropy: [try library.kernel("segment_cross_entropy")]
    case .squaredError: [try library.kernel("squared_error")]
    case .binaryCrossEntropy: [try library.kernel("binary_cross_entropy")]
    case .mean: [try library.kernel("mean", defines: ["HAS_LABELS": operands.count == 2 ? 1 : 0])]
    case .weightedSum(let weights): try weights.map { _ in try library.kernel("weighted_sum") }
    case .embeddingSum(let embeddings): try embeddingSumKernels(embeddings)
    case .dropout(let dropout): try dropoutKernels(dropout)
    case .trainingAttention(let training): try trainingAttentionKernels(training)
    case .gradient(let gradient): try gradientKernels(gradient, operands)
    case .optimizer(let optimizer): try optimizerKernels(optimizer)
    }
  }

  /// A step with its buffers set.
  func bind(_ arguments: StepArguments) throws -> BoundStep {
    let step = arguments.step
    let kernels = try kernels(step.operation, step.operands)
    let enqueue: (Queue, Dimensions) throws -> Void
    switch step.operation {
    case .embeddingLayerNorm(let embeddings): enqueue = try bindEmbeddingLayerNorm(arguments, kernels[0], embeddings)
    case .linear(let activation): enqueue = try bindLinear(arguments, kernels, activation)
    case .biasActivation: enqueue = try bindBiasActivation(arguments, kernels[0])
    case .feedForward(_, let chunk): enqueue = try bindFeedForward(arguments, kernels, chunk)
    case .addLayerNorm(let epsilon): enqueue = try bindAddLayerNorm(arguments, kernels[0], epsilon)
    case .layerNorm(let epsilon): enqueue = try bindLayerNorm(arguments, kernels[0], epsilon)
    case .maskedSoftmax(let scale): enqueue = try bindMaskedSoftmax(arguments, kernels[0], scale)
    case .attention(let attention): enqueue = try bindAttention(arguments, kernels, attention)
    case .attentionProbabilities(let probabilities):
      enqueue = try bindAttentionProbabilities(arguments, kernels[0], probabilities)
    case .attentionContext(let attention): enqueue = try bindAttentionContext(arguments, kernels[0], attention)
    case .scaleHeads(let heads): enqueue = try bindScaleHeads(arguments, kernels[0], heads)
    case .gatherRows: enqueue = try bindGatherRows(arguments, kernels[0])
    case .storeRows(let column): enqueue = try bindStoreRows(arguments, kernels[0], column)
    case .pooling(let modes): enqueue = try bindPooling(arguments, kernels, modes)
    case .l2Normalize(let epsilon): enqueue = try bindL2Normalize(arguments, kernels[0], epsilon)
    case .crossEntropy: enqueue = try bindCrossEntropy(arguments, kernels[0])
    case .segmentCrossEntropy(let column): enqueue = try bindSegmentCrossEntropy(arguments, kernels[0], column)
    case .squaredError, .binaryCrossEntropy: enqueue = try bindElements(arguments, kernels[0])
    case .mean: enqueue = try bindMean(arguments, kernels[0])
    case .weightedSum(let weights): enqueue = try bindWeightedSum(arguments, kernels, weights)
    case .embeddingSum(let embeddings): enqueue = try bindEmbeddingSum(arguments, kernels, embeddings)
    case .dropout(let dropout): enqueue = try bindDropout(arguments, kernels, dropout)
    case .trainingAttention(let training): enqueue = try bindTrainingAttention(arguments, kernels, training)
    case .gradient(let gradient): enqueue = try bindGradient(arguments, kernels, gradient)
    case .optimizer(let optimizer): enqueue = try bindOptimizer(arguments, kernels, optimizer)
    }
    return BoundStep(
      node: step.node, operation: step.operation.name, scope: graph.nodes[step.node].scope, enqueue: enqueue)
  }
}

/// The operands of one step, as buffers and sizes.
struct StepArguments {
  let step: Plan.Step
  let graph: Graph
  let buffers: [Graph.Value: Buffer]
  /// Matrices of dense layers, where the device wants them in panels.
  let panels: [Graph.Value: Buffer]
  let scratch: Buffer?

  /// Operands and then the results, but for those that are operands changed in place, as kernel arguments.
  func bufferValues() throws -> [KernelValue] {
    try step.operands.indices.map { .buffer(try buffer(at: $0)) }
      + step.results.filter { graph.storage(of: $0) == nil }.map { .buffer(try buffer($0)) }
  }

  /// An operand, in the layout that its operation wants.
  func buffer(at index: Int) throws -> Buffer {
    let value = step.operands[index]
    if step.operation.packedOperands.contains(index), let packed = panels[value] { return packed }
    return try buffer(value)
  }

  func buffer(_ value: Graph.Value) throws -> Buffer {
    guard let buffer = buffers[value] else { throw GraphError.missingInput("memory of value \(value.index)") }
    return buffer
  }

  /// What the step may write down while it runs.
  func scratchBuffer() throws -> Buffer {
    guard let scratch else { throw GraphError.missingInput("scratch memory of \(step.operation.name)") }
    return scratch
  }

  func shape(_ index: Int) -> Shape { graph.type(of: step.operands[index]).shape }

  /// The number of rows of an operand, once the batch is known.
  func rows(_ index: Int) -> Dimension { graph.type(of: step.operands[index]).shape.dimensions[0] }

  /// The number of rows of the result, once the batch is known.
  var resultRows: Dimension { graph.type(of: step.result).shape.dimensions[0] }

  /// Columns of an operand, which no batch changes.
  func columns(_ index: Int) throws -> Int {
    guard case .fixed(let size)? = graph.type(of: step.operands[index]).shape.last else {
      throw GraphError.shapeMismatch(
        operation: step.operation.name, operand: index, found: graph.type(of: step.operands[index]),
        wanted: "a fixed width")
    }
    return size
  }
}
