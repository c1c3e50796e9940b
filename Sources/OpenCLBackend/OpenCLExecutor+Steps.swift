// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

// For tests that watch what lies around each value: the same weights, kernels and launches as a run has, on memory that
// the caller lays out.
extension OpenCLExecutor {
  /// The parameters of a graph on the device, in the layouts that its kernels want.
  package func weights(of graph: Graph, from source: any ParameterSource) async throws -> [Graph.Value: Buffer] {
    try await thread.run { try Weights(graph, source, on: self).buffers }
  }

  /// Runs the steps of a plan with one buffer for each value, and waits.
  package func run(_ plan: Plan, of graph: Graph, on buffers: [Graph.Value: Buffer]) async throws {
    try await thread.run {
      let binder = StepBinder(graph: graph, library: self.library)
      for step in try plan.steps.map({ try binder.bind($0, buffers) }) {
        try step.enqueue(self.queue, plan.dimensions)
      }
      try self.queue.finish()
    }
  }
}
