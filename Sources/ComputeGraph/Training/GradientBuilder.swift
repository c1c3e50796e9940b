// SPDX-License-Identifier: Apache-2.0

/// Makes the graph of a forward and a backward pass from that of a forward pass.
struct GradientBuilder {
  /// One forward step in the form in which it is differentiated.
  struct Entry {
    let operation: Operation
    let operands: [Graph.Value]
    let results: [Graph.Value]
    let scope: String
  }

  private var rewriter: GraphRewriter
  private let gradients: Graph.Value
  private let recomputation: Recomputation
  private let ignoredIds: [String: Int32]
  /// The forward pass, in order.
  private var tape: [Entry] = []
  /// The step that made a value.
  private var origins: [Graph.Value: Int] = [:]
  private var isLayerOutput: Set<Graph.Value> = []
  /// Values that parameters or asked inputs lead to.
  private var differentiable: Set<Graph.Value> = []
  private var recomputed: [Graph.Value: Graph.Value] = [:]
  /// What each value's gradient is so far.
  private var sums: [Graph.Value: Graph.Value] = [:]
  /// The view of the gradients that belongs to a view of the weights, after what was added last.
  private var parameterGradients: [Graph.Value: Graph.Value] = [:]
  /// The scope of the step that is being differentiated.
  private(set) var scope = ""

  init(
    _ graph: Graph, _ layout: ParameterLayout, recomputation: Recomputation, ignoredIds: [String: Int32]
  ) throws(GraphError) {
    rewriter = try GraphRewriter(graph, layout)
    gradients = try rewriter.edit { graph throws(GraphError) in
      try graph.state(ParameterLayout.StateName.gradients, [.fixed(layout.elementCount)])
    }
    self.recomputation = recomputation
    self.ignoredIds = ignoredIds
  }

  /// Appends both passes; see `Graph.gradient`.
  mutating func build(of name: String, withRespectTo inputs: [String]) throws(GraphError) -> Graph {
    let source = rewriter.source
    guard let output = source.outputs.first(where: { $0.name == name })?.value else {
      throw .unknownOutput(name, known: source.outputs.map(\.name))
    }
    var asked: [(name: String, value: Graph.Value)] = []
    for input in inputs {
      guard let value = source.inputs.first(where: { $0.name == input })?.value else { throw .missingInput(input) }
      asked.append((input, try rewriter.value(value)))
    }
    differentiable = Set(asked.map(\.value))
    let boundaries = Set(source.outputs.filter { $0.name.hasPrefix("hidden_states.") }.map(\.value))
    for node in rewriter.nodes(leadingTo: output) {
      let results = try forward(node)
      for (old, new) in zip(node.results, results) {
        rewriter.set(old, to: new)
        if boundaries.contains(old) { isLayerOutput.insert(new) }
      }
    }
    let loss = try rewriter.value(output)
    try edit { graph throws(GraphError) in try graph.output(name, loss) }
    let type = source.type(of: output)
    sums[loss] = try edit { graph throws(GraphError) in
      try graph.input(Graph.gradientName(of: name), type.shape, type.element)
    }
    for entry in tape.reversed() {
      let results = entry.results.map { sums[$0] }
      guard results.contains(where: { $0 != nil }), entry.results.contains(where: differentiable.contains) else {
        continue
      }
      scope = entry.scope
      try backward(entry, results)
    }
    for (name, value) in asked {
      guard var gradient = sums[value] else { throw .notDifferentiable(operation: "input", "nothing reads \(name)") }
      // An output is computed: what the run brings came back as it is through sums alone.
      if case .input = rewriter.target.source(of: gradient) { gradient = try apply(.weightedSum([1]), [gradient]) }
      try edit { graph throws(GraphError) in try graph.output(Graph.gradientName(of: name), gradient) }
    }
    // In the order of the steps, so that equal calls make equal graphs.
    for value in parameterGradients.values.sorted(by: { $0.index < $1.index }) {
      if case .result = rewriter.target.source(of: value) {
        try edit { graph throws(GraphError) in try graph.effect(value) }
      }
    }
    return rewriter.target
  }

  // MARK: Forward

  /// Appends a step in the form whose backward pass has all that it needs.
  private mutating func forward(_ node: Graph.Node) throws(GraphError) -> [Graph.Value] {
    var operands: [Graph.Value] = []
    for operand in node.operands { operands.append(try rewriter.value(operand)) }
    let scope = node.scope
    switch node.operation {
    case .embeddingLayerNorm(let embeddings):
      let places = embeddings.operands
      let sum = try record(.embeddingSum(embeddings), embeddings.sumOperands.map { operands[$0] }, scope)
      return try record(
        .layerNorm(epsilon: embeddings.epsilon), sum + [operands[places.weight], operands[places.bias]], scope)
    case .linear(let activation) where activation != .identity:
      let product = try record(.linear(activation: .identity), operands, scope)
      return try record(.biasActivation(activation), product, scope)
    case .feedForward(let activation, _):
      let wide = try record(.linear(activation: .identity), Array(operands[0...2]), scope)
      let activated = try record(.biasActivation(activation), wide, scope)
      return try record(.linear(activation: .identity), activated + operands[3...4], scope)
    case .attention(let attention): return try record(.trainingAttention(TrainingAttention(attention)), operands, scope)
    default: return try record(node.operation, operands, scope)
    }
  }

  private mutating func record(
    _ operation: Operation, _ operands: [Graph.Value], _ scope: String
  ) throws(GraphError) -> [Graph.Value] {
    let results = try rewriter.apply(operation, operands, scope: scope)
    for result in results { origins[result] = tape.count }
    tape.append(Entry(operation: operation, operands: operands, results: results, scope: scope))
    if operands.contains(where: { isParameter($0) || differentiable.contains($0) }) {
      differentiable.formUnion(results)
    }
    return results
  }

