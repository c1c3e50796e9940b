// SPDX-License-Identifier: Apache-2.0

extension Graph {
  /// The graph of an optimizer's step on the states that `gradient(of:in:)` names.
  ///
  /// Input `rates` `[4]`, see `AdamW`. Outputs: `loss` `[1]`, what the state `loss_sum` had, and `squared_norm` `[1]` of the
  /// gradients. Afterwards the gradients are 0, unless their norm is not finite; then nothing but the loss has changed.
  ///
  /// - Throws: `GraphError.badAttribute` for numbers of the optimizer that make no sense.
  public static func update(_ layout: ParameterLayout, _ adamW: AdamW) throws(GraphError) -> Graph {
    typealias Name = ParameterLayout.StateName
    var graph = Graph()
    let shape: Shape = [.fixed(layout.elementCount)]
    var states: [Value] = []
    for name in [Name.weights, Name.gradients, Name.firstMoments, Name.secondMoments] {
      states.append(try graph.state(name, shape))
    }
    let norm = try graph.apply(.optimizer(.squaredNorm), [states[1]], scope: "optimizer")
    try graph.output("squared_norm", norm)
    let rates = try graph.input("rates", [4], .real)
    for state in try graph.applyAll(.optimizer(.adamW(adamW)), states + [norm, rates], scope: "optimizer") {
      try graph.effect(state)
    }
    let sum = try graph.state(Name.loss, [1])
    try graph.output("loss", try graph.apply(.weightedSum([1]), [sum], scope: "optimizer"))
    try graph.effect(try graph.apply(.optimizer(.clear), [sum], scope: "optimizer"))
    return graph
  }

  /// This graph, which also adds an output of one number to the state `loss_sum`.
  ///
  /// - Parameter weight: factor of the output: a batch's share of the step.
  /// - Throws: `GraphError.unknownOutput`.
  public func summing(_ name: String, times weight: Double) throws(GraphError) -> Graph {
    var graph = self
    guard let output = outputs.first(where: { $0.name == name })?.value else {
      throw .unknownOutput(name, known: outputs.map(\.name))
    }
    let sum = try graph.state(ParameterLayout.StateName.loss, [1])
    let share = weight == 1 ? output : try graph.apply(.weightedSum([weight]), [output], scope: "loss")
    try graph.effect(try graph.apply(.optimizer(.accumulate), [sum, share], scope: "loss"))
    return graph
  }
}
