// SPDX-License-Identifier: Apache-2.0
import BERT
import ComputeGraph
import GoldenCases
import Testing

/// The arguments of a golden, changed so that one of them no longer fits, and what the error says.
struct BrokenInput: Sendable, CustomTestStringConvertible {
  let golden: String
  let wanted: BertError
  let change: @Sendable (inout BertInput) throws -> Void

  init(
    _ golden: String, _ argument: String, _ what: String, _ change: @escaping @Sendable (inout BertInput) throws -> Void
  ) {
    self.init(golden, .badArgument(argument, what), change)
  }

  init(_ golden: String, _ wanted: BertError, _ change: @escaping @Sendable (inout BertInput) throws -> Void) {
    self.golden = golden
    self.wanted = wanted
    self.change = change
  }

  var testDescription: String { "\(golden): \(wanted)" }

  /// Demands the error from every engine, and that the same model takes the arguments as they were.
  func expectRefusal() async throws {
    let golden = try GoldenCase(golden)
    for test in TestEngine.allCases {
      let network = try await golden.load(on: test.engine)
      var input = try golden.arguments.input
      _ = try await network.forward(input)
      try change(&input)
      await #expect(throws: wanted, "\(test)") { try await network.forward(input) }
    }
  }
}

/// As many of one element, for masks and labels.
func ones(_ count: Int, except place: Int? = nil, is value: Int32 = 0) -> [Int32] {
  var elements = [Int32](repeating: 1, count: count)
  if let place { elements[place] = value }
  return elements
}

/// A tensor of zeros.
func zeros(_ shape: [Int]) throws -> Tensor {
  try Tensor(.float32([Float](repeating: 0, count: shape.reduce(1, *))), shape: shape)
}
