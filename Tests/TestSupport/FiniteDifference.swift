// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OperationCases

extension PreparedGradient {
  /// Half the distance between the two points of a difference, for a direction of elements around 1. The error that is
  /// left of the third derivative falls with its square, to 1e-10; that of rounding grows with its inverse, to 1e-11.
  private static let step = 1e-5

  /// `sum result gradient * (result(x + step v) - result(x - step v)) / (2 step)`: the slope along v of what
  /// `result gradient` makes of the result.
  ///
  /// - Parameters:
  ///   - name: an input, or a parameter.
  ///   - loaded: `forward.graph` on an executor of double precision.
  public func slope(of name: String, along direction: [Double], on loaded: any LoadedGraph) async throws -> Double {
    let upper = try await result(name, direction, PreparedGradient.step, loaded)
    let lower = try await result(name, direction, -PreparedGradient.step, loaded)
    let gradient = backward.inputs.tensors[Graph.gradientName(of: "result")]?.doubles ?? []
    var sum = 0.0
    for index in gradient.indices { sum += gradient[index] * (upper[index] - lower[index]) }
    return sum / (2 * PreparedGradient.step)
  }

  /// The result with an operand moved along a direction.
  private func result(
    _ name: String, _ direction: [Double], _ distance: Double, _ loaded: any LoadedGraph
  ) async throws -> [Double] {
    var moved = forward
    func move(_ tensor: Tensor, from start: Int) throws -> Tensor {
      var elements = tensor.doubles
      for (index, number) in direction.enumerated() { elements[start + index] += distance * number }
      return try Tensor(.float64(elements), shape: tensor.shape)
    }
    let weights = ParameterLayout.StateName.weights
    if let place = layout.places.first(where: { $0.parameter.name == name }) {
      moved.states[weights] = try moved.states[weights].map { try move($0, from: place.offset) }
    } else {
      moved.inputs.tensors[name] = try moved.inputs.tensors[name].map { try move($0, from: 0) }
    }
    guard let result = try await moved.run(on: loaded)["result"] else { throw GraphError.missingOutput("result") }
    return result.doubles
  }

  /// By how much a gradient misses the slopes along random directions, and along single elements of a small operand.
  ///
  /// - Returns: the largest `|slope - gradient . v|` as a multiple of `|gradient|` plus a hundredth; at most about 1e-8 for
  ///   a right gradient.
  public func discrepancy(
    of name: String, _ gradient: [Double], on loaded: any LoadedGraph, seed: UInt64 = 5
  ) async throws -> Double {
    var generator = SeededGenerator(seed: seed)
    var directions: [[Double]] = []
    let isSmall = gradient.count <= 10_000
    for _ in 0..<(isSmall ? 2 : 1) { directions.append(normal(gradient.count, &generator).map(Double.init)) }
    for _ in 0..<(isSmall ? min(gradient.count, 6) : 0) {
      var direction = [Double](repeating: 0, count: gradient.count)
      direction[Int.random(in: gradient.indices, using: &generator)] = 1
      directions.append(direction)
    }
    let length = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
    var worst = 0.0
    for direction in directions {
      let wanted = try await slope(of: name, along: direction, on: loaded)
      let found = zip(gradient, direction).reduce(0) { $0 + $1.0 * $1.1 }
      let difference = abs(found - wanted) / (length + 0.01)
      worst = difference.isFinite ? max(worst, difference) : .infinity
    }
    return worst
  }
}
