// SPDX-License-Identifier: Apache-2.0

/// Writes a graph anew with its parameters in one flat state, which training changes.
struct GraphRewriter {
  let source: Graph
  let layout: ParameterLayout
  private(set) var target = Graph()
  let weights: Graph.Value
  /// What the source's values are in the target.
  private var values: [Graph.Value: Graph.Value] = [:]

  init(_ source: Graph, _ layout: ParameterLayout) throws(GraphError) {
    self.source = source
    self.layout = layout
    weights = try target.state(ParameterLayout.StateName.weights, [.fixed(layout.elementCount)])
  }

  /// A source's value in the target: inputs and parameters are made there when they are first asked for.
  mutating func value(_ value: Graph.Value) throws(GraphError) -> Graph.Value {
    if let known = values[value] { return known }
    let type = source.type(of: value)
    let made: Graph.Value
    switch source.source(of: value) {
    case .parameter(let parameter):
      let place = try layout.place(of: parameter)
      made = try target.view(of: weights, offset: place.offset, place.shape)
    case .input(let name):
      let symbol = source.segments.first { $0.value == value }?.key
      made = try target.input(name, type.shape, type.element, segmenting: symbol)
    case .state(let name): made = try target.state(name, type.shape)
    case .view, .result: throw .notDifferentiable(operation: "graph", "it was made for training already")
    }
    values[value] = made
    return made
  }

  mutating func set(_ value: Graph.Value, to made: Graph.Value) { values[value] = made }

  /// Steps that lead to a value, in order.
  func nodes(leadingTo value: Graph.Value) -> [Graph.Node] {
    var needed = Set<Int>()
    var pending = [value]
    while let next = pending.popLast() {
      if case .result(let node) = source.source(of: next), needed.insert(node).inserted {
        pending += source.nodes[node].operands
      }
    }
    return needed.sorted().map { source.nodes[$0] }
  }

  mutating func apply(
    _ operation: Operation, _ operands: [Graph.Value], scope: String
  ) throws(GraphError) -> [Graph.Value] {
    try target.applyAll(operation, operands, scope: scope)
  }
}

extension GraphRewriter {
  /// For `GradientBuilder`, which appends to the target.
  mutating func edit<T>(_ body: (inout Graph) throws(GraphError) -> T) throws(GraphError) -> T { try body(&target) }
}

extension Graph {
  /// The same computation on parameters that lie in the state `weights`: how a model is evaluated while it is trained.
  ///
  /// - Throws: `GraphError.unknownParameter` for a parameter that the layout does not have.
  public func onWeights(in layout: ParameterLayout) throws(GraphError) -> Graph {
    var rewriter = try GraphRewriter(self, layout)
    for node in nodes {
      var operands: [Value] = []
      for operand in node.operands { operands.append(try rewriter.value(operand)) }
      let made = try rewriter.apply(node.operation, operands, scope: node.scope)
      for (old, new) in zip(node.results, made) { rewriter.set(old, to: new) }
    }
    for (name, value) in outputs {
      let value = try rewriter.value(value)
      try rewriter.edit { graph throws(GraphError) in try graph.output(name, value) }
    }
    return rewriter.target
  }
}
