// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import Glibc

/// A graph's states in host memory: a decoder's caches.
///
/// `@unchecked Sendable`: no two runs use one at a time, as `LoadedGraph.run` demands.
final class CPUState<Scalar: CPUScalar>: GraphState, @unchecked Sendable {
  let shapes: [String: [Int]]
  private let memories: [String: UnsafeMutablePointer<Scalar>]

  init(_ graph: Graph, _ dimensions: Dimensions) throws {
    var shapes: [String: [Int]] = [:]
    for (value, name) in graph.states {
      _ = try graph.type(of: value).shape.elementCount(dimensions)
      shapes[name] = try graph.type(of: value).shape.resolved(dimensions)
    }
    self.shapes = shapes
    var memories: [String: UnsafeMutablePointer<Scalar>] = [:]
    for (name, shape) in shapes {
      let count = max(shape.reduce(1, *), 1)
      // Swift's own allocation ends the process where there is no memory.
      guard let memory = calloc(count, MemoryLayout<Scalar>.stride) else {
        for made in memories.values { free(made) }
        throw GraphError.outOfMemory(byteCount: count * MemoryLayout<Scalar>.stride)
      }
      memories[name] = memory.bindMemory(to: Scalar.self, capacity: count)
    }
    self.memories = memories
  }

  deinit { for memory in memories.values { free(memory) } }

  /// The memory of a state that has the shape which a graph gives it.
  ///
  /// - Throws: `GraphError.unknownState`.
  func memory(_ name: String, shape: [Int]) throws(GraphError) -> UnsafeMutablePointer<Scalar> {
    guard let memory = memories[name], shapes[name] == shape else { throw .unknownState(name) }
    return memory
  }

  func read(_ name: String) async throws -> Tensor {
    guard let memory = memories[name], let shape = shapes[name] else { throw GraphError.unknownState(name) }
    return try Scalar.tensor(Array(UnsafeBufferPointer(start: memory, count: shape.reduce(1, *))), shape: shape)
  }

  func write(_ tensor: Tensor, to name: String) async throws {
    guard let memory = memories[name], let shape = shapes[name] else { throw GraphError.unknownState(name) }
    guard tensor.shape == shape else {
      throw GraphError.inputMismatch(name: name, found: "\(tensor.shape)", wanted: "\(shape)")
    }
    memory.update(from: Scalar.elements(of: tensor), count: shape.reduce(1, *))
  }
}
