// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import Testing

/// Sizes that no memory holds are refused, and never multiplied into a trap.
@Suite struct ShapeTests {
  @Test(arguments: [[1 << 40, 1 << 40], [.max, 2], [-1, -1], [.min, -1], [3], [2, -1], [.max, .max, .max]])
  func tensorsThatCannotBe(shape: [Int]) {
    #expect(throws: GraphError.self) { try Tensor(.float32([1, 2]), shape: shape) }
  }

  @Test func tensorsOfNothing() throws {
    for shape in [[0], [0, .max], [.max, 0, .max], [1 << 40, 1 << 40, 0]] {
      #expect(try Tensor(.int32([]), shape: shape).shape == shape)
    }
    #expect(try Tensor(.float32([1]), shape: []).floats == [1])
  }

  @Test(arguments: [[1 << 40, 1 << 40], [.max], [.max, .max], [1 << 20, 1 << 20]])
  func parametersThatCannotBe(shape: [Int]) {
    var graph = Graph()
    #expect(throws: GraphError.tooLarge(Shape(fixed: shape))) { try graph.parameter("weight", shape) }
  }

  @Test func stackedPartsThatOverflow() {
    var graph = Graph()
    #expect(throws: GraphError.tooLarge([.fixed(.max)])) {
      try graph.parameter([.init("a", [.max]), .init("b", [.max])])
    }
  }

  @Test func constantsOfADimension() throws {
    let offsets = Dimension.symbol(.sequences, plus: 1)
    #expect(try offsets.resolved([.sequences: Int(Int32.max) - 1]) == Int(Int32.max))
    for size in [-1, Int(Int32.max), .max, .min] {
      #expect(throws: GraphError.badDimension(.sequences, size)) { try offsets.resolved([.sequences: size]) }
    }
    #expect(throws: GraphError.badDimension(.tokens, 2)) {
      try Dimension.symbol(.tokens, plus: -3).resolved([.tokens: 2])
    }
    #expect(throws: GraphError.badDimension(.tokens, 2)) {
      try Dimension.symbol(.tokens, plus: .max).resolved([.tokens: 2])
    }
  }
}