  // MARK: Backward, for the rules

  mutating func edit<T>(_ body: (inout Graph) throws(GraphError) -> T) throws(GraphError) -> T {
    try rewriter.edit(body)
  }

  mutating func apply(_ operation: Operation, _ operands: [Graph.Value]) throws(GraphError) -> Graph.Value {
    try rewriter.apply(operation, operands, scope: scope)[0]
  }

  mutating func applyAll(_ operation: Operation, _ operands: [Graph.Value]) throws(GraphError) -> [Graph.Value] {
    try rewriter.apply(operation, operands, scope: scope)
  }

  func type(of value: Graph.Value) -> TensorType { rewriter.target.type(of: value) }

  func isParameter(_ value: Graph.Value) -> Bool {
    guard case .view(let state, _) = rewriter.target.source(of: value) else { return false }
    return state == rewriter.weights
  }

  /// Whether an operand's gradient is of use.
  func isWanted(_ value: Graph.Value) -> Bool { isParameter(value) || differentiable.contains(value) }

  /// A forward value for the backward pass: as it was kept, or computed once more.
  mutating func kept(_ value: Graph.Value) throws(GraphError) -> Graph.Value {
    if let known = recomputed[value] { return known }
    guard let origin = origins[value] else { return value }
    let entry = tape[origin]
    let isOutput = entry.results.contains(where: isLayerOutput.contains)
    guard recomputation.recomputes(entry.operation, scope: entry.scope, isLayerOutput: isOutput) else { return value }
    var operands: [Graph.Value] = []
    for operand in entry.operands { operands.append(try kept(operand)) }
    let results = try rewriter.apply(entry.operation, operands, scope: entry.scope)
    for (old, new) in zip(entry.results, results) { recomputed[old] = new }
    return recomputed[value] ?? value
  }

  /// What an operand's gradient is so far; nil for nothing.
  func sum(of value: Graph.Value) -> Graph.Value? { sums[value] }

  /// Makes a gradient the whole of an operand's: it holds what was there before.
  mutating func replace(_ value: Graph.Value, with gradient: Graph.Value) { sums[value] = gradient }

  /// Adds to an operand's gradient; a parameter's is added to in place.
  mutating func add(_ gradient: Graph.Value, to value: Graph.Value) throws(GraphError) {
    guard isWanted(value) else { return }
    if isParameter(value) {
      try change(value) { view in (.optimizer(.accumulate), [view, gradient]) }
    } else if let sum = sums[value] {
      sums[value] = try apply(.weightedSum([1, 1]), [sum, gradient])
    } else {
      sums[value] = gradient
    }
  }

  /// Changes the gradient of a parameter in place, by an operation of one result.
  mutating func change(
    _ parameter: Graph.Value, _ step: (Graph.Value) -> (Operation, [Graph.Value])
  ) throws(GraphError) {
    let (operation, operands) = step(try gradient(ofParameter: parameter))
    parameterGradients[parameter] = try apply(operation, operands)
  }

  mutating func setGradient(ofParameter parameter: Graph.Value, to value: Graph.Value) {
    parameterGradients[parameter] = value
  }

  /// The view of the gradients that belongs to a parameter.
  ///
  /// - Throws: `GraphError.notDifferentiable` for a value that is no parameter.
  mutating func gradient(ofParameter parameter: Graph.Value) throws(GraphError) -> Graph.Value {
    if let known = parameterGradients[parameter] { return known }
    guard case .view(_, let offset) = rewriter.target.source(of: parameter), isParameter(parameter) else {
      throw .notDifferentiable(operation: scope, "an operand that should be a parameter is none")
    }
    let shape = try type(of: parameter).shape.resolved([:])  // no batch changes a parameter
    let gradients = gradients
    let view = try edit { graph throws(GraphError) in try graph.view(of: gradients, offset: offset, shape) }
    parameterGradients[parameter] = view
    return view
  }

  /// The groups of equal ids of an operand.
  mutating func rowGroups(of ids: Graph.Value) throws(GraphError) -> [Graph.Value] {
    var ignored: Int32?
    if case .input(let name) = rewriter.target.source(of: ids) { ignored = ignoredIds[name] }
    return try edit { graph throws(GraphError) in try graph.rowGroups(of: ids, ignoring: ignored).values }
  }
}

extension Graph {
  /// The graph of a forward and a backward pass.
  ///
  /// Parameters are read from the state `weights`; their gradients are added to the state `gradients` by every run, whatever
  /// outputs it is asked for, both laid out as `layout` says. The run brings the gradient that the output has from what comes
  /// behind it as input `<output> gradient`, of the output's shape: 1 for a loss, or a batch's share of a mean over several.
  ///
  /// - Parameters:
  ///   - name: an output; it stays one.
  ///   - recomputation: what is not kept from the forward pass.
  ///   - inputs: real inputs whose gradients become outputs `<input> gradient`.
  ///   - ignoredIds: by the name of an input of ids, the one whose embedding gets no gradient: PyTorch's `padding_idx`.
  /// - Throws: `GraphError.notDifferentiable` for an operation that has no rule; `.unknownOutput`, `.missingInput`.
  public func gradient(
    of name: String, in layout: ParameterLayout, recomputation: Recomputation = .none,
    withRespectTo inputs: [String] = [], ignoredIds: [String: Int32] = [:]
  ) throws(GraphError) -> Graph {
    var builder = try GradientBuilder(self, layout, recomputation: recomputation, ignoredIds: ignoredIds)
    return try builder.build(of: name, withRespectTo: inputs)
  }

  /// The name of the input, or output, that holds a value's gradient.
  public static func gradientName(of name: String) -> String { name + " gradient" }
}
