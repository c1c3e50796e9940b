// SPDX-License-Identifier: Apache-2.0
import CPUBackend
import ComputeGraph
import OpenCLBackend
import TestSupport
import Testing

/// Inputs that do not fit a graph get the same typed error from both executors, before any memory is made for them.
@Suite struct ExecutorMisuseTests {
  /// Embeddings, attention and pooling: every kind of input that is used as an address.
  private func graph() throws -> (graph: Graph, parameters: ParameterTable) {
    var graph = Graph()
    var tables = ParameterTable()
    func parameter(_ name: String, _ shape: [Int]) throws -> Graph.Value {
      tables.tensors[name] = [Float](repeating: 0.5, count: shape.reduce(1, *))
      return try graph.parameter(name, shape)
    }
    let offsets = try graph.input("offsets", [.symbol(.sequences, plus: 1)], .int32, segmenting: .tokens)
    let states = try graph.apply(
      .embeddingLayerNorm(Embeddings(epsilon: 1e-12)),
      [
        parameter("word", [10, 6]), parameter("position", [8, 6]), parameter("type", [2, 6]),
        parameter("weight", [6]), parameter("bias", [6]), graph.input("ids", [.tokens], .int32),
        graph.input("positions", [.tokens], .int32), graph.input("types", [.tokens], .int32),
      ])
    // Keys of another kind of rows, with ranges of them.
    let memory = try graph.input("memory", [.symbol(Symbol("keys"), plus: 0), 6], .real)
    let starts = try graph.input("key_starts", [.sequences], .int32)
    let ends = try graph.input("key_ends", [.sequences], .int32)
    let attended = try graph.apply(
      .attention(Attention(heads: 2, headSize: 3)), [states, memory, memory, offsets, starts, ends])
    try graph.output("states", attended)
    try graph.output("vectors", graph.apply(.pooling([.mean]), [attended, offsets]))
    return (graph, tables)
  }

  private func inputs() throws -> RunInputs {
    try RunInputs(
      dimensions: [.tokens: 5, .sequences: 2, .longest: 3, Symbol("keys"): 4],
      tensors: [
        "offsets": .int32([0, 3, 5]), "key_starts": .int32([0, 1]), "key_ends": .int32([1, 4]),
        "ids": .int32([0, 9, 1, 2, 3]),
        "positions": .int32([0, 1, 2, 0, 7]), "types": .int32([0, 0, 1, 1, 0]),
        "memory": Tensor(.float32((0..<24).map { Float($0) }), shape: [4, 6]),
      ])
  }

  struct Misuse: Sendable, CustomStringConvertible {
    let description: String
    let change: @Sendable (inout RunInputs) -> Void
    let error: GraphError

    init(_ description: String, _ error: GraphError, _ change: @escaping @Sendable (inout RunInputs) -> Void) {
      (self.description, self.error, self.change) = (description, error, change)
    }

    static func offsets(_ name: String, _ values: [Int32], rising rows: Int) -> Misuse {
      Misuse(
        "\(name) \(values)",
        .inputMismatch(name: name, found: "an offset table out of order", wanted: "0 rising to \(rows)")
      ) { $0.tensors[name] = .int32(values) }
    }

    static func keyEnds(_ values: [Int32], _ sequence: Int) -> Misuse {
      let start = [0, 1][sequence]
      return Misuse(
        "key_ends \(values)",
        .inputMismatch(
          name: "key_ends", found: "keys \(start) ..< \(values[sequence])", wanted: "at most 4 of the 4 rows")
      ) { $0.tensors["key_ends"] = .int32(values) }
    }

    static func ids(_ name: String, at index: Int, _ value: Int32, limit: Int) -> Misuse {
      Misuse(
        "\(name)[\(index)] = \(value)",
        .valueOutOfRange(input: name, index: index, value: Int(value), limit: limit)
      ) {
        var ids = [Int32](repeating: 0, count: 5)
        ids[index] = value
        $0.tensors[name] = .int32(ids)
      }
    }

    static func size(_ symbol: Symbol, _ size: Int) -> Misuse {
      Misuse("\(symbol) = \(size)", .badDimension(symbol, size)) { $0.dimensions[symbol] = size }
    }
  }

