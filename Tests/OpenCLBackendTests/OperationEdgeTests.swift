// SPDX-License-Identifier: Apache-2.0
import CPUBackend
import ComputeGraph
import OpenCLBackend
import TestSupport
import Testing

/// What operations promise beyond their formula, on both executors: what is hidden or ignored counts for nothing, and bits
/// do not depend on what else is computed.
@Suite struct OperationEdgeTests {
  private static func executors() throws -> [any Executor] {
    [
      CPUExecutor<Float>(), CPUExecutor<Double>(), try KernelForm.native.executor(), try KernelForm.vectors4.executor(),
      try KernelForm.groups.executor(),
    ]
  }

  /// One operation on inputs, named by their place; the result.
  private func run(
    _ operation: ComputeGraph.Operation, _ operands: [(tensor: Tensor, shape: Shape)], _ dimensions: Dimensions = [:],
    on executor: any Executor
  ) async throws -> Tensor {
    var graph = Graph()
    var tensors: [String: Tensor] = [:]
    let values = try operands.enumerated().map { index, operand in
      tensors["\(index)"] = operand.tensor
      let element: ElementType =
        switch operand.tensor.storage {
        case .float32, .float64: .real
        case .int32: .int32
        case .uint8: .uint8
        }
      return try graph.input("\(index)", operand.shape, element)
    }
    try graph.output("result", graph.apply(operation, values))
    let loaded = try await executor.load(graph, parameters: ParameterTable())
    let results = try await loaded.run(RunInputs(dimensions: dimensions, tensors: tensors), outputs: ["result"])
    return try #require(results["result"])
  }

  private func fixed(_ elements: [Float], _ shape: [Int]) throws -> (tensor: Tensor, shape: Shape) {
    (try Tensor(.float32(elements), shape: shape), Shape(fixed: shape))
  }

  private func labels(_ elements: [Int32]) -> (tensor: Tensor, shape: Shape) {
    (.int32(elements), Shape(fixed: [elements.count]))
  }

  @Test func aHiddenKeyGetsNothingWhateverItsScore() async throws {
    let (queries, keys, size) = (5, 37, 20)
    var generator = SeededGenerator(seed: 3)
    var key = normal(keys * size, &generator)
    for (row, value) in [(1, Float.nan), (18, .infinity), (35, -.infinity)] { key[row * size + 3] = value }
    var visible = [UInt8](repeating: 1, count: queries * keys)
    for query in 0..<queries { for row in [1, 18, 35] { visible[query * keys + row] = 0 } }
    for index in 0..<keys { visible[2 * keys + index] = 0 }
    let attention = Attention(heads: 1, headSize: size)
    // The sequence has all keys but the last two; what lies behind them is not looked at.
    let operands: [(tensor: Tensor, shape: Shape)] = try [
      (Tensor(.float32(normal(queries * size, &generator)), shape: [queries, size]), [.tokens, .fixed(size)]),
      (Tensor(.float32(key), shape: [keys, size]), [.symbol(Symbol("rows"), plus: 0), .fixed(size)]),
      (.int32([0, Int32(queries)]), [.symbol(.sequences, plus: 1)]), (.int32([0]), [.sequences]),
      (.int32([Int32(keys - 2)]), [.sequences]),
      (Tensor(.uint8(visible), shape: [queries, keys]), [.tokens, .symbol(.longestKeys, plus: 0)]),
    ]
    for executor in try Self.executors() {
      let found = try await run(
        .attentionProbabilities(AttentionProbabilities(attention, keys: .longestKeys, hasMask: true)), operands,
        [.tokens: queries, .sequences: 1, .longest: queries, .longestKeys: keys, Symbol("rows"): keys], on: executor
      ).doubles
      for query in 0..<queries {
        let row = found[(query * keys)..<((query + 1) * keys)]
        for (index, weight) in row.enumerated() where query == 2 || [1, 18, 35, 36].contains(index) {
          #expect(weight == 0, "\(executor) query \(query) key \(index)")
        }
        #expect(abs(row.reduce(0, +) - (query == 2 ? 0 : 1)) < 1e-6)
      }
    }
  }

