// SPDX-License-Identifier: Apache-2.0

/// Where each parameter of a graph lies in one flat state, in which training keeps all of them: one behind the other, those
/// that are decayed first, each from a multiple of `Graph.viewAlignment` on. What lies between them is 0 and stays 0.
///
/// Gradients and moments lie in states of their own, at the same places.
public struct ParameterLayout: Hashable, Sendable {
  public struct Place: Hashable, Sendable {
    public let parameter: Graph.Parameter
    public let shape: [Int]
    /// In elements.
    public let offset: Int

    public var range: Range<Int> { offset..<(offset + parameter.elementCount) }
  }

  public let places: [Place]
  /// Elements of the state.
  public let elementCount: Int
  /// Elements at the front that weight decay shrinks.
  public let decayedCount: Int

  /// - Parameter decays: whether weight decay shrinks a parameter; all parts of one alike.
  /// - Throws: `GraphError.badAttribute` for a graph without parameters; `.tooLarge` for more elements than a device indexes.
  public init(_ graph: Graph, decays: (Graph.Parameter) -> Bool) throws(GraphError) {
    var places: [Place] = []
    var end = 0
    func append(_ entry: (value: Graph.Value, parameter: Graph.Parameter)) throws(GraphError) {
      let shape = try graph.type(of: entry.value).shape.resolved([:])  // no batch changes a parameter
      places.append(Place(parameter: entry.parameter, shape: shape, offset: end))
      let units = (entry.parameter.elementCount + Graph.viewAlignment - 1) / Graph.viewAlignment
      end += units * Graph.viewAlignment
      guard end <= Int(Int32.max) else { throw .tooLarge(Shape(fixed: [end])) }
    }
    let parameters = graph.parameters
    for entry in parameters where decays(entry.parameter) { try append(entry) }
    decayedCount = end
    for entry in parameters where !decays(entry.parameter) { try append(entry) }
    guard end > 0 else { throw .badAttribute(operation: "parameter layout", "the graph has no parameters") }
    self.places = places
    elementCount = end
  }

  /// Names of the states.
  public enum StateName {
    public static let weights = "weights"
    public static let gradients = "gradients"
    public static let firstMoments = "first_moments"
    public static let secondMoments = "second_moments"
    /// `[1]`: losses of a step's batches, added up.
    public static let loss = "loss_sum"
  }

  func place(of parameter: Graph.Parameter) throws(GraphError) -> Place {
    guard let place = places.first(where: { $0.parameter == parameter }) else {
      throw .unknownParameter(parameter.name)
    }
    return place
  }
}
