// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

// For tests that watch what lies around each value: the same weights, kernels and launches as a run has, on memory that
// the caller lays out.
extension OpenCLExecutor {
  /// The parameters of a graph on the device, in the layouts that its kernels want.
  package func weights(of graph: Graph, from source: any ParameterSource) async throws -> [Graph.Value: Buffer] {
    try await thread.run {
      let weights = try Weights(graph, source, on: self)
      let buffers = try weights.buffers(for: graph, packs: self.profile.matrixProduct == .panels)
      return buffers.plain.merging(buffers.panels) { $1 }
    }
  }

  /// Runs the steps of a plan with one buffer for each value, and waits.
  ///
  /// - Parameter scratch: by index of the step, memory for what it writes down.
  package func run(
    _ plan: Plan, of graph: Graph, on buffers: [Graph.Value: Buffer], scratch: [Int: Buffer] = [:]
  ) async throws {
    try await thread.run {
      let binder = StepBinder(graph: graph, library: self.library, tuning: self.tuning)
      let steps = try plan.steps.enumerated().map { index, step in
        try binder.bind(StepArguments(step: step, graph: graph, buffers: buffers, panels: [:], scratch: scratch[index]))
      }
      for step in steps {
        try step.enqueue(self.queue, plan.dimensions)
      }
      try self.queue.finish()
    }
  }
}
