// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// One run of one plan: where every operand lies, and the walk over the operations.
struct CPURun<Scalar: CPUScalar> {
  typealias Operand = UnsafePointer<Scalar>
  typealias Result = UnsafeMutablePointer<Scalar>

  private let graph: Graph
  private let plan: Plan
  private let parameters: [Graph.Value: [Scalar]]
  private let reals: [Graph.Value: [Scalar]]
  private let integers: [Graph.Value: [Int32]]
  private let bytes: [Graph.Value: [UInt8]]
  private let states: [Graph.Value: Result]
  private let arena: UnsafeMutableRawPointer

  init(
    graph: Graph, plan: Plan, parameters: [Graph.Value: [Scalar]], inputs: [(value: Graph.Value, tensor: Tensor)],
    states: [Graph.Value: Result], arena: UnsafeMutableRawPointer
  ) {
    self.graph = graph
    self.plan = plan
    self.parameters = parameters
    self.states = states
    self.arena = arena
    var reals: [Graph.Value: [Scalar]] = [:]
    var integers: [Graph.Value: [Int32]] = [:]
    var bytes: [Graph.Value: [UInt8]] = [:]
    for (value, tensor) in inputs {
      switch tensor.storage {
      case .float32, .float64: reals[value] = Scalar.elements(of: tensor)
      case .int32(let elements): integers[value] = elements
      case .uint8(let elements): bytes[value] = elements
      }
    }
    (self.reals, self.integers, self.bytes) = (reals, integers, bytes)
  }

  /// Walks one step. Adding an operation without a case here does not compile.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func execute(_ step: Plan.Step) {
    switch step.operation {
    case .embeddingLayerNorm(let embeddings): embeddingLayerNorm(step, embeddings)
    case .linear(let activation): linear(step, activation)
    case .biasActivation(let activation): biasActivation(step, activation)
    case .feedForward(let activation, _): feedForward(step, activation)
    case .addLayerNorm(let epsilon): addLayerNorm(step, epsilon)
    case .layerNorm(let epsilon): layerNorm(step, epsilon)
    case .maskedSoftmax(let scale): maskedSoftmax(step, scale)
    case .attention(let attention): self.attention(step, attention)
    case .attentionProbabilities(let probabilities): attentionProbabilities(step, probabilities)
    case .attentionContext(let attention): attentionContext(step, attention)
    case .scaleHeads(let heads): scaleHeads(step, heads)
    case .gatherRows: gatherRows(step)
    case .storeRows(let column): storeRows(step, column)
    case .pooling(let modes): pooling(step, modes)
    case .l2Normalize(let epsilon): l2Normalize(step, epsilon)
    case .crossEntropy: crossEntropy(step)
    case .segmentCrossEntropy(let column): segmentCrossEntropy(step, column)
    case .squaredError: squaredError(step)
    case .binaryCrossEntropy: binaryCrossEntropy(step)
    case .mean: mean(step)
    case .weightedSum(let weights): weightedSum(step, weights)
    case .embeddingSum(let embeddings): embeddingSum(step, embeddings)
    case .dropout(let dropout): self.dropout(step, dropout)
    case .trainingAttention(let training): trainingAttention(step, training)
    case .gradient(let gradient): self.gradient(step, gradient)
    case .optimizer(let optimizer): self.optimizer(step, optimizer)
    }
  }

  /// Where a step's result is written.
  func result(_ value: Graph.Value) -> Result {
    if let storage = graph.storage(of: value) {
      let (state, offset) = graph.place(ofStorage: storage)
      guard let memory = states[state] else { preconditionFailure("no memory for state \(state.index)") }
      return memory + offset
    }
    guard let slot = plan.slots[value] else { preconditionFailure("the plan has no slot for value \(value.index)") }
    return (arena + slot.offset).assumingMemoryBound(to: Scalar.self)
  }

  /// What a step may write down while it runs.
  func scratch(_ step: Plan.Step) -> Result {
    guard let slot = step.scratch else { preconditionFailure("the plan has no scratch for \(step.operation.name)") }
    return (arena + slot.offset).assumingMemoryBound(to: Scalar.self)
  }

  /// Calls `body` with the elements of a real operand, wherever they lie.
  func withReals<T>(_ step: Plan.Step, _ index: Int, _ body: (Operand) -> T) -> T {
    let value = step.operands[index]
    guard let array = parameters[value] ?? reals[value] else { return body(Operand(result(value))) }
    return array.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return body(Operand(result(value))) }
      return body(start)
    }
  }

  /// Calls `body` with the elements of several real operands.
  func withReals(_ step: Plan.Step, _ indices: [Int], _ body: ([Operand]) -> Void) {
    func collect(_ rest: ArraySlice<Int>, _ found: [Operand]) {
      guard let next = rest.first else { return body(found) }
      withReals(step, next) { collect(rest.dropFirst(), found + [$0]) }
    }
    collect(indices[...], [])
  }

  func integers(_ step: Plan.Step, _ index: Int) -> [Int32] { integers[step.operands[index]] ?? [] }
  func bytes(_ step: Plan.Step, _ index: Int) -> [UInt8] { bytes[step.operands[index]] ?? [] }

  /// The shape of a value. The graph has checked it, the plan has resolved it.
  func sizes(_ value: Graph.Value) -> [Int] {
    let shape = graph.type(of: value).shape
    guard let sizes = try? shape.resolved(plan.dimensions) else {
      preconditionFailure("\(shape) is nothing that the plan resolved")
    }
    return sizes
  }

  var dimensions: Dimensions { plan.dimensions }

  /// Rows and columns of an operand that is a matrix. The graph has checked the shape, the plan has resolved it.
  func matrix(_ value: Graph.Value) -> (rows: Int, columns: Int) {
    let shape = graph.type(of: value).shape
    guard let sizes = try? shape.resolved(plan.dimensions), sizes.count == 2 else {
      preconditionFailure("\(shape) is no matrix that the plan resolved")
    }
    return (sizes[0], sizes[1])
  }

  /// Ranges of rows that belong to one sequence each, cut to at most `grain` rows counted from the sequence's start.
  func rowBlocks(of value: Graph.Value, grain: Int) -> [Range<Int>] {
    let rows = matrix(value).rows
    var boundaries = [0, rows]
    if case .symbol(let symbol, plus: 0) = graph.type(of: value).shape.dimensions[0] {
      if let offsets = graph.segments[symbol].flatMap({ integers[$0] }) {
        boundaries = offsets.map(Int.init)
      } else {
        boundaries = Array(0...rows)  // rows that are a sequence each
      }
    }
    return zip(boundaries, boundaries.dropFirst()).flatMap { start, end in
      stride(from: start, to: end, by: grain).map { $0..<min($0 + grain, end) }
    }
  }
}
