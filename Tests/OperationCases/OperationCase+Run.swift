// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// Parameters held in memory, for graphs that come from no checkpoint.
public struct ParameterTable: ParameterSource {
  public var tensors: [String: [Float]]

  public init(_ tensors: [String: [Float]] = [:]) { self.tensors = tensors }

  public func read(
    _ part: Graph.Parameter.Part, from start: Int, into destination: UnsafeMutableBufferPointer<Float>
  ) throws {
    guard let elements = tensors[part.key], elements.count == part.elementCount else {
      throw MissingParameter(part.key)
    }
    _ = destination.initialize(from: elements[start..<(start + destination.count)])
  }

  public func read(
    _ part: Graph.Parameter.Part, from start: Int, into destination: UnsafeMutableBufferPointer<Double>
  ) throws {
    guard let elements = tensors[part.key], elements.count == part.elementCount else {
      throw MissingParameter(part.key)
    }
    _ = destination.initialize(from: elements[start..<(start + destination.count)].map(Double.init))
  }

  public struct MissingParameter: Error {
    public let key: String
    init(_ key: String) { self.key = key }
  }
}

extension OperationCase {
  /// A graph of this one operation with output `result`, its weights, and inputs.
  public func build(seed: UInt64 = 1) throws -> (graph: Graph, parameters: ParameterTable, inputs: RunInputs) {
    var graph = Graph()
    var parameters = ParameterTable()
    var tensors: [String: Tensor] = [:]
    var values: [Graph.Value] = []
    var generator = SeededGenerator(seed: seed)
    var sizes = dimensions
    for case .offsets(let lengths, _) in operands where sizes[.sequences] == nil { sizes[.sequences] = lengths.count }
    for (index, operand) in operands.enumerated() {
      let name = "operand\(index)"
      switch operand {
      case .parameter(let shape):
        parameters.tensors[name] = normal(shape.reduce(1, *), &generator)
        values.append(try graph.parameter(name, shape))
      case .real(let extents):
        values.append(try graph.input(name, Shape(extents), .real))
        let shape = try Shape(extents).resolved(sizes)
        tensors[name] = try Tensor(.float32(normal(shape.reduce(1, *), &generator)), shape: shape)
      case .ids(let extents, let limit):
        values.append(try graph.input(name, Shape(extents), .int32))
        let shape = try Shape(extents).resolved(sizes)
        let ids = (0..<shape.reduce(1, *)).map { _ in Int32.random(in: 0..<Int32(limit), using: &generator) }
        tensors[name] = try Tensor(.int32(ids), shape: shape)
      case .offsets(let lengths, let symbol):
        values.append(try graph.input(name, [.symbol(.sequences, plus: 1)], .int32, segmenting: symbol))
        tensors[name] = .int32(lengths.reduce(into: [0]) { $0.append(($0.last ?? 0) + Int32($1)) })
      case .mask(let extents, let visible):
        values.append(try graph.input(name, Shape(extents), .uint8))
        let shape = try Shape(extents).resolved(sizes)
        let mask = (0..<shape.reduce(1, *)).map { index -> UInt8 in
          index >= shape[1] && Double.random(in: 0..<1, using: &generator) < visible ? 1 : 0
        }
        tensors[name] = try Tensor(.uint8(mask), shape: shape)
      case .integers(let numbers, let extents):
        values.append(try graph.input(name, Shape(extents), .int32))
        tensors[name] = .int32(numbers.map { Int32($0) })
      case .distinctIds(let extents, let limit):
        values.append(try graph.input(name, Shape(extents), .int32))
        let count = try Shape(extents).elementCount(sizes)
        tensors[name] = .int32(Array((0..<Int32(limit)).shuffled(using: &generator)[..<count]))
      case .labels(let extents, let limit, let ignored):
        values.append(try graph.input(name, Shape(extents), .int32))
        let limits = try Array(repeating: limit, count: Shape(extents).elementCount(sizes))
        tensors[name] = .int32(labels(limits, ignored: ignored, &generator))
      case .segmentLabels(let lengths, let ignored):
        values.append(try graph.input(name, [.sequences], .int32))
        tensors[name] = .int32(labels(lengths, ignored: ignored, &generator))
      case .numbers(let numbers, let extents):
        values.append(try graph.input(name, Shape(extents), .real))
        tensors[name] = try Tensor(.float32(numbers), shape: Shape(extents).resolved(sizes))
      case .state(let extents, _): values.append(try graph.state(name, Shape(extents)))
      case .same(let other): values.append(values[other])
      }
    }
    var result = try graph.apply(operation, values, scope: operation.name)
    // A state is no output of a run: a copy, made after the step, is.
    if graph.storage(of: result) != nil { result = try graph.apply(.weightedSum([1]), [result]) }
    try graph.output("result", result)
    return (graph, parameters, RunInputs(dimensions: sizes, tensors: tensors))
  }

  /// The graph of `build`, and what its states hold before the run.
  public func prepare(seed: UInt64 = 1) throws -> PreparedRun {
    let (graph, parameters, inputs) = try build(seed: seed)
    var generator = SeededGenerator(seed: 2)
    var states: [String: Tensor] = [:]
    for (index, operand) in operands.enumerated() {
      guard case .state(let extents, let isPositive) = operand else { continue }
      let shape = try Shape(extents).resolved(inputs.dimensions)
      let numbers = normal(shape.reduce(1, *), &generator)
      states["operand\(index)"] = try Tensor(.float32(isPositive ? numbers.map(abs) : numbers), shape: shape)
    }
    return PreparedRun(graph: graph, parameters: parameters, inputs: inputs, states: states, outputs: ["result"])
  }

  /// Runs the case on an executor.
  ///
  /// - Returns: see `result(of:on:)`.
  public func run(on executor: some Executor) async throws -> Tensor { try await result(of: prepare(), on: executor) }

  /// Runs what `prepare` made, as it is or with other numbers.
  ///
  /// - Returns: the result; of an operation that changes several states, all of them, one behind the other.
  public func result(of prepared: PreparedRun, on executor: some Executor) async throws -> Tensor {
    let results = try await prepared.run(on: executor)
    guard let result = results["result"] else { throw GraphError.unknownOutput("result", known: []) }
    let states = prepared.graph.states.compactMap { results[$0.name] }
    guard let first = states.first else { return result }
    // The operation's first result is its first state, as it is left behind.
    guard first == result else { throw GraphError.unknownState("operand0") }
    let elements = states.flatMap(\.doubles)
    return states.count == 1 ? result : try Tensor(.float64(elements), shape: [elements.count])
  }
}

/// A label below each limit, or `ignoredLabel`, which is all that a limit of 0 allows.
private func labels(_ limits: [Int], ignored: Double, _ generator: inout SeededGenerator) -> [Int32] {
  limits.map { limit in
    let isIgnored = Double.random(in: 0..<1, using: &generator) < ignored || limit == 0
    return isIgnored ? ignoredLabel : Int32.random(in: 0..<Int32(limit), using: &generator)
  }
}

/// Normally distributed numbers (Box and Muller's method).
public func normal(_ count: Int, _ generator: inout SeededGenerator, deviation: Double = 1) -> [Float] {
  (0..<count).map { _ in
    let radius = (-2 * Double.random(in: .leastNonzeroMagnitude..<1, using: &generator).logarithm).squareRoot()
    return Float(deviation * radius * (2 * Double.pi * Double.random(in: 0..<1, using: &generator)).cosine)
  }
}
