// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

/// A plan with its memory and kernels: everything but the numbers that change from batch to batch.
///
/// It is made for a capacity, dimensions rounded up a little, so that batches of nearly the same size share it.
final class BoundPlan {
  let plan: Plan
  let steps: [BoundStep]
  /// Where its values lie. Behind the steps: kernels are released before what they have as arguments.
  let memory: RunMemory
  private let stateParts: BufferParts?
  private let precision: Precision
  /// Where each of its inputs lies in the memory for them.
  private let inputRanges: [Graph.Value: Range<Int>]

  /// - Parameter tuning: in place of the executor's, for trials.
  init(
    _ plan: Plan, _ loaded: LoadedOpenCLGraph, _ memory: RunMemory, _ stateMemory: OpenCLState?,
    _ executor: OpenCLExecutor, _ tuning: Tuning? = nil
  ) throws {
    let graph = loaded.graph
    self.plan = plan
    self.memory = memory
    stateParts = stateMemory?.parts
    precision = executor.profile.precision
    let sharesArena = executor.profile.sharesArena
    let layout = try sharesArena ? InputLayout(plan, graph, executor.profile) : memory.inputLayout
    inputRanges = Dictionary(uniqueKeysWithValues: zip(plan.inputs, layout.ranges))
    let places = PlanPlaces(plan, sharesArena: sharesArena)
    var buffers = loaded.plainWeights
    for (value, range) in inputRanges { buffers[value] = try memory.buffer(ofInput: range) }
    for (value, slot) in plan.slots { buffers[value] = try memory.buffer(of: slot, places) }
    for value in plan.states {
      guard case .state(let name) = graph.source(of: value) else { continue }
      let shape = try graph.type(of: value).shape.resolved(plan.dimensions)
      guard let buffer = try stateMemory?.buffer(name, shape: shape) else { throw GraphError.unknownState(name) }
      buffers[value] = buffer
    }
    for step in plan.steps {
      for value in step.operands + step.results where buffers[value] == nil {
        // After a change a state lies where it lay before, and a view lies within it.
        guard let storage = graph.storage(of: value) else { continue }
        let (state, offset) = graph.place(ofStorage: storage)
        let count = try graph.type(of: storage).shape.elementCount(plan.dimensions)
        var view = buffers[state]
        if storage != state, let whole = view {
          let elementByteCount = executor.profile.precision.byteCount
          view = try stateMemory?.parts.part(
            of: whole, offset: offset * elementByteCount, byteCount: count * elementByteCount)
        }
        buffers[storage] = view
        buffers[value] = view
      }
    }
    let binder = StepBinder(graph: graph, library: executor.library, tuning: tuning ?? executor.tuning)
    steps = try plan.steps.map { step in
      let scratch = try step.scratch.map { try memory.buffer(of: $0, places) }
      return try binder.bind(
        StepArguments(step: step, graph: graph, buffers: buffers, panels: loaded.panelWeights, scratch: scratch))
    }
  }

  /// Dimensions rounded up: tokens to an eighth of their power of two, sequences to a power of two.
  static func capacity(for dimensions: Dimensions) -> Dimensions {
    dimensions.reduce(into: [:]) { capacity, entry in
      let (symbol, size) = entry
      capacity[symbol] = size
      // Rows of a cache are what its memory has; nothing is computed for those that are not used.
      guard symbol != .cacheRows, symbol != .encoderCacheRows else { return }
      guard (1...Int(Int32.max)).contains(size) else { return }  // the plan refuses it
      let power = Int.bitWidth - max(size - 1, 1).leadingZeroBitCount  // 2^power >= size
      let step = symbol == .sequences ? 1 << power : 1 << max(power - 4, 4)
      let rounded = (size + step - 1) / step * step
      if rounded < Int32.max { capacity[symbol] = rounded }
    }
  }

  /// Copies the inputs to staging memory and enqueues the upload: one, but where parts must not overlap and a batch was so
  /// much larger before that what lies between inputs is sooner left out.
  func upload(
    _ tensors: [(value: Graph.Value, tensor: Tensor)], through memory: RunMemory, _ queue: Queue
  ) throws {
    var written: [Range<Int>] = []
    let staging = try memory.inputStaging.free()
    for (value, tensor) in tensors {
      guard let range = inputRanges[value] else { continue }
      let target = UnsafeMutableRawBufferPointer(rebasing: staging.bytes[range])
      let byteCount: Int
      switch tensor.storage {
      case .int32(let elements):
        byteCount = elements.count * 4
        elements.withUnsafeBytes { target.copyMemory(from: $0) }
      case .uint8(let elements):
        byteCount = elements.count
        elements.withUnsafeBytes { target.copyMemory(from: $0) }
      case .float32(let elements):
        byteCount = elements.count * precision.byteCount
        elements.withUnsafeBufferPointer { precision.encode($0, into: target) }
      case .float64(let elements):
        byteCount = elements.count * precision.byteCount
        tensor.floats.withUnsafeBufferPointer { precision.encode($0, into: target) }
      }
      written.append(range.lowerBound..<(range.lowerBound + byteCount))
    }
    written.sort { $0.lowerBound < $1.lowerBound }
    try memory.inputStaging.upload(written, to: memory.inputs, waits: !plan.outputs.isEmpty)
  }

  /// Enqueues the one readback, waits for it, and takes the outputs apart. Without outputs there is nothing to wait for.
  func download(
    _ dimensions: Dimensions, _ graph: Graph, from memory: RunMemory, _ queue: Queue
  ) throws -> [String: Tensor] {
    var shapes: [(name: String, offset: Int, shape: [Int])] = []
    var end = 0
    for (name, value) in plan.outputs {
      guard let slot = plan.slots[value] else { throw GraphError.missingOutput(name) }
      let shape = try graph.type(of: value).shape.resolved(dimensions)
      shapes.append((name, slot.offset, shape))
      end = max(end, slot.offset + shape.reduce(precision.byteCount, *))
    }
    guard !shapes.isEmpty else {
      try queue.flush()
      return [:]
    }
    let bytes = UnsafeMutableRawBufferPointer(rebasing: memory.outputStaging.bytes[..<end])
    try queue.read(memory.arena, into: bytes)
    var results: [String: Tensor] = [:]
    for (name, offset, shape) in shapes {
      let count = shape.reduce(1, *)
      let elements = UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count * precision.byteCount)])
      results[name] = try Tensor(.float32(precision.floats(elements, count: count)), shape: shape)
    }
    return results
  }
}

/// One step of a bound plan: sets what depends on the batch and launches.
struct BoundStep {
  let node: Int
  let operation: String
  let scope: String
  let enqueue: (Queue, Dimensions) throws -> Void
}
