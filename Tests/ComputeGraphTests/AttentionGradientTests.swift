// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import Testing

/// What attention's backward pass refuses: it stores a gradient where the operand is, and adds no two of them up.
@Suite struct AttentionGradientTests {
  private let sharing = GradientOperation.Sharing(query: 0, key: 0, value: 0)

  /// A graph with the backward pass of two heads of four columns each, in one matrix of 24.
  private func graph(_ attention: Attention) throws -> Graph {
    var graph = Graph()
    let matrix = try graph.input("x", [.tokens, 24], .real)
    let dy = try graph.input("dy", [.tokens, 8], .real)
    let offsets = try graph.input("offsets", [.symbol(.sequences, plus: 1)], .int32, segmenting: .tokens)
    let starts = try graph.input("starts", [.sequences], .int32)
    let ends = try graph.input("ends", [.sequences], .int32)
    let training = TrainingAttention(attention)
    let operands = [matrix, matrix, matrix, offsets, starts, ends]
    let results = try graph.applyAll(.trainingAttention(training), operands)
    try graph.output(
      "gradient", graph.apply(.gradient(.attention(training, sharing)), [dy] + results + operands))
    return graph
  }

  @Test func headsOfOneMatrixLieApart() throws {
    _ = try graph(Attention(heads: 2, headSize: 4, keyColumn: 16, valueColumn: 8))
    for (key, value) in [(0, 8), (7, 16), (8, 8), (8, 15), (16, 7)] {
      #expect(throws: GraphError.self, "\(key), \(value)") {
        try graph(Attention(heads: 2, headSize: 4, keyColumn: key, valueColumn: value))
      }
    }
  }

  @Test func aKeyBelongsToOneSequence() throws {
    let graph = try graph(Attention(heads: 2, headSize: 4, keyColumn: 8, valueColumn: 16))
    let sizes: Dimensions = [.tokens: 9, .sequences: 3, .longest: 4]
    func check(_ starts: [Int32], _ ends: [Int32]) throws {
      let inputs = try RunInputs(
        dimensions: sizes,
        tensors: [
          "x": Tensor(.float32([Float](repeating: 1, count: 9 * 24)), shape: [9, 24]),
          "dy": Tensor(.float32([Float](repeating: 1, count: 9 * 8)), shape: [9, 8]),
          "offsets": .int32([0, 3, 5, 9]), "starts": .int32(starts), "ends": .int32(ends),
        ])
      _ = try inputs.tensors(for: Plan(graph, sizes, outputs: ["gradient"]), of: graph)
    }
    // In any order, with rows that belong to nobody and sequences without keys, wherever those are said to be.
    try check([0, 3, 5], [3, 5, 9])
    try check([6, 0, 3], [9, 2, 3])
    try check([2, 0, 1], [2, 4, 1])
    let shared: [(starts: [Int32], ends: [Int32])] = [
      ([0, 2, 5], [3, 5, 9]), ([5, 3, 0], [9, 5, 4]), ([0, 0, 5], [9, 1, 6]),
    ]
    for (starts, ends) in shared {
      #expect(throws: GraphError.self, "\(starts) ..< \(ends)") { try check(starts, ends) }
    }
  }
}
