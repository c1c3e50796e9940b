// SPDX-License-Identifier: Apache-2.0
import COpenBLAS
import ComputeGraph
import Dispatch
import Glibc

/// Runs graphs on the host: the oracle of every parity test in `Double`, the fallback in `Float`.
///
/// Each operation is written out as its definition says, in a file of its own. Rows run in parallel on all cores. What a
/// sequence gets does not depend on the rest of the batch: matrix products never straddle two sequences, because a BLAS
/// may round a row differently in another place of the matrix.
public struct CPUExecutor<Scalar: CPUScalar>: Executor {
  public init() {}

  public func load(_ graph: Graph, parameters source: any ParameterSource) async throws -> any LoadedGraph {
    // Reading a checkpoint takes seconds: not on one of Swift's cooperative threads.
    try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global().async {
        continuation.resume(with: Result { try LoadedCPUGraph<Scalar>(graph, source) })
      }
    }
  }
}

/// A graph with its weights in host memory. Immutable after loading, so any number of tasks may run it at once.
final class LoadedCPUGraph<Scalar: CPUScalar>: LoadedGraph {
  let graph: Graph
  /// Shared by all variants.
  private let weights: [Graph.Parameter: [Scalar]]
  private let parameters: [Graph.Value: [Scalar]]
  /// Runs leave Swift's cooperative threads, which must not be held up for the length of a forward pass.
  private let queue = DispatchQueue(label: "swift-bert.cpu-executor", attributes: .concurrent)

  convenience init(_ graph: Graph, _ source: any ParameterSource) throws {
    if let problem = shim_openblas_problem() { throw CPUBackendError.noOpenBLAS(reason: String(cString: problem)) }
    var weights: [Graph.Parameter: [Scalar]] = [:]
    for (_, parameter) in graph.parameters {
      weights[parameter] = try [Scalar](unsafeUninitializedCapacity: parameter.elementCount) { buffer, count in
        let whole = UnsafeMutableBufferPointer(rebasing: buffer[..<parameter.elementCount])
        try Scalar.read(parameter, from: source, into: whole)
        count = parameter.elementCount
      }
    }
    try self.init(graph, weights)
  }

  private init(_ graph: Graph, _ weights: [Graph.Parameter: [Scalar]]) throws {
    self.graph = graph
    self.weights = weights
    var parameters: [Graph.Value: [Scalar]] = [:]
    for (value, parameter) in graph.parameters {
      guard let elements = weights[parameter] else { throw GraphError.unknownParameter(parameter.name) }
      parameters[value] = elements
    }
    self.parameters = parameters
  }

  func variant(_ graph: Graph) async throws -> any LoadedGraph { try LoadedCPUGraph(graph, weights) }

  func makeState(_ dimensions: Dimensions) async throws -> any GraphState {
    try CPUState<Scalar>(graph, dimensions)
  }

  func run(_ inputs: RunInputs, outputs: [String], state: (any GraphState)?) async throws -> [String: Tensor] {
    try await withCheckedThrowingContinuation { continuation in
      queue.async {
        continuation.resume(
          with: Result { try self.runNow(inputs, outputs: outputs, state: state as? CPUState<Scalar>) })
      }
    }
  }

  private func runNow(_ inputs: RunInputs, outputs: [String], state: CPUState<Scalar>?) throws -> [String: Tensor] {
    let plan = try Plan(
      graph, inputs.dimensions, outputs: outputs, realByteCount: MemoryLayout<Scalar>.stride, alignment: 64)
    // Inputs first: sizes that no tensor bears out must not ask for memory. Then memory that may be refused: Swift's own
    // allocation ends the process where there is none.
    let tensors = try inputs.tensors(for: plan, of: graph)
    var states: [Graph.Value: UnsafeMutablePointer<Scalar>] = [:]
    for value in plan.states {
      guard case .state(let name) = graph.source(of: value) else { continue }
      let shape = try graph.type(of: value).shape.resolved(plan.dimensions)
      guard let memory = try state?.memory(name, shape: shape) else { throw GraphError.unknownState(name) }
      states[value] = memory
    }
    guard let arena = aligned_alloc(64, (max(plan.arenaByteCount, 1) + 63) / 64 * 64) else {
      throw GraphError.outOfMemory(byteCount: plan.arenaByteCount)
    }
    defer { free(arena) }
    let run = CPURun<Scalar>(
      graph: graph, plan: plan, parameters: parameters, inputs: tensors, states: states, arena: arena)
    withExtendedLifetime(state) {
      for step in plan.steps { run.execute(step) }
    }
    var results: [String: Tensor] = [:]
    for (name, value) in plan.outputs {
      let shape = try graph.type(of: value).shape.resolved(plan.dimensions)
      let elements = UnsafeBufferPointer(start: run.result(value), count: shape.reduce(1, *))
      results[name] = try Scalar.tensor(Array(elements), shape: shape)
    }
    return results
  }
}
