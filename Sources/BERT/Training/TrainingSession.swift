// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import Synchronization

/// A model in training on a device: weights, gradients and moments stay there; batches go up, and of a step come back its loss
/// and its gradient's norm.
///
///     let session = try await TrainingSession(model, optimizer, on: engine)
///     for batch in batches { try await session.accumulate(batch, seed: ...) }
///     let result = try await session.update(learningRate: 2e-5)
///
/// One task at a time: a step changes what the next one reads.
public final class TrainingSession: Sendable {
  /// The numbers of AdamW and of a step.
  public struct Optimizer: Sendable, Hashable {
    public var beta1 = 0.9
    public var beta2 = 0.999
    public var epsilon = 1e-8
    public var weightDecay = 0.01
    /// Nil leaves gradients as they are.
    public var maxGradNorm: Double? = 1
    /// Batches of a step, each of which counts as much.
    public var accumulationSteps = 1

    public init() {}
  }

  /// What a step says of itself.
  public struct StepResult: Sendable, Hashable {
    /// The mean over the step's batches.
    public let loss: Double
    /// Before clipping.
    public let gradNorm: Double
    /// Whether both are numbers. Where the norm is not finite the weights were not changed.
    public var isFinite: Bool { gradNorm.isFinite && loss.isFinite }
  }

  public let model: TrainableModel
  public let engine: Engine
  public let optimizer: Optimizer
  public let recomputation: Recomputation
  public let layout: ParameterLayout
  let state: any GraphState
  private let updating: any LoadedGraph
  private let variants = Mutex<[Use: any LoadedGraph]>([:])

  /// A graph that runs on the weights.
  private struct Use: Hashable {
    let variant: GraphVariant
    let isTraining: Bool
  }

  /// Brings the weights to the device; moments are 0.
  ///
  /// - Throws: what reading the weights throws; `GraphError`, the device's error.
  public init(
    _ model: TrainableModel, _ optimizer: Optimizer, recomputation: Recomputation = .none, on engine: Engine
  ) async throws {
    self.model = model
    self.engine = engine
    self.optimizer = optimizer
    self.recomputation = recomputation
    layout = try ParameterLayout(trainable: model.form.graph())
    let adamW = AdamW(
      beta1: optimizer.beta1, beta2: optimizer.beta2, epsilon: optimizer.epsilon, decayed: layout.decayedCount,
      maxGradNorm: optimizer.maxGradNorm)
    updating = try await engine.executor.load(.update(layout, adamW), parameters: NoParameters())
    state = try await updating.makeState([:])
    var weights = [Float](repeating: 0, count: layout.elementCount)
    for place in layout.places {
      try weights.withUnsafeMutableBufferPointer { buffer in
        try model.parameters.read(place.parameter, into: UnsafeMutableBufferPointer(rebasing: buffer[place.range]))
      }
    }
    try await write(weights, to: ParameterLayout.StateName.weights)
  }

  /// Adds the gradient of one batch's loss, divided by `accumulationSteps`, to what the step has. Does not wait for the
  /// device.
  ///
  /// A batch of a token-wise head without any label adds nothing.
  ///
  /// - Parameters:
  ///   - input: with labels.
  ///   - seed: of dropout; no two batches of a training may have the same.
  /// - Throws: `BertError.badArgument` for a batch without labels or that does not fit; the device's error.
  public func accumulate(_ input: BertInput, seed: UInt64) async throws {
    guard var call = try call(input) else { return }
    call.variant.drops = model.config.drops
    call.inputs.tensors["dropout_seed"] = .int32([
      Int32(truncatingIfNeeded: seed), Int32(truncatingIfNeeded: seed >> 32),
    ])
    let share = 1 / Double(optimizer.accumulationSteps)
    call.inputs.tensors[Graph.gradientName(of: "loss")] = try Tensor(.float64([share]), shape: [1])
    _ = try await loaded(Use(variant: call.variant, isTraining: true)).run(call.inputs, outputs: [], state: state)
  }

