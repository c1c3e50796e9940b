// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime
import Synchronization

/// A graph's states in device memory: a decoder's caches.
final class OpenCLState: GraphState {
  let shapes: [String: [Int]]
  private let buffers: [String: Buffer]
  /// Views of the states. Touched on the executor's thread only.
  nonisolated(unsafe) let parts = BufferParts()
  private let executor: OpenCLExecutor
  /// Plans that are bound to this memory hold it as well: they must go when nobody else does.
  private let onRelease: @Sendable () -> Void
  /// Addresses come back after a release; this number does not.
  let identity = OpenCLState.nextIdentity.wrappingAdd(1, ordering: .relaxed).oldValue

  private static let nextIdentity = Atomic<UInt64>(0)

  /// Must run on the device's thread.
  init(
    _ graph: Graph, _ dimensions: Dimensions, on executor: OpenCLExecutor, onRelease: @escaping @Sendable () -> Void
  ) throws {
    self.executor = executor
    self.onRelease = onRelease
    var shapes: [String: [Int]] = [:]
    var buffers: [String: Buffer] = [:]
    for (value, name) in graph.states {
      let type = graph.type(of: value)
      shapes[name] = try type.shape.resolved(dimensions)
      let byteCount = try type.byteCount(dimensions, realByteCount: executor.profile.precision.byteCount)
      // Whole words, which are what is filled.
      let buffer = try Buffer(executor.context, byteCount: max((byteCount + 3) / 4 * 4, 4), label: name)
      try executor.queue.fill(buffer, with: Float(0))
      buffers[name] = buffer
    }
    (self.shapes, self.buffers) = (shapes, buffers)
    try executor.queue.finish()
  }

  deinit { onRelease() }

  /// The memory of a state that has the shape which a graph gives it.
  ///
  /// - Throws: `GraphError.unknownState`.
  func buffer(_ name: String, shape: [Int]) throws(GraphError) -> Buffer {
    guard let buffer = buffers[name], shapes[name] == shape else { throw .unknownState(name) }
    return buffer
  }

  func read(_ name: String) async throws -> Tensor {
    guard let buffer = buffers[name], let shape = shapes[name] else { throw GraphError.unknownState(name) }
    let count = shape.reduce(1, *)
    let elements = try await executor.thread.run { [executor] in
      switch executor.profile.precision {
      case .float32: return try executor.queue.read(buffer, count: count, of: Float(0))
      case .float16, .bfloat16:
        let halves = try executor.queue.read(buffer, count: count, of: UInt16(0))
        return halves.withUnsafeBytes { executor.profile.precision.floats($0, count: count) }
      }
    }
    return try Tensor(.float32(elements), shape: shape)
  }

  func write(_ tensor: Tensor, to name: String) async throws {
    guard let buffer = buffers[name], let shape = shapes[name] else { throw GraphError.unknownState(name) }
    guard tensor.shape == shape else {
      throw GraphError.inputMismatch(name: name, found: "\(tensor.shape)", wanted: "\(shape)")
    }
    let elements = tensor.floats
    try await executor.thread.run { [executor] in
      switch executor.profile.precision {
      case .float32: try executor.queue.write(elements, to: buffer)
      case .float16, .bfloat16:
        var halves = [UInt16](repeating: 0, count: elements.count)
        elements.withUnsafeBufferPointer { floats in
          halves.withUnsafeMutableBytes { executor.profile.precision.encode(floats, into: $0) }
        }
        try executor.queue.write(halves, to: buffer)
      }
    }
  }
}
