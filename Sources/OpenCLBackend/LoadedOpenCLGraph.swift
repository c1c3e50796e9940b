// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

/// A graph with its weights on a device, and the memory and bound plans of its runs.
///
/// `@unchecked Sendable`: the mutable state is touched on the executor's thread only, to which every run goes.
final class LoadedOpenCLGraph: LoadedGraph, @unchecked Sendable {
  let graph: Graph
  private let executor: OpenCLExecutor
  private let weights: Weights
  private var memory: RunMemory?
  /// Most recently used last.
  private var boundPlans: [BoundPlan] = []

  /// Plans kept: a plan holds handles and no memory of its own, and a mixed load has a few dozen shapes.
  private static let keptPlans = 32

  /// Must run on the executor's thread.
  init(_ graph: Graph, _ source: any ParameterSource, on executor: OpenCLExecutor) throws {
    self.graph = graph
    self.executor = executor
    // Programs first: a kernel that does not build should fail before gigabytes are uploaded.
    let binder = StepBinder(graph: graph, library: executor.library)
    for node in graph.nodes { try binder.build(node) }
    weights = try Weights(graph, source, on: executor)
  }

  func run(_ inputs: RunInputs, outputs: [String]) async throws -> [String: Tensor] {
    try await executor.thread.run { try self.runNow(inputs, outputs: outputs) }
  }

  private func runNow(_ inputs: RunInputs, outputs: [String]) throws -> [String: Tensor] {
    let capacity = BoundPlan.capacity(for: inputs.dimensions)
    let kept = keptPlan(capacity, outputs)
    let plan = try kept?.plan ?? Plan(graph, capacity, outputs: outputs, alignment: executor.profile.alignment)
    // Before memory is made for them: inputs that do not fit must not cost gigabytes first.
    let tensors = try inputs.tensors(for: plan, of: graph)
    let bound = try kept ?? bind(plan, outputs)
    let memory = bound.memory
    do {
      try bound.upload(tensors, through: memory, executor.queue)
      for step in bound.steps { try step.enqueue(executor.queue, inputs.dimensions) }
      let results = try bound.download(inputs.dimensions, graph, from: memory, executor.queue)
      executor.library.storeBinaries()
      return results
    } catch {
      // Commands may still be in flight on this memory. Wait them out, whatever they report, and start afresh next time.
      try? executor.queue.finish()
      boundPlans = []
      self.memory = nil
      throw error
    }
  }

  /// A plan bound earlier for these dimensions and outputs.
  private func keptPlan(_ capacity: Dimensions, _ outputs: [String]) -> BoundPlan? {
    guard let index = boundPlans.firstIndex(where: { $0.plan.dimensions == capacity && $0.outputNames == outputs })
    else { return nil }
    let bound = boundPlans.remove(at: index)
    boundPlans.append(bound)
    return bound
  }

  private func bind(_ plan: Plan, _ outputs: [String]) throws -> BoundPlan {
    let needed = try RunMemory.Size(plan, graph, alignment: executor.profile.alignment)
    let bound = try BoundPlan(plan, graph, memory(for: needed), weights, executor, outputNames: outputs)
    if boundPlans.count == LoadedOpenCLGraph.keptPlans { boundPlans.removeFirst() }
    boundPlans.append(bound)
    return bound
  }

  /// Memory that holds what is needed: the one there is, or a larger one in its place.
  private func memory(for needed: RunMemory.Size) throws -> RunMemory {
    if let memory, memory.size.holds(needed) { return memory }
    boundPlans = []  // they refer to the memory that is replaced
    let size = memory?.size.union(needed) ?? needed
    memory = nil  // before the new one is made: both might not fit
    let made = try RunMemory(size, executor)
    memory = made
    return made
  }
}
