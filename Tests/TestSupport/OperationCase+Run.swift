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
      case .state(let extents): values.append(try graph.state(name, Shape(extents)))
      case .same(let other): values.append(values[other])
      }
    }
    var result = try graph.apply(operation, values, scope: operation.name)
    if let state = graph.storage(of: result) {
      // A state is no output of a run: all its rows, read after the store, are.
      let rows = graph.type(of: state).shape.dimensions[0]
      tensors["rows"] = .int32(Array(0..<Int32(try rows.resolved(sizes))))
      result = try graph.apply(.gatherRows, [result, graph.input("rows", [rows], .int32)])
    }
    try graph.output("result", result)
    return (graph, parameters, RunInputs(dimensions: sizes, tensors: tensors))
  }

  /// Runs the case on an executor.
  public func run(on executor: some Executor) async throws -> Tensor {
    let (graph, parameters, inputs) = try build()
    let loaded = try await executor.load(graph, parameters: parameters)
    let state = graph.states.isEmpty ? nil : try await loaded.makeState(inputs.dimensions)
    for (name, tensor) in try states(of: graph, inputs.dimensions) { try await state?.write(tensor, to: name) }
    guard let result = try await loaded.run(inputs, outputs: ["result"], state: state)["result"] else {
      throw GraphError.unknownOutput("result", known: [])
    }
    for (_, name) in graph.states where try await state?.read(name) != result { throw GraphError.unknownState(name) }
    return result
  }

  /// What each state holds before the run.
  public func states(of graph: Graph, _ dimensions: Dimensions) throws -> [(name: String, tensor: Tensor)] {
    var generator = SeededGenerator(seed: 2)
    return try graph.states.map { value, name in
      let shape = try graph.type(of: value).shape.resolved(dimensions)
      return (name, try Tensor(.float32(normal(shape.reduce(1, *), &generator)), shape: shape))
    }
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
