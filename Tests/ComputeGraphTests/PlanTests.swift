// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import TestSupport
import Testing

/// A chain of products with residuals: many values, some alive for long.
private func chain(layers: Int) throws -> Graph {
  var graph = Graph()
  let offsets = try graph.input("sequence_offsets", [.symbol(.sequences, plus: 1)], .int32, segmenting: .tokens)
  var x = try graph.input("x", [.tokens, 24], .real)
  for layer in 0..<layers {
    let wide = try graph.apply(
      .linear(activation: .relu), [x, graph.parameter("\(layer).up", [96, 24])], scope: "\(layer).up")
    let narrow = try graph.apply(.linear(activation: .identity), [wide, graph.parameter("\(layer).down", [24, 96])])
    let weight = try graph.parameter("\(layer).weight", [24])
    let bias = try graph.parameter("\(layer).bias", [24])
    x = try graph.apply(.addLayerNorm(epsilon: 1e-12), [narrow, x, weight, bias])
    try graph.output("state.\(layer)", x)
  }
  try graph.output("pooled", graph.apply(.pooling([.mean]), [x, offsets]))
  return graph
}

@Suite struct PlanTests {
  private let sizes: Dimensions = [.tokens: 37, .sequences: 3, .longest: 20]

  @Test(arguments: [64, 128, 512]) func valuesThatLiveTogetherNeverOverlap(alignment: Int) throws {
    let plan = try Plan(chain(layers: 5), sizes, outputs: ["state.2", "pooled"], alignment: alignment)
    let slots = Array(plan.slots.values)
    for (index, slot) in slots.enumerated() {
      #expect(slot.offset.isMultiple(of: alignment))
      #expect(slot.range.upperBound <= plan.arenaByteCount)
      for other in slots[(index + 1)...] where slot.lifetime.overlaps(other.lifetime) {
        #expect(!slot.range.overlaps(other.range))
      }
    }
  }

  @Test func everyOperandIsAliveWhenItIsRead() throws {
    let graph = try chain(layers: 4)
    let plan = try Plan(graph, sizes)
    for (index, step) in plan.steps.enumerated() {
      let written = try #require(plan.slots[step.result])
      #expect(written.lifetime.contains(index))
      for operand in step.operands {
        guard case .result = graph.source(of: operand) else { continue }
        #expect(try #require(plan.slots[operand]).lifetime.contains(index))
      }
    }
  }

  @Test func theArenaIsReused() throws {
    let deep = try Plan(chain(layers: 40), sizes, outputs: ["pooled"])
    let shallow = try Plan(chain(layers: 3), sizes, outputs: ["pooled"])
    #expect(deep.arenaByteCount == shallow.arenaByteCount)
    #expect(deep.arenaByteCount < 3 * 37 * (96 + 24) * 4)
  }

  @Test func stepsNobodyNeedsAreLeftOut() throws {
    let graph = try chain(layers: 6)
    #expect(try Plan(graph, sizes, outputs: ["state.1"]).steps.count == 6)
    #expect(try Plan(graph, sizes, outputs: ["pooled"]).steps.count == 19)
    #expect(try Plan(graph, sizes, outputs: ["state.1"]).inputs.count == 1)
  }

  @Test func outputsLieInFrontInTheOrderAsked() throws {
    let graph = try chain(layers: 4)
    let plan = try Plan(graph, sizes, outputs: ["pooled", "state.3", "state.0"])
    let offsets = try plan.outputs.map { try #require(plan.slots[$0.value]).offset }
    #expect(offsets == offsets.sorted() && offsets[0] == 0)
    let outputs = Set(plan.outputs.map(\.value))
    for (value, slot) in plan.slots where outputs.contains(value) {
      #expect(slot.range.upperBound <= plan.outputByteCount)
      #expect(slot.lifetime == 0...(plan.steps.count - 1))
    }
  }

  @Test func isAPureFunction() throws {
    let graph = try chain(layers: 4)
    #expect(try Plan(graph, sizes) == Plan(graph, sizes))
  }

  @Test func saysWhatIsMissing() throws {
    let graph = try chain(layers: 1)
    #expect(throws: GraphError.unknownOutput("nothing", known: ["state.0", "pooled"])) {
      try Plan(graph, sizes, outputs: ["nothing"])
    }
    #expect(throws: GraphError.unboundSymbol(.tokens)) { try Plan(graph, [.sequences: 1]) }
    #expect(throws: GraphError.badDimension(.tokens, -1)) { try Plan(graph, [.tokens: -1, .sequences: 1]) }
    #expect(throws: GraphError.self) { try Plan(graph, [.tokens: 1 << 31, .sequences: 1]) }
  }
}
