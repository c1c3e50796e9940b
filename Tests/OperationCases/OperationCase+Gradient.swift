// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension OperationCase {
  /// Why a row has no gradient; nil for the others.
  public var reasonForNoGradient: String? {
    switch operation {
    case .storeRows: "caches are not trained"
    case .gradient: "a gradient is not differentiated again"
    case .optimizer: "no loss comes behind an optimizer's step"
    default: nil
    }
  }

  /// Every row that has a gradient.
  public static let differentiable = all.filter { $0.reasonForNoGradient == nil }

  /// Those small enough for a simulator; of dense layers with an activation one, since each activation has rows of its own.
  public static let smallGradients = small.filter { row in
    guard row.reasonForNoGradient == nil, row.realCount <= 10_000 else { return false }
    if case .linear(let activation) = row.operation { return [.identity, .geluErf].contains(activation) }
    return true
  }

  /// Real numbers in all operands.
  private var realCount: Int {
    operands.reduce(0) { count, operand in
      switch operand {
      case .parameter(let shape): count + shape.reduce(1, *)
      case .real(let extents): count + ((try? Shape(extents).elementCount(dimensions)) ?? 0)
      default: count
      }
    }
  }

  /// Real operands that an operation has no rule for.
  private var fixedOperands: Set<Int> {
    switch operation {
    case .scaleHeads: [1]  // head masks are given, not learned
    case .squaredError, .binaryCrossEntropy: [1]  // targets
    default: []
    }
  }

  /// The row's gradient with respect to every real operand that the operation has a rule for, and its forward pass on
  /// the same states.
  public func prepareGradient(seed: UInt64 = 1) throws -> PreparedGradient {
    // What is not differentiated must be no parameter, since a gradient has those of all parameters.
    let operands = operands.enumerated().map { index, operand in
      guard fixedOperands.contains(index), case .parameter(let shape) = operand else { return operand }
      return .real(shape.map(Dimension.fixed))
    }
    var (graph, parameters, inputs) = try OperationCase(operation, what, operands, dimensions).build(seed: seed)
    if graph.parameters.isEmpty {
      _ = try graph.parameter("unused", [1])  // a layout has a parameter at least
      parameters.tensors["unused"] = [1]
    }
    let asked = operands.enumerated().compactMap { index, operand -> String? in
      guard case .real = operand, !fixedOperands.contains(index) else { return nil }
      return "operand\(index)"
    }
    return try PreparedGradient(graph, parameters, inputs, withRespectTo: asked)
  }
}

/// A graph's forward pass and its backward pass, both on weights that lie in one state.
public struct PreparedGradient: Sendable {
  public let layout: ParameterLayout
  /// The forward pass as it was given, with output `result`.
  public var forward: PreparedRun
  /// Both passes; the input `result gradient` is random, and the gradients begin as zeros.
  public var backward: PreparedRun
  /// Inputs whose gradients are outputs.
  public let asked: [String]

  /// - Parameters:
  ///   - graph: with an output `result`.
  ///   - asked: real inputs.
  public init(
    _ graph: Graph, _ parameters: ParameterTable, _ inputs: RunInputs, withRespectTo asked: [String],
    recomputation: Recomputation = .none, ignoredIds: [String: Int32] = [:]
  ) throws {
    typealias Name = ParameterLayout.StateName
    layout = try ParameterLayout(graph) { _ in true }
    self.asked = asked
    var weights = [Float](repeating: 0, count: layout.elementCount)
    for place in layout.places {
      let elements = place.parameter.parts.flatMap { parameters.tensors[$0.key] ?? [] }
      weights.replaceSubrange(place.range, with: elements)
    }
    let state = try Tensor(.float32(weights), shape: [layout.elementCount])
    forward = PreparedRun(
      graph: try graph.onWeights(in: layout), parameters: ParameterTable(), inputs: inputs,
      states: [Name.weights: state], outputs: ["result"])

    let gradient = try graph.gradient(
      of: "result", in: layout, recomputation: recomputation, withRespectTo: asked, ignoredIds: ignoredIds)
    var inputs = inputs
    let name = Graph.gradientName(of: "result")
    guard let value = gradient.inputs.first(where: { $0.name == name })?.value else {
      throw GraphError.missingInput(name)
    }
    let shape = try gradient.type(of: value).shape.resolved(inputs.dimensions)
    var generator = SeededGenerator(seed: 3)
    inputs.tensors[name] = try Tensor(.float32(normal(shape.reduce(1, *), &generator)), shape: shape)
    let zeros = [Float](repeating: 0, count: layout.elementCount)
    backward = PreparedRun(
      graph: gradient, parameters: ParameterTable(), inputs: inputs,
      states: [Name.weights: state, Name.gradients: try Tensor(.float32(zeros), shape: [layout.elementCount])],
      outputs: ["result"] + asked.map(Graph.gradientName))
  }

  /// Fills the gradients' state with random numbers, to which a run must add.
  public mutating func startWithRandomGradients() throws {
    var generator = SeededGenerator(seed: 4)
    let elements = normal(layout.elementCount, &generator)
    backward.states[ParameterLayout.StateName.gradients] = try Tensor(
      .float32(elements), shape: [layout.elementCount])
  }

  /// Runs both passes.
  ///
  /// - Returns: by operand, what the run adds to; of a parameter what its gradient's place holds afterwards.
  public func runGradient(on executor: some Executor) async throws -> [String: [Double]] {
    gradients(in: try await backward.run(on: executor))
  }

  /// The gradients in what a run of `backward` gives, by operand.
  public func gradients(in results: [String: Tensor]) -> [String: [Double]] {
    var gradients: [String: [Double]] = [:]
    for name in asked { gradients[name] = results[Graph.gradientName(of: name)]?.doubles }
    let state = results[ParameterLayout.StateName.gradients]?.doubles ?? []
    for place in layout.places where !state.isEmpty { gradients[place.parameter.name] = Array(state[place.range]) }
    return gradients
  }

  /// Everything in the gradients' state that belongs to no parameter.
  public func gaps(in state: Tensor) -> [Double] {
    var isGap = [Bool](repeating: true, count: layout.elementCount)
    for place in layout.places { for index in place.range { isGap[index] = false } }
    return zip(state.doubles, isGap).compactMap { $1 ? $0 : nil }
  }
}
