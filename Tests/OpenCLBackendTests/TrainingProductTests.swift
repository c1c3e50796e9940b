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
  /// Odd ones; widths of whole panels, which are read where they lie; so many rows and so great a depth that even those are
  /// packed, in the input's gradient and in the weight's.
  static let sizes = [
    ProductSize(1, 1, 1), ProductSize(5, 3, 17), ProductSize(67, 129, 97), ProductSize(16, 48, 96),
    ProductSize(13, 20, 48), ProductSize(520, 1030, 48),
    ProductSize(1030, 520, 48), ProductSize(0, 7, 48), ProductSize(0, 7, 5),
  ]

  @Test(arguments: KernelForm.allCases) func gradientsAgreeWithTheOracle(form: KernelForm) async throws {
    let executor = try form.executor()
    for size in TrainingProductTests.sizes {
      for hasAddend in [false, true] {
        let run = try PreparedRun.gradients(size, hasAddend: hasAddend)
        try await run.compare(executor, "\(size)")
      }
    }
  }

  @Test func gradientsOnCLBlastAgreeWithTheOracle() async throws {
    let executor = try KernelForm.groups.executor(.clblast)
    for size in [ProductSize(5, 3, 17), ProductSize(16, 48, 96), ProductSize(0, 7, 5)] {
      for hasAddend in [false, true] {
        try await PreparedRun.gradients(size, hasAddend: hasAddend).compare(executor, "\(size)")
      }
    }
  }

  /// A row of the input's gradient has the same bits in every batch, whichever layout the batch's size asks for.
  @Test(arguments: [KernelForm.native, .vectors8, .groups])
  func rowsDoNotDependOnTheBatch(form: KernelForm) async throws {
    let executor = try form.executor()
    for (columns, depth) in [(1030, 48), (97, 33)] {
      func bits(_ rows: Int) async throws -> [UInt32] {
        let results = try await PreparedRun.gradients(ProductSize(rows, columns, depth), hasAddend: true)
          .run(on: executor)
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
    for size in [ProductSize(1, 1, 1), ProductSize(13, 97, 33), ProductSize(64, 96, 48), ProductSize(0, 3, 5)] {
      var run = try PreparedRun.forward(size)
      try await run.compare(executor, "\(size)")
      let before = try await run.run(on: executor)
      for (name, tensor) in run.states {
        run.states[name] = try Tensor(.float32(tensor.floats.map { -2 * $0 }), shape: tensor.shape)
      }
      try await run.compare(executor, "\(size), other weights")
      if size.rows > 0 { #expect(try await run.run(on: executor)["y"] != before["y"]) }
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
      let run = PreparedRun(
        graph: graph, parameters: table,
        inputs: RunInputs(
          dimensions: [.tokens: rows], tensors: ["x": try Tensor(.float32(x), shape: [rows, depth])]),
        states: ["weights": try Tensor(.float32(weight), shape: [columns * depth])])
      let results = try await run.run(on: executor)
      #expect(results["host"] == results["device"])
    }
  }
}
