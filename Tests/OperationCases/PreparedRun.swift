// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// A graph and all that one run of it takes.
public struct PreparedRun: Sendable {
  public let graph: Graph
  public var parameters: ParameterTable
  public var inputs: RunInputs
  /// What each state holds before the run.
  public var states: [String: Tensor]
  public let outputs: [String]

  /// - Parameter outputs: all of the graph's where nil.
  public init(
    graph: Graph, parameters: ParameterTable = ParameterTable(), inputs: RunInputs, states: [String: Tensor],
    outputs: [String]? = nil
  ) {
    self.graph = graph
    self.parameters = parameters
    self.inputs = inputs
    self.states = states
    self.outputs = outputs ?? graph.outputs.map(\.name)
  }

  /// Replaces every real number that goes in, parameters and states too: by what a precision can hold, for example.
  ///
  /// - Throws: `GraphError`.
  public mutating func round(_ rounded: (Float) -> Float) throws {
    func round(_ tensor: Tensor) throws -> Tensor {
      switch tensor.storage {
      case .float32(let numbers): try Tensor(.float32(numbers.map(rounded)), shape: tensor.shape)
      case .float64(let numbers): try Tensor(.float64(numbers.map { Double(rounded(Float($0))) }), shape: tensor.shape)
      case .int32, .uint8: tensor
      }
    }
    parameters.tensors = parameters.tensors.mapValues { $0.map(rounded) }
    inputs.tensors = try inputs.tensors.mapValues(round)
    states = try states.mapValues(round)
  }

  public func run(on executor: some Executor) async throws -> [String: Tensor] {
    try await run(on: executor.load(graph, parameters: parameters))
  }

  /// Runs the graph, in which states are as `states` says.
  ///
  /// - Returns: the outputs, and the states as they are left behind, by name.
  public func run(on loaded: any LoadedGraph) async throws -> [String: Tensor] {
    let state = states.isEmpty ? nil : try await loaded.makeState(inputs.dimensions)
    for (name, tensor) in states { try await state?.write(tensor, to: name) }
    var results = try await loaded.run(inputs, outputs: outputs, state: state)
    for name in states.keys { results[name] = try await state?.read(name) }
    return results
  }
}
