// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import TestSupport
import Testing

@Suite struct GraphTests {
  /// Operations that only gradients have are in the gradient of a row.
  @Test func everyOperationHasARowInTheTableOfCases() throws {
    let kinds = Set(ComputeGraph.Operation.Kind.allCases)
    for rows in [OperationCase.all, OperationCase.small] {
      var found = Set(rows.map(\.operation.kind))
      for row in rows where row.reasonForNoGradient == nil {
        found.formUnion(try row.prepareGradient().backward.graph.nodes.map(\.operation.kind))
      }
      #expect(found == kinds)
    }
  }

  @Test func namesAreTakenOnce() throws {
    var graph = Graph()
    _ = try graph.parameter("weight", [3])
    #expect(throws: GraphError.duplicateName("weight")) { try graph.parameter("weight", [3]) }
    #expect(throws: GraphError.duplicateName("weight")) { try graph.input("weight", [3], .real) }
  }

  @Test func stackedParametersShareTheirColumns() throws {
    var graph = Graph()
    let stacked = try graph.parameter([.init("query", [4, 6]), .init("key", [4, 6]), .init("value", [2, 6])])
    #expect(graph.type(of: stacked).shape == [10, 6])
    #expect(throws: GraphError.self) { try graph.parameter([.init("a", [4, 6]), .init("b", [4, 5])]) }
    #expect(throws: GraphError.self) { try graph.parameter([]) }
  }

  @Test func operandsAreChecked() throws {
    var graph = Graph()
    let x = try graph.input("x", [.tokens, 8], .real)
    let ids = try graph.input("ids", [.tokens], .int32)
    let offsets = try graph.input("offsets", [.symbol(.sequences, plus: 1)], .int32)
    let starts = try graph.input("starts", [.sequences], .int32)
    let narrow = try graph.parameter("narrow", [4, 7])
    let vector = try graph.parameter("vector", [8])
    let wrong: [(ComputeGraph.Operation, [Graph.Value])] = [
      (.linear(activation: .identity), [x]), (.linear(activation: .identity), [x, narrow]),
      (.linear(activation: .identity), [ids, narrow]), (.addLayerNorm(epsilon: 0), [x, narrow, vector, vector]),
      (.layerNorm(epsilon: 0), [x, vector, narrow]), (.biasActivation(.relu), [x, narrow]),
      (.maskedSoftmax(scale: 1), [x, x]), (.pooling([]), [x, offsets]), (.pooling([.cls, .cls]), [x, offsets]),
      (.pooling([.cls]), [x, ids]), (.l2Normalize(epsilon: 0), [vector]),
      (.attention(Attention(heads: 2, headSize: 5)), [x, x, x, offsets, starts, starts]),
      (.attention(Attention(heads: 2, headSize: 2, keyColumn: 5)), [x, x, x, offsets, starts, starts]),
      (.attention(Attention(heads: 0, headSize: 2)), [x, x, x, offsets, starts, starts]),
      (.embeddingLayerNorm(Embeddings(epsilon: 0)), [x, x, x]),
    ]
    for (operation, operands) in wrong {
      #expect(throws: GraphError.self, "\(operation)") { try graph.apply(operation, operands) }
    }
  }

  @Test func errorsSayWhatWasFoundAndWanted() throws {
    var graph = Graph()
    let x = try graph.input("x", [.tokens, 8], .real)
    let weight = try graph.parameter("weight", [4, 7])
    do {
      _ = try graph.apply(.linear(activation: .identity), [x, weight])
      Issue.record("no error")
    } catch {
      #expect("\(error)" == "linear: operand 1 is real[4, 7], wanted [any, 8]")
    }
  }
}
