// SPDX-License-Identifier: Apache-2.0
import CPUBackend
import ComputeGraph
import OpenCLBackend
import OpenCLRuntime
import TestSupport
import Testing

/// The matrix products of training beyond what the table of operations has: sizes at which CPU devices choose another
/// layout, weights that lie in a state, bits that must not depend on the batch, CLBlast.
@Suite struct TrainingProductTests {
  /// M, N and K of `dy [M, N]`, `W [N, K]`, `x [M, K]`.
  struct Size: CustomStringConvertible {
    let rows: Int
    let columns: Int
    let depth: Int

    init(_ rows: Int, _ columns: Int, _ depth: Int) { (self.rows, self.columns, self.depth) = (rows, columns, depth) }

    var description: String { "\(rows) x \(columns) x \(depth)" }
  }

  /// Odd ones; widths of whole panels, which are read where they lie; so many rows and so great a depth that even those are
  /// packed, in the input's gradient and in the weight's.
  static let sizes = [
    Size(1, 1, 1), Size(5, 3, 17), Size(67, 129, 97), Size(16, 48, 96), Size(13, 20, 48), Size(520, 1030, 48),
    Size(1030, 520, 48), Size(0, 7, 48), Size(0, 7, 5),
  ]

  @Test(arguments: KernelForm.allCases) func gradientsAgreeWithTheOracle(form: KernelForm) async throws {
    let executor = try form.executor()
    for size in Self.sizes {
      for hasAddend in [false, true] {
        let run = try gradients(size, hasAddend: hasAddend)
        try await run.compare(executor, "\(size)")
      }
    }
  }

  @Test func gradientsOnCLBlastAgreeWithTheOracle() async throws {
    let executor = try KernelForm.groups.executor(.clblast)
    for size in [Size(5, 3, 17), Size(16, 48, 96), Size(0, 7, 5)] {
      for hasAddend in [false, true] {
        try await gradients(size, hasAddend: hasAddend).compare(executor, "\(size)")
      }
    }
  }

  /// A row of the input's gradient has the same bits in every batch, whichever layout the batch's size asks for.
  @Test(arguments: [KernelForm.native, .vectors8, .groups])
  func rowsDoNotDependOnTheBatch(form: KernelForm) async throws {
    let executor = try form.executor()
    for (columns, depth) in [(1030, 48), (97, 33)] {
      func bits(_ rows: Int) async throws -> [UInt32] {
        let results = try await gradients(Size(rows, columns, depth), hasAddend: true).result(of: executor)
        return try #require(results["dx"]).floats.map(\.bitPattern)
      }
      let all = try await bits(600)
      for rows in [1, 7, 511, 512] {
        let some = try await bits(rows)
        #expect(some == Array(all.prefix(rows * depth)), "\(rows) rows of \(columns) x \(depth)")
      }
    }
  }

