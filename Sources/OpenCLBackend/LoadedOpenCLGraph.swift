// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime
import Synchronization

/// A graph with its weights on a device.
///
/// `@unchecked Sendable`: the mutable state, which is in the cache, is touched on the executor's thread only, to which
/// every run goes.
final class LoadedOpenCLGraph: LoadedGraph, @unchecked Sendable {
  let graph: Graph
  /// Which of the graphs that share a cache this is.
  let identity = LoadedOpenCLGraph.nextIdentity.wrappingAdd(1, ordering: .relaxed).oldValue
  let plainWeights: [Graph.Value: Buffer]
  let panelWeights: [Graph.Value: Buffer]
  private let executor: OpenCLExecutor
  private let weights: Weights
  private let cache: RunCache

  private static let nextIdentity = Atomic<UInt64>(0)

  /// Must run on the executor's thread.
  convenience init(_ graph: Graph, _ source: any ParameterSource, on executor: OpenCLExecutor) throws {
    // Programs first: a kernel that does not build should fail before gigabytes are uploaded.
    let binder = StepBinder(graph: graph, library: executor.library, tuning: executor.tuning)
    for node in graph.nodes { try binder.build(node) }
    // Before the weights add to it. Kernels that are in no cache yet need some of it again: PoCL compiles the last part at
    // a kernel's first launch.
    executor.device.dropDriverPages()
    try self.init(graph, Weights(graph, source, on: executor), RunCache(executor), executor)
  }

  private init(_ graph: Graph, _ weights: Weights, _ cache: RunCache, _ executor: OpenCLExecutor) throws {
    self.graph = graph
    self.executor = executor
    self.weights = weights
    self.cache = cache
    (plainWeights, panelWeights) = try weights.buffers(for: graph, packs: executor.profile.matrixProduct == .panels)
  }

  func variant(_ graph: Graph) async throws -> any LoadedGraph {
    try await executor.thread.run {
      let variant = try LoadedOpenCLGraph(graph, self.weights, self.cache, self.executor)
      let binder = StepBinder(graph: graph, library: self.executor.library, tuning: self.executor.tuning)
      for node in graph.nodes { try binder.build(node) }
      return variant
    }
  }

  func makeState(_ dimensions: Dimensions) async throws -> any GraphState {
    try await executor.thread.run {
      self.cache.dropPlansOfReleasedStates()  // before more memory is asked for
      return try OpenCLState(self.graph, dimensions, on: self.executor) { [weak self] in
        guard let self else { return }
        Task { try? await self.executor.thread.run { self.cache.dropPlansOfReleasedStates() } }
      }
    }
  }

  func run(_ inputs: RunInputs, outputs: [String], state: (any GraphState)?) async throws -> [String: Tensor] {
    try await executor.thread.run { try self.runNow(inputs, outputs: outputs, state: state as? OpenCLState) }
  }

  private func runNow(_ inputs: RunInputs, outputs: [String], state: OpenCLState?) throws -> [String: Tensor] {
    let capacity = BoundPlan.capacity(for: inputs.dimensions)
    let kept = cache.plan(of: identity, capacity, outputs, state)
    let plan = try kept?.plan ?? executor.profile.plan(graph, capacity, outputs: outputs)
    // Before memory is made for them: inputs that do not fit must not cost gigabytes first.
    let tensors = try inputs.tensors(for: plan, of: graph)
    let bound = try kept ?? cache.bind(plan, of: self, outputs: outputs, state)
    let memory = bound.memory
    do {
      executor.recorder?.begin("upload")
      try bound.upload(tensors, through: memory, executor.queue)
      for step in bound.steps {
        executor.recorder?.begin(step.operation, node: step.node, scope: step.scope)
        try step.enqueue(executor.queue, inputs.dimensions)
      }
      executor.recorder?.begin("download")
      let results = try bound.download(inputs.dimensions, graph, from: memory, executor.queue)
      if let recorder = executor.recorder {
        if outputs.isEmpty { try executor.queue.finish() }  // times are there when a command has ended
        try recorder.collect()
      }
      executor.library.storeBinaries()
      return results
    } catch {
      // Commands may still be in flight on this memory. Wait them out, whatever they report, and start afresh next time.
      try? executor.queue.finish()
      cache.drop()
      executor.recorder?.abandon()
      throw error
    }
  }
}
