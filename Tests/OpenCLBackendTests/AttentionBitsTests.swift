// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLBackend
import TestSupport
import Testing

/// A query's bits depend on itself and the keys it sees: not on other sequences, not on which other
/// queries come with it.
@Suite struct AttentionBitsTests {
  private static let (heads, size, rows) = (2, 20, 200)
  private static var width: Int { heads * size }

  /// Queries and keys of each sequence, as ranges of one matrix's rows.
  private struct Batch {
    let queries: [Range<Int>]
    let keys: [Range<Int>]
  }

  /// The results for each query, of attention and of its halves, with each sequence's weights without their padding.
  private func run(_ batch: Batch, on executor: OpenCLExecutor) async throws -> [[Float]] {
    var generator = SeededGenerator(seed: 5)
    let (width, rows) = (Self.width, Self.rows)
    let x = normal(rows * 3 * width, &generator)
    let distances = normal(19 * Self.size, &generator)
    let positions = (0..<rows).map { Int32($0 % 10) }
    let longestKeys = batch.keys.map(\.count).max() ?? 0
    var mask: [UInt8] = []
    for (queries, keys) in zip(batch.queries, batch.keys) {
      for query in queries {
        mask += (0..<longestKeys).map { key in key < keys.count && (query + key) % 5 != 0 ? 1 : 0 }
      }
    }
    let taken = batch.queries.flatMap { $0 }

    var graph = Graph()
    let matrix = try graph.input("x", [.fixed(rows), .fixed(3 * width)], .real)
    let ids = try graph.input("rows", [.tokens], .int32)
    let query = try graph.apply(.gatherRows, [matrix, ids])
    let offsets = try graph.input("offsets", [.symbol(.sequences, plus: 1)], .int32, segmenting: .tokens)
    let starts = try graph.input("starts", [.sequences], .int32)
    let ends = try graph.input("ends", [.sequences], .int32)
    let visible = try graph.input("visible", [.tokens, .symbol(.longestKeys, plus: 0)], .uint8)
    let table = try graph.input("distances", [19, .fixed(Self.size)], .real)
    let queryPositions = try graph.input("query positions", [.tokens], .int32)
    let keyPositions = try graph.input("key positions", [.fixed(rows)], .int32)
    let attention = Attention(
      heads: Self.heads, headSize: Self.size, keyColumn: width, valueColumn: 2 * width, isCausal: true)
    try graph.output(
      "attention", graph.apply(.attention(attention), [query, matrix, matrix, offsets, starts, ends]))
    let probabilities = try graph.apply(
      .attentionProbabilities(
        AttentionProbabilities(attention, keys: .longestKeys, hasMask: true, relativePositions: .keyQuery)),
      [query, matrix, offsets, starts, ends, visible, table, queryPositions, keyPositions])
    try graph.output("probabilities", probabilities)
    try graph.output(
      "context", graph.apply(.attentionContext(attention), [probabilities, matrix, offsets, starts, ends]))

    let inputs = try RunInputs(
      dimensions: [
        .tokens: taken.count, .sequences: batch.queries.count, .longest: batch.queries.map(\.count).max() ?? 0,
        .longestKeys: longestKeys,
      ],
      tensors: [
        "x": Tensor(.float32(x), shape: [rows, 3 * width]), "rows": .int32(taken.map { Int32($0) }),
        "offsets": .int32(batch.queries.reduce(into: [0]) { $0.append(($0.last ?? 0) + Int32($1.count)) }),
        "starts": .int32(batch.keys.map { Int32($0.lowerBound) }),
        "ends": .int32(batch.keys.map { Int32($0.upperBound) }),
        "visible": Tensor(.uint8(mask), shape: [taken.count, longestKeys]),
        "distances": Tensor(.float32(distances), shape: [19, Self.size]),
        "query positions": .int32(taken.map { positions[$0] }), "key positions": .int32(positions),
      ])
    let names = ["attention", "context", "probabilities"]
    let found = try await executor.load(graph, parameters: ParameterTable()).run(inputs, outputs: names)
    let tensors = try names.map { try #require(found[$0]).floats }
    return taken.indices.map { row in
      var bits = tensors[..<2].flatMap { $0[(row * width)..<((row + 1) * width)] }
      let keys = tensors[2][(row * Self.heads * longestKeys)..<((row + 1) * Self.heads * longestKeys)]
      bits += keys.filter { $0 != 0 }
      return bits
    }
  }

  @Test(arguments: [KernelForm.native, .vectors8, .vectors4, .groups, .largeGroups])
  func dependOnWhatIsSeen(form: KernelForm) async throws {
    let executor = try form.executor()
    let whole = try await run(Batch(queries: [30..<167], keys: [30..<167]), on: executor)
    // Beside other sequences, shorter and longer.
    let beside = try await run(
      Batch(queries: [0..<5, 30..<167, 180..<181], keys: [0..<9, 30..<167, 3..<200]), on: executor)
    #expect(beside[5..<142].elementsEqual(whole) { $0.map(\.bitPattern) == $1.map(\.bitPattern) })
    // A token at a time and a few at a time, as with a cache.
    for (start, end) in [(30, 31), (93, 94), (94, 95), (166, 167), (60, 77), (31, 98)] {
      let step = try await run(Batch(queries: [start..<end], keys: [30..<end]), on: executor)
      let wanted = whole[(start - 30)..<(end - 30)]
      #expect(step.elementsEqual(wanted) { $0.map(\.bitPattern) == $1.map(\.bitPattern) }, "\(start) ..< \(end)")
    }
  }
}