  /// Dense layers read weights from a state, which change from run to run.
  @Test(arguments: KernelForm.allCases) func weightsInAStateAgreeWithTheOracle(form: KernelForm) async throws {
    let executor = try form.executor()
    for size in [Size(1, 1, 1), Size(13, 97, 33), Size(64, 96, 48), Size(0, 3, 5)] {
      var run = try forward(size)
      try await run.compare(executor, "\(size)")
      let before = try await run.result(of: executor)
      for (name, tensor) in run.states {
        run.states[name] = try Tensor(.float32(tensor.floats.map { -2 * $0 }), shape: tensor.shape)
      }
      try await run.compare(executor, "\(size), other weights")
      if size.rows > 0 { #expect(try await run.result(of: executor)["y"] != before["y"]) }
    }
  }

  /// And give the bits that the same weights give as parameters, which the host packs.
  @Test(arguments: [KernelForm.native, .vectors4])
  func panelsOfTheDeviceAreThoseOfTheHost(form: KernelForm) async throws {
    let executor = try form.executor()
    for (rows, depth, columns) in [(13, 97, 33), (64, 96, 48), (9, 33, 130)] {
      var (graph, table) = (Graph(), ParameterTable())
      var generator = SeededGenerator(seed: 5)
      let (x, weight) = (normal(rows * depth, &generator), normal(columns * depth, &generator))
      table.tensors["w"] = weight
      let input = try graph.input("x", [.tokens, .fixed(depth)], .real)
      try graph.output(
        "host", graph.apply(.linear(activation: .geluErf), [input, graph.parameter("w", [columns, depth])]))
      let state = try graph.state("weights", [.fixed(columns * depth)])
      let view = try graph.view(of: state, offset: 0, [columns, depth])
      try graph.output("device", graph.apply(.linear(activation: .geluErf), [input, view]))
      let run = StateRun(
        graph: graph, parameters: table, dimensions: [.tokens: rows],
        tensors: ["x": try Tensor(.float32(x), shape: [rows, depth])],
        states: ["weights": try Tensor(.float32(weight), shape: [columns * depth])])
      let results = try await run.result(of: executor)
      #expect(results["host"] == results["device"])
    }
  }

  // MARK: Graphs

  /// Both gradients of a dense layer, the weight's added to what is in a state.
  private func gradients(_ size: Size, hasAddend: Bool) throws -> StateRun {
    var graph = Graph()
    var generator = SeededGenerator(seed: 3)
    let (columns, depth) = (size.columns, size.depth)
    var run = StateRun(dimensions: [.tokens: size.rows])
    // Drawn for the most rows, so that a batch of fewer begins with the same.
    func input(_ name: String, _ width: Int) throws -> Graph.Value {
      let numbers = normal(1030 * width, &generator).prefix(size.rows * width)
      run.tensors[name] = try Tensor(.float32(Array(numbers)), shape: [size.rows, width])
      return try graph.input(name, [.tokens, .fixed(width)], .real)
    }
    let (dy, x) = (try input("dy", columns), try input("x", depth))
    let addend = hasAddend ? [try input("addend", depth)] : []
    let stride = (columns * depth + Graph.viewAlignment - 1) / Graph.viewAlignment * Graph.viewAlignment
    for name in ["weights", "gradients"] {
      run.states[name] = try Tensor(.float32(normal(2 * stride, &generator)), shape: [2 * stride])
    }
    let weights = try graph.state("weights", [.fixed(2 * stride)])
    let gradients = try graph.state("gradients", [.fixed(2 * stride)])
    let weight = try graph.view(of: weights, offset: stride, [columns, depth])
    let gradient = try graph.view(of: gradients, offset: stride, [columns, depth])
    try graph.output("dx", graph.apply(.gradient(.linearInput), [dy, weight] + addend))
    try graph.effect(try graph.apply(.gradient(.linearWeight), [gradient, dy, x]))
    run.graph = graph
    return run
  }

  /// A dense layer and a feed-forward block on weights in a state.
  private func forward(_ size: Size) throws -> StateRun {
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
    return StateRun(
      graph: graph, dimensions: [.tokens: rows, .sequences: 1],
      tensors: ["x": try Tensor(.float32(normal(rows * depth, &generator)), shape: [rows, depth])],
      states: ["weights": try Tensor(.float32(normal(count, &generator)), shape: [count])])
  }
}

/// A graph with states, what they hold before a run, and what the run brings.
struct StateRun {
  var graph = Graph()
  var parameters = ParameterTable()
  var dimensions: Dimensions
  var tensors: [String: Tensor] = [:]
  var states: [String: Tensor] = [:]

  /// The outputs and the states after one run.
  func result(of executor: some Executor) async throws -> [String: Tensor] {
    let loaded = try await executor.load(graph, parameters: parameters)
    let state = try await loaded.makeState(dimensions)
    for (name, tensor) in states { try await state.write(tensor, to: name) }
    var results = try await loaded.run(
      RunInputs(dimensions: dimensions, tensors: tensors), outputs: graph.outputs.map(\.name), state: state)
    for name in states.keys { results[name] = try await state.read(name) }
    return results
  }

  /// Compares all of that with the oracle's.
  func compare(_ executor: OpenCLExecutor, _ what: String, within tolerance: Double = 1e-6) async throws {
    let wanted = try await result(of: CPUExecutor<Double>())
    let found = try await result(of: executor)
    #expect(found.keys.sorted() == wanted.keys.sorted(), "\(what)")
    for (name, tensor) in wanted {
      let other = try #require(found[name])
      #expect(other.shape == tensor.shape, "\(what): \(name)")
      #expect(relativeError(other.doubles, tensor.doubles) <= tolerance, "\(what): \(name)")
    }
  }
}
