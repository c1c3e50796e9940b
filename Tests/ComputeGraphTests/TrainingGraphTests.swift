// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import TestSupport
import Testing

/// What the graph says of training before anything runs: groups of ids, views, changes in place, what has no gradient.
@Suite struct TrainingGraphTests {
  /// The groups that a run makes of ids.
  private func groups(_ ids: [Int32], ignoring ignored: Int32? = nil) throws -> [[Int32]] {
    var graph = Graph()
    let values = try graph.input("ids", [.tokens], .int32)
    let groups = try graph.rowGroups(of: values, ignoring: ignored)
    let table = try graph.state("table", [50, 3])
    let dy = try graph.input("dy", [.tokens, 3], .real)
    try graph.effect(
      graph.apply(.gradient(.embedding), [table, dy, groups.rows, groups.starts, groups.order]))
    let sizes: Dimensions = [.tokens: ids.count]
    let inputs = try RunInputs(
      dimensions: sizes,
      tensors: [
        "ids": .int32(ids), "dy": Tensor(.float32([Float](repeating: 1, count: 3 * ids.count)), shape: [ids.count, 3]),
      ])
    let tensors = try inputs.tensors(for: Plan(graph, sizes, outputs: []), of: graph)
    return try [groups.rows, groups.starts, groups.order].map { value in
      guard case .int32(let elements)? = tensors.first(where: { $0.value == value })?.tensor.storage else {
        throw GraphError.missingInput("row groups")
      }
      return elements
    }
  }

  @Test func idsAreGroupedInTheirOrder() throws {
    #expect(try groups([7, 3, 7, 0, 3, 7]) == [[0, 3, 7, 0, 0, 0], [0, 1, 3, 6, 6, 6, 6], [3, 1, 4, 0, 2, 5]])
    #expect(try groups([4]) == [[4], [0, 1], [0]])
    #expect(try groups([]) == [[], [0], []])
    #expect(try groups([2, 1, 0]) == [[0, 1, 2], [0, 1, 2, 3], [2, 1, 0]])
  }

  @Test func anIgnoredIdHasNoGroup() throws {
    #expect(try groups([7, 3, 7, 0], ignoring: 7) == [[0, 3, 0, 0], [0, 1, 2, 2, 2], [3, 1, 0, 0]])
    #expect(try groups([5, 5], ignoring: 5) == [[0, 0], [0, 0, 0], [0, 0]])
    #expect(try groups([5, 6], ignoring: 9) == groups([5, 6]))
  }