  static let misuses: [Misuse] =
    ["ids", "positions", "types", "offsets", "key_starts", "key_ends", "memory"].map { name in
      Misuse("no \(name)", .missingInput(name)) { $0.tensors[name] = nil }
    } + [
      .offsets("offsets", [0, 6, 5], rising: 5), .offsets("offsets", [0, 3, 4], rising: 5),
      .offsets("offsets", [1, 3, 5], rising: 5), .offsets("offsets", [0, -1, 5], rising: 5),
      .offsets("offsets", [0, .max, .min], rising: 5), .keyEnds([1, 5], 1), .keyEnds([1, 0], 1),
      .keyEnds([-1, 4], 0), .keyEnds([.max, 4], 0), .keyEnds([1, .min], 1),
      .ids("ids", at: 4, 10, limit: 10), .ids("ids", at: 0, -1, limit: 10), .ids("ids", at: 2, .max, limit: 10),
      .ids("positions", at: 1, 8, limit: 8), .ids("types", at: 3, 2, limit: 2), .ids("types", at: 3, .min, limit: 2),
      .size(.tokens, -1), .size(.tokens, .max), .size(.tokens, .min), .size(.sequences, .max),
      .size(.sequences, Int(Int32.max)), .size(Symbol("keys"), -5),
      Misuse("no tokens' size", .unboundSymbol(.tokens)) { $0.dimensions[.tokens] = nil },
      Misuse("no keys' size", .unboundSymbol(Symbol("keys"))) { $0.dimensions[Symbol("keys")] = nil },
      Misuse(
        "longest too small",
        .inputMismatch(name: "offsets", found: "a sequence of 3 rows", wanted: "at most 2, the longest")
      ) { $0.dimensions[.longest] = 2 },
      // Sizes for gigabytes with tensors for a few tokens: refused for the tensors, and nothing was allocated.
      Misuse(
        "sizes without tensors", .inputMismatch(name: "offsets", found: "int32[3]", wanted: "int32[sequences+1]")
      ) {
        $0.dimensions[.tokens] = 1 << 24
        $0.dimensions[.sequences] = 1 << 20
      },
      Misuse("real ids", .inputMismatch(name: "ids", found: "float32[5]", wanted: "int32[tokens]")) {
        $0.tensors["ids"] = try? Tensor(.float32([0, 1, 2, 3, 4]), shape: [5])
      },
      Misuse("bytes as reals", .inputMismatch(name: "memory", found: "uint8[4, 6]", wanted: "real[keys, 6]")) {
        $0.tensors["memory"] = try? Tensor(.uint8([UInt8](repeating: 0, count: 24)), shape: [4, 6])
      },
      Misuse("another rank", .inputMismatch(name: "memory", found: "float32[24]", wanted: "real[keys, 6]")) {
        $0.tensors["memory"] = try? Tensor(.float32([Float](repeating: 0, count: 24)), shape: [24])
      },
    ]

  @Test(arguments: misuses) func isRefusedAlike(misuse: Misuse) async throws {
    let (graph, parameters) = try graph()
    var bad = try inputs()
    misuse.change(&bad)
    let executors: [any Executor] = [
      CPUExecutor<Float>(), CPUExecutor<Double>(), try KernelForm.native.executor(), try KernelForm.groups.executor(),
    ]
    for executor in executors {
      let loaded = try await executor.load(graph, parameters: parameters)
      await #expect(throws: misuse.error) { try await loaded.run(bad, outputs: ["states", "vectors"]) }
      let good = try await loaded.run(inputs(), outputs: ["vectors"])
      #expect(try #require(good["vectors"]).floats.allSatisfy { $0.isFinite })
    }
  }

  @Test func outputsThatAreNotThere() async throws {
    let (graph, parameters) = try graph()
    for executor in [CPUExecutor<Float>(), try KernelForm.native.executor()] as [any Executor] {
      let loaded = try await executor.load(graph, parameters: parameters)
      await #expect(throws: GraphError.unknownOutput("logits", known: ["states", "vectors"])) {
        try await loaded.run(inputs(), outputs: ["logits"])
      }
      #expect(try await loaded.run(inputs(), outputs: []).isEmpty)
      // Only what an output needs is looked at.
      let twice = try await loaded.run(inputs(), outputs: ["states", "states"])
      #expect(twice.count == 1)
    }
  }

  @Test func aSourceThatFailsEndsTheLoad() async throws {
    var (graph, parameters) = try graph()
    _ = try graph.parameter("not there", [3])
    parameters.tensors["bias"] = [1]  // and one of another size
    for executor in [CPUExecutor<Float>(), try KernelForm.native.executor()] as [any Executor] {
      await #expect(throws: ParameterTable.MissingParameter.self) {
        try await executor.load(graph, parameters: parameters)
      }
    }
  }
}
