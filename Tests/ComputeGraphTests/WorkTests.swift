// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import Testing

/// What `Plan.floatingPointOperations` counts, against counts by hand.
@Suite struct WorkTests {
  private let lengths = [3, 5]
  private let sizes: Dimensions = [.tokens: 8, .sequences: 2, .longest: 5, .longestKeys: 5]

  @Test func denseLayers() throws {
    var graph = Graph()
    let x = try graph.input("x", [.tokens, 4], .real)
    let wide = try graph.apply(
      .linear(activation: .geluErf), [x, graph.parameter("up", [6, 4]), graph.parameter("up.bias", [6])])
    let rows = try graph.input("rows", [.sequences], .int32)
    let some = try graph.apply(.gatherRows, [wide, rows])
    try graph.output("y", graph.apply(.linear(activation: .identity), [some, graph.parameter("down", [7, 6])]))
    let plan = try Plan(graph, sizes)
    // 8 tokens, then one of each of 2 sequences; a bias and an activation are no product.
    let wanted: [Double] = [2 * 8 * 6 * 4, 0, 2 * 2 * 7 * 6]
    #expect(try plan.floatingPointOperations(of: graph, sizes, lengths: lengths) == wanted)
    // The plan's sizes may be rounded up: the run's count.
    let rounded = try Plan(graph, [.tokens: 16, .sequences: 2])
    #expect(try rounded.floatingPointOperations(of: graph, sizes, lengths: lengths) == wanted)
    #expect(throws: GraphError.unboundSymbol(.tokens)) {
      try plan.floatingPointOperations(of: graph, [:], lengths: lengths)
    }
  }

  @Test func feedForward() throws {
    var graph = Graph()
    let x = try graph.input("x", [.tokens, 4], .real)
    let weights = try [("a", [6, 4]), ("b", [6]), ("c", [5, 6]), ("d", [5])].map { try graph.parameter($0, $1) }
    try graph.output("y", graph.apply(.feedForward(activation: .relu, chunk: 2), [x] + weights))
    let counts = try Plan(graph, sizes).floatingPointOperations(of: graph, sizes, lengths: lengths)
    let weightElements = 6.0 * 4 + 5 * 6
    #expect(counts == [2 * 8 * weightElements])
  }

  @Test func attention() throws {
    let pairs = 3.0 * 3 + 5 * 5
    let causalPairs = (1.0 + 2 + 3) + (1 + 2 + 3 + 4 + 5)
    for (isCausal, seen) in [(false, pairs), (true, causalPairs)] {
      let attention = Attention(heads: 2, headSize: 4, keyColumn: 8, valueColumn: 16, isCausal: isCausal)
      var graph = Graph()
      let x = try graph.input("x", [.tokens, 24], .real)
      let offsets = try graph.input("offsets", [.symbol(.sequences, plus: 1)], .int32, segmenting: .tokens)
      let starts = try graph.input("starts", [.sequences], .int32)
      let ends = try graph.input("ends", [.sequences], .int32)
      try graph.output("fused", graph.apply(.attention(attention), [x, x, x, offsets, starts, ends]))
      let weights = try graph.apply(
        .attentionProbabilities(AttentionProbabilities(attention, keys: .longestKeys)), [x, x, offsets, starts, ends])
      try graph.output("halves", graph.apply(.attentionContext(attention), [weights, x, offsets, starts, ends]))
      let counts = try Plan(graph, sizes).floatingPointOperations(of: graph, sizes, lengths: lengths)
      // A query and a key: 8 products and 8 sums for the score of all heads, as many for the value.
      let half = 2 * 8 * seen
      #expect(counts == [2 * half, half, half])
    }
  }
}