  @Test func anIgnoredLabelCountsForNothing() async throws {
    var logits: [Float] = [1, 2, 3, .nan, 0, 1, .infinity, 5, -.infinity, 2, 2, 2]
    for executor in try Self.executors() {
      let each = try await run(
        .crossEntropy, [fixed(logits, [4, 3]), labels([2, -100, -100, 0])], on: executor)
      #expect(each.doubles[1...2].allSatisfy { $0 == 0 })
      #expect(each.doubles.allSatisfy { $0.isFinite && $0 >= 0 })
      let mean = try await run(
        .mean, [fixed([4, .nan, 6, .infinity], [4]), labels([0, -100, 1, -100])], on: executor)
      #expect(mean.doubles == [5])
      let none = try await run(.mean, [fixed([4, 5], [2]), labels([-100, -100])], on: executor)
      #expect(none.doubles[0].isNaN)
      let empty = try await run(.mean, [fixed([], [0])], on: executor)
      #expect(empty.doubles[0].isNaN)
      let infinite = try await run(.mean, [fixed([1, .infinity, 2], [3])], on: executor)
      #expect(infinite.doubles == [.infinity])
    }
    // Logits that overflow an exponential.
    logits = [1000, 0, 999, -1000, -1001, -1002]
    for executor in try Self.executors() {
      let found = try await run(.crossEntropy, [fixed(logits, [2, 3]), labels([1, 0])], on: executor).doubles
      #expect(abs(found[0] - 1000.313_261_687_518_2) < 1e-3 && abs(found[1] - 0.407_605_964_444_380_1) < 1e-6)
    }
  }

  /// 10^5 numbers that a plain 32-bit sum gets wrong in the fourth digit.
  @Test func aLongMeanIsAccurate() async throws {
    let numbers = (0..<100_000).map { 1000 + Float($0 % 7) / 8 }
    let wanted = numbers.reduce(0.0) { $0 + Double($1) } / 100_000
    for executor in try Self.executors() {
      let found = try await run(.mean, [fixed(numbers, [100_000])], on: executor).doubles
      #expect(abs(found[0] - wanted) <= 1e-6 * wanted, "\(executor)")
    }
  }

  @Test func aFeedForwardIsTwoDenseLayersToTheBit() async throws {
    let lengths = [70, 5, 130, 1]
    let (hidden, wide, columns) = (33, 97, 50)
    var generator = SeededGenerator(seed: 4)
    var parameters = ParameterTable()
    let shapes = ["w1": [wide, hidden], "b1": [wide], "w2": [columns, wide], "b2": [columns]]
    for (name, shape) in shapes.sorted(by: { $0.key < $1.key }) {
      parameters.tensors[name] = normal(shape.reduce(1, *), &generator)
    }
    let tokens = lengths.reduce(0, +)
    let inputs = try RunInputs(
      dimensions: [.tokens: tokens, .sequences: lengths.count],
      tensors: [
        "x": Tensor(.float32(normal(tokens * hidden, &generator)), shape: [tokens, hidden]),
        "offsets": .int32(lengths.reduce(into: [0]) { $0.append(($0.last ?? 0) + Int32($1)) }),
      ])
    for chunk in [1, 16, 51, 1000] {
      var graph = Graph()
      let offsets = try graph.input("offsets", [.symbol(.sequences, plus: 1)], .int32, segmenting: .tokens)
      let x = try graph.input("x", [.tokens, .fixed(hidden)], .real)
      let w = try ["w1", "b1", "w2", "b2"].map { try graph.parameter($0, shapes[$0] ?? []) }
      let inner = try graph.apply(.linear(activation: .geluErf), [x, w[0], w[1]])
      try graph.output("two", graph.apply(.linear(activation: .identity), [inner, w[2], w[3]]))
      try graph.output("one", graph.apply(.feedForward(activation: .geluErf, chunk: chunk), [x] + w))
      // The offsets must be an input that the plan reads, as they are in a model.
      try graph.output("pooled", graph.apply(.pooling([.mean]), [x, offsets]))
      for executor in try Self.executors() {
        let found = try await executor.load(graph, parameters: parameters)
          .run(inputs, outputs: ["one", "two", "pooled"])
        #expect(found["one"] == found["two"], "\(executor), chunks of \(chunk)")
      }
    }
  }
}