  @Test func groupsOfAnInputAreMadeOnce() throws {
    var graph = Graph()
    let ids = try graph.input("ids", [.tokens], .int32)
    let first = try graph.rowGroups(of: ids)
    #expect(try graph.rowGroups(of: ids) == first)
    #expect(try graph.rowGroups(of: ids, ignoring: 0) != first)
    #expect(graph.rowGroups.count == 2)
    let matrix = try graph.input("matrix", [.tokens, 2], .int32)
    let reals = try graph.input("reals", [.tokens], .real)
    for value in [matrix, reals] { #expect(throws: GraphError.self) { try graph.rowGroups(of: value) } }
  }

  @Test func viewsLieWithinTheirState() throws {
    var graph = Graph()
    let state = try graph.state("weights", [1024])
    let view = try graph.view(of: state, offset: 512, [16, 32])
    #expect(graph.type(of: view) == TensorType([16, 32]))
    #expect(graph.storage(of: view) == view && graph.place(ofStorage: view) == (state, 512))
    let wrong: [(offset: Int, shape: [Int])] = [
      (-256, [4]), (1, [4]), (128, [4]), (1024, [1]), (512, [16, 33]), (768, [257]), (0, [0]), (0, [1025]),
      (0, [.max, 2]),
    ]
    for (offset, shape) in wrong {
      #expect(throws: GraphError.self, "\(shape) from \(offset)") { try graph.view(of: state, offset: offset, shape) }
    }
    let matrix = try graph.state("cache", [32, 32])
    let input = try graph.input("x", [1024], .real)
    for value in [matrix, input, view] {
      #expect(throws: GraphError.self) { try graph.view(of: value, offset: 0, [4]) }
    }
  }

  @Test func onlyStatesAreChanged() throws {
    var graph = Graph()
    let state = try graph.state("sum", [8])
    let x = try graph.input("x", [8], .real)
    #expect(throws: GraphError.self) { try graph.apply(.optimizer(.accumulate), [x, state]) }
    let computed = try graph.apply(.weightedSum([2]), [x])
    #expect(throws: GraphError.self) { try graph.apply(.optimizer(.accumulate), [computed, x]) }
    let sum = try graph.apply(.optimizer(.accumulate), [state, x])
    #expect(graph.storage(of: sum) == state && graph.storage(of: computed) == nil)
    for value in [x, computed, state] { #expect(throws: GraphError.self) { try graph.effect(value) } }
    for value in [x, sum, state] { #expect(throws: GraphError.self) { try graph.output("y", value) } }
    try graph.effect(sum)
    try graph.output("y", computed)
    // The effect is a step of every plan, and what nobody asks for is none.
    #expect(try Plan(graph, [:], outputs: []).steps.map(\.operation) == [.optimizer(.accumulate)])
    #expect(try Plan(graph, [:], outputs: ["y"]).steps.count == 2)
  }

  @Test func aLayoutPutsDecayedParametersFirst() throws {
    var graph = Graph()
    for (name, shape) in [("bias", [3]), ("weight", [20, 20]), ("norm", [7]), ("other", [256])] {
      _ = try graph.parameter(name, shape)
    }
    let layout = try ParameterLayout(graph) { ["weight", "other"].contains($0.name) }
    #expect(layout.places.map(\.parameter.name) == ["weight", "other", "bias", "norm"])
    #expect(layout.places.map(\.offset) == [0, 512, 768, 1024])
    #expect(layout.decayedCount == 768 && layout.elementCount == 1280)
    #expect(throws: GraphError.self) { try ParameterLayout(Graph()) { _ in true } }
  }

  @Test func equalCallsMakeEqualGraphs() throws {
    let row = try #require(OperationCase.all.first { $0.description == "add_layer_norm 13 x 37" })
    let (left, right) = try (row.prepareGradient().backward.graph, row.prepareGradient().backward.graph)
    #expect(left.nodes.map(\.operation) == right.nodes.map(\.operation))
    #expect(left.nodes.map(\.operands) == right.nodes.map(\.operands))
    #expect(left.effects == right.effects && left.sources == right.sources)
  }

  /// Rows without a gradient say why; the graph refuses the others by name.
  @Test func whatHasNoGradientIsRefused() throws {
    #expect(Set(OperationCase.all.compactMap(\.reasonForNoGradient)).count == 2)
    var graph = Graph()
    let x = try graph.input("x", [4, 6], .real)
    let weight = try graph.parameter("weight", [6, 6])
    let factors = try graph.parameter("factors", [2])
    let y = try graph.apply(.linear(activation: .identity), [x, weight])
    try graph.output("y", y)
    try graph.output("scaled", graph.apply(.scaleHeads(heads: 2), [y, factors]))
    try graph.output("target", graph.apply(.squaredError, [x, y]))
    let layout = try ParameterLayout(graph) { _ in true }
    _ = try graph.gradient(of: "y", in: layout)
    #expect(throws: GraphError.unknownOutput("z", known: ["y", "scaled", "target"])) {
      try graph.gradient(of: "z", in: layout)
    }
    #expect(throws: GraphError.missingInput("z")) { try graph.gradient(of: "y", in: layout, withRespectTo: ["z"]) }
    for output in ["scaled", "target"] {
      do {
        _ = try graph.gradient(of: output, in: layout)
        Issue.record("\(output) has a gradient")
      } catch {
        #expect("\(error)".contains("has no gradient: with respect to the"), "\(error)")
      }
    }
    var other = Graph()
    _ = try other.parameter("weight", [6, 6])
    let small = try ParameterLayout(other) { _ in true }
    #expect(throws: GraphError.unknownParameter("factors")) { try graph.gradient(of: "scaled", in: small) }
  }
}