  /// Takes a step with the gradients that were accumulated, and sets them to 0.
  ///
  /// - Parameters:
  ///   - learningRate: of this step.
  ///   - step: from 1; the correction of the moments depends on it.
  /// - Returns: the step's loss and norm, for which it waits. Where the norm is not finite the weights are as they were, and
  ///   the gradients still there.
  /// - Throws: the device's error.
  public func update(learningRate: Double, step: Int) async throws -> StepResult {
    let rates = [
      learningRate, 1 / (1 - power(optimizer.beta1, step)), 1 / (1 - power(optimizer.beta2, step)).squareRoot(),
      learningRate * optimizer.weightDecay,
    ]
    let results = try await updating.run(
      RunInputs(dimensions: [:], tensors: ["rates": try Tensor(.float64(rates), shape: [4])]),
      outputs: ["loss", "squared_norm"], state: state)
    guard let loss = results["loss"]?.doubles.first, let squares = results["squared_norm"]?.doubles.first else {
      throw GraphError.missingOutput("loss")
    }
    return StepResult(loss: loss, gradNorm: squares.squareRoot())
  }

  /// One forward pass with the weights as they are, without dropout.
  ///
  /// - Throws: `BertError.badArgument` for arguments that do not fit; the device's error.
  public func evaluate(_ input: BertInput) async throws -> ModelOutput {
    let call = try ForwardCall(input, model.config, model.head, hasPooler: model.form.hasPooler, nil)
    let outputs = OutputNames(model.form, call.variant, hiddenStates: false, attentions: false)
    let results = try await loaded(Use(variant: call.variant, isTraining: false))
      .run(call.inputs, outputs: outputs.names, state: state)
    return try outputs.assemble(results, call)
  }

  /// The plan of a batch's forward and backward pass: what it keeps in memory, and its steps.
  ///
  /// - Throws: as `accumulate`.
  public func plan(_ input: BertInput) throws -> (graph: Graph, plan: Plan)? {
    guard var call = try call(input) else { return nil }
    call.variant.drops = model.config.drops
    let graph = try trainingGraph(call.variant)
    return (graph, try Plan(graph, call.inputs.dimensions, outputs: []))
  }

  // MARK: Graphs

  /// A batch with labels, a language model's head on the labelled rows alone; nil where there are none.
  private func call(_ input: BertInput) throws -> ForwardCall? {
    var call = try ForwardCall(input, model.config, model.head, hasPooler: model.form.hasPooler, nil)
    guard call.variant.loss != nil else {
      throw BertError.badArgument("labels", "are missing: \(model.head.architecture) cannot be trained without them")
    }
    guard call.variant.loss == .tokens || call.variant.loss == .pretraining,
      case .int32(let labels)? = call.inputs.tensors["labels"]?.storage
    else { return call }
    let rows = labels.indices.filter { labels[$0] != ignoredLabel }
    guard !rows.isEmpty else { return nil }
    call.select(rows.map { Int32($0) })
    call.inputs.tensors["labels"] = .int32(rows.map { labels[$0] })
    return call
  }

  private func trainingGraph(_ variant: GraphVariant) throws -> Graph {
    try model.form.graph(variant).gradient(
      of: "loss", in: layout, recomputation: recomputation,
      ignoredIds: ["input_ids": Int32(truncatingIfNeeded: model.config.padTokenId)]
    ).summing("loss", times: 1 / Double(optimizer.accumulationSteps))
  }

  private func loaded(_ use: Use) async throws -> any LoadedGraph {
    if let known = variants.withLock({ $0[use] }) { return known }
    let graph =
      try use.isTraining ? trainingGraph(use.variant) : model.form.graph(use.variant).onWeights(in: layout)
    let made = try await updating.variant(graph)
    variants.withLock { $0[use] = made }
    return made
  }
}

extension BertConfig {
  /// Whether a model of it drops anything in training.
  var drops: Bool { hiddenDropoutProb > 0 || attentionProbsDropoutProb > 0 || (classifierDropout ?? 0) > 0 }
}

/// The source of a graph that has none.
private struct NoParameters: ParameterSource {
  func read(_ part: Graph.Parameter.Part, from: Int, into: UnsafeMutableBufferPointer<Float>) throws {
    throw GraphError.unknownParameter(part.key)
  }
  func read(_ part: Graph.Parameter.Part, from: Int, into: UnsafeMutableBufferPointer<Double>) throws {
    throw GraphError.unknownParameter(part.key)
  }
}

/// `base^exponent` by multiplication, so that every machine has the same bits.
private func power(_ base: Double, _ exponent: Int) -> Double {
  var (result, square, rest) = (1.0, base, exponent)
  while rest > 0 {
    if !rest.isMultiple(of: 2) { result *= square }
    square *= square
    rest /= 2
  }
  return result
}
