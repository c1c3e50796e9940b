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
      case .same(let other): values.append(values[other])
      }
    }
    let result = try graph.apply(operation, values, scope: operation.name)
    try graph.output("result", result)
    return (graph, parameters, RunInputs(dimensions: sizes, tensors: tensors))
  }

  /// Runs the case on an executor.
  public func run(on executor: some Executor) async throws -> Tensor {
    let (graph, parameters, inputs) = try build()
    let loaded = try await executor.load(graph, parameters: parameters)
    guard let result = try await loaded.run(inputs, outputs: ["result"])["result"] else {
      throw GraphError.unknownOutput("result", known: [])
    }
    return result
  }
}

/// Normally distributed numbers (Box and Muller's method).
public func normal(_ count: Int, _ generator: inout SeededGenerator, deviation: Double = 1) -> [Float] {
  (0..<count).map { _ in
    let radius = (-2 * Double.random(in: .leastNonzeroMagnitude..<1, using: &generator).logarithm).squareRoot()
    return Float(deviation * radius * (2 * Double.pi * Double.random(in: 0..<1, using: &generator)).cosine)
  }
}
