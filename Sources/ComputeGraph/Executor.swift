// SPDX-License-Identifier: Apache-2.0

/// Where an executor reads weights from, once, when a graph is loaded.
public protocol ParameterSource: Sendable {
  /// Reads `destination.count` elements of one checkpoint tensor, from element `start` on, converted to `Float`.
  /// - Throws: the source's own error, if the tensor is missing or has another shape or an unreadable type.
  func read(_ part: Graph.Parameter.Part, from start: Int, into destination: UnsafeMutableBufferPointer<Float>) throws
  /// The same in `Double`.
  func read(_ part: Graph.Parameter.Part, from start: Int, into destination: UnsafeMutableBufferPointer<Double>) throws
}

extension ParameterSource {
  /// Reads elements of a whole parameter, whose parts lie one behind the other.
  public func read(
    _ parameter: Graph.Parameter, from start: Int = 0, into destination: UnsafeMutableBufferPointer<Float>
  ) throws {
    try parameter.eachPart(from: start, of: destination) { try read($0, from: $1, into: $2) }
  }

  /// The same in `Double`.
  public func read(
    _ parameter: Graph.Parameter, from start: Int = 0, into destination: UnsafeMutableBufferPointer<Double>
  ) throws {
    try parameter.eachPart(from: start, of: destination) { try read($0, from: $1, into: $2) }
  }
}

extension Graph.Parameter {
  /// Calls `body` with each part that overlaps the elements asked for, where in the part they start, and their place.
  fileprivate func eachPart<Element>(
    from start: Int, of destination: UnsafeMutableBufferPointer<Element>,
    _ body: (Part, Int, UnsafeMutableBufferPointer<Element>) throws -> Void
  ) throws {
    precondition(start >= 0 && start + destination.count <= elementCount)
    let wanted = start..<(start + destination.count)
    var partStart = 0
    for part in parts {
      let range = partStart..<(partStart + part.elementCount)
      let overlap = range.clamped(to: wanted)
      if !overlap.isEmpty {
        let place = destination[(overlap.lowerBound - start)..<(overlap.upperBound - start)]
        try body(part, overlap.lowerBound - partStart, UnsafeMutableBufferPointer(rebasing: place))
      }
      partStart = range.upperBound
    }
  }
}

/// What one run brings: a number for every symbol and a tensor for every input that the asked outputs need.
public struct RunInputs: Sendable {
  public var dimensions: Dimensions
  public var tensors: [String: Tensor]

  public init(dimensions: Dimensions, tensors: [String: Tensor]) {
    self.dimensions = dimensions
    self.tensors = tensors
  }
}

/// Makes graphs runnable on one device.
public protocol Executor: Sendable {
  /// Brings the weights of `graph` to the device, in the layout its kernels want. Nothing stays behind if it throws.
  func load(_ graph: Graph, parameters: any ParameterSource) async throws -> any LoadedGraph
}

/// A graph with its weights on a device. Calls may come from many tasks; each gets what it would get alone.
public protocol LoadedGraph: Sendable {
  var graph: Graph { get }

  /// Runs the steps that `outputs` need and reads those back, in one piece.
  ///
  /// - Parameter state: memory for the graph's states, made by `makeState` of this graph or of a variant of it that has
  ///   states of the same names and widths. No two runs may use one at a time.
  /// - Throws: `GraphError` for inputs that do not fit; the device's error otherwise.
  func run(_ inputs: RunInputs, outputs: [String], state: (any GraphState)?) async throws -> [String: Tensor]

  /// Another graph on the weights of this one, which must have every parameter of the other, and use it as the other does.
  ///
  /// - Throws: `GraphError.unknownParameter`; the device's error.
  func variant(_ graph: Graph) async throws -> any LoadedGraph

  /// Memory for the graph's states, all zeros, with as many rows as `dimensions` say.
  ///
  /// - Throws: `GraphError.unboundSymbol`, `.tooLarge`, `.outOfMemory`; the device's error.
  func makeState(_ dimensions: Dimensions) async throws -> any GraphState
}

extension LoadedGraph {
  /// Runs a graph without states.
  public func run(_ inputs: RunInputs, outputs: [String]) async throws -> [String: Tensor] {
    try await run(inputs, outputs: outputs, state: nil)
  }
}

/// Values that stay on the device from run to run.
public protocol GraphState: Sendable {
  /// Shapes by name.
  var shapes: [String: [Int]] { get }

  /// Everything in one state, as the last run left it.
  ///
  /// - Throws: `GraphError.unknownState`; the device's error.
  func read(_ name: String) async throws -> Tensor

  /// Overwrites one state.
  ///
  /// - Throws: `GraphError.unknownState`, `.inputMismatch` for another shape; the device's error.
  func write(_ tensor: Tensor, to name: String) async throws
}

extension Tensor.Storage {
  func fits(_ element: ElementType) -> Bool {
    switch (self, element) {
    case (.float32, .real), (.float64, .real), (.int32, .int32), (.uint8, .uint8): true
    default: false
    }
  }
}
