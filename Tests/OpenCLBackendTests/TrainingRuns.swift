// SPDX-License-Identifier: Apache-2.0
import CPUBackend
import ComputeGraph
import OpenCLBackend
import TestSupport
import Testing

/// M, N and K of `dy [M, N]`, `W [N, K]`, `x [M, K]`.
struct ProductSize: CustomStringConvertible {
  let rows: Int
  let columns: Int
  let depth: Int

  init(_ rows: Int, _ columns: Int, _ depth: Int) { (self.rows, self.columns, self.depth) = (rows, columns, depth) }

  var description: String { "\(rows) x \(columns) x \(depth)" }
}

extension PreparedRun {
  /// Compares the outputs and the states after a run with the oracle's.
  func compare(_ executor: OpenCLExecutor, _ what: String, within tolerance: Double = 1e-6) async throws {
    let wanted = try await run(on: CPUExecutor<Double>())
    let found = try await run(on: executor)
    #expect(found.keys.sorted() == wanted.keys.sorted(), "\(what)")
    for (name, tensor) in wanted {
      let other = try #require(found[name])
      #expect(other.shape == tensor.shape, "\(what): \(name)")
      #expect(relativeError(other.doubles, tensor.doubles) <= tolerance, "\(what): \(name)")
    }
  }

  /// Both gradients of a dense layer, the weight's added to what is in a state.
  static func gradients(_ size: ProductSize, hasAddend: Bool) throws -> PreparedRun {
    var graph = Graph()
    var generator = SeededGenerator(seed: 3)
    let (columns, depth) = (size.columns, size.depth)
    var inputs = RunInputs(dimensions: [.tokens: size.rows], tensors: [:])
    var states: [String: Tensor] = [:]
    // Drawn for the most rows, so that a batch of fewer begins with the same.
    func input(_ name: String, _ width: Int) throws -> Graph.Value {
      let numbers = normal(1030 * width, &generator).prefix(size.rows * width)
      inputs.tensors[name] = try Tensor(.float32(Array(numbers)), shape: [size.rows, width])
      return try graph.input(name, [.tokens, .fixed(width)], .real)
    }
    let (dy, x) = (try input("dy", columns), try input("x", depth))
    let addend = hasAddend ? [try input("addend", depth)] : []
    let stride = (columns * depth + Graph.viewAlignment - 1) / Graph.viewAlignment * Graph.viewAlignment
    for name in ["weights", "gradients"] {
      states[name] = try Tensor(.float32(normal(2 * stride, &generator)), shape: [2 * stride])
    }
    let weights = try graph.state("weights", [.fixed(2 * stride)])
    let gradients = try graph.state("gradients", [.fixed(2 * stride)])
    let weight = try graph.view(of: weights, offset: stride, [columns, depth])
    let gradient = try graph.view(of: gradients, offset: stride, [columns, depth])
    try graph.output("dx", graph.apply(.gradient(.linearInput), [dy, weight] + addend))
    try graph.effect(try graph.apply(.gradient(.linearWeight), [gradient, dy, x]))
    return PreparedRun(graph: graph, inputs: inputs, states: states)
  }

  /// A dense layer and a feed-forward block on weights in a state.
  static func forward(_ size: ProductSize) throws -> PreparedRun {
    var graph = Graph()
    var generator = SeededGenerator(seed: 4)
    let (rows, columns, depth) = (size.rows, size.columns, size.depth)
    let shapes = [[columns, depth], [columns], [depth, columns], [depth]]
    let unit = Graph.viewAlignment
    let sizes = shapes.map { ($0.reduce(1, *) + unit - 1) / unit * unit }
    let count = sizes.reduce(0, +)
    let state = try graph.state("weights", [.fixed(count)])
    var views: [Graph.Value] = []
    for (index, shape) in shapes.enumerated() {
      views.append(try graph.view(of: state, offset: sizes[..<index].reduce(0, +), shape))
    }
    let x = try graph.input("x", [.tokens, .fixed(depth)], .real)
    try graph.output("y", graph.apply(.linear(activation: .relu), [x, views[0], views[1]]))
    try graph.output("z", graph.apply(.feedForward(activation: .identity, chunk: 5), [x] + views))
    return PreparedRun(
      graph: graph,
      inputs: RunInputs(
        dimensions: [.tokens: rows, .sequences: 1],
        tensors: ["x": try Tensor(.float32(normal(rows * depth, &generator)), shape: [rows, depth])]),
      states: ["weights": try Tensor(.float32(normal(count, &generator)), shape: [count])])
  }

  /// A step on three parameters, two of which are decayed.
  static func step(_ scale: Float, _ maxGradNorm: Double?) throws -> PreparedRun {
    var model = Graph()
    for (name, shape) in [("a", [97, 129]), ("b", [3]), ("c", [4097])] { _ = try model.parameter(name, shape) }
    let layout = try ParameterLayout(model) { $0.name != "b" }
    let graph = try Graph.update(layout, AdamW(decayed: layout.decayedCount, maxGradNorm: maxGradNorm))
    var generator = SeededGenerator(seed: 6)
    var states = ["loss_sum": try Tensor(.float32([2.5]), shape: [1])]
    for name in ["weights", "gradients", "first_moments", "second_moments"] {
      var numbers = normal(layout.elementCount, &generator)
      // Not all of them: one is enough to spoil the norm.
      if name == "gradients", !scale.isFinite { numbers[5000] = scale }
      if name == "gradients", scale.isFinite { numbers = numbers.map { $0 * scale } }
      if name == "second_moments" { numbers = numbers.map { $0 * $0 } }
      states[name] = try Tensor(.float32(numbers), shape: [layout.elementCount])
    }
    let rates = try Tensor(.float32([1e-2, 1 / (1 - 0.729), 18.27, 1e-4]), shape: [4])
    return PreparedRun(graph: graph, inputs: RunInputs(dimensions: [:], tensors: ["rates": rates]), states: states)
  }
}
