// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

/// Memory that all runs of one loaded graph share: the arena, the inputs, and their staging.
struct RunMemory {
  struct Size {
    var arena: Int
    var inputs: Int
    var outputs: Int

    init(_ plan: Plan, _ graph: Graph, _ profile: DeviceProfile) throws {
      arena = max((plan.arenaByteCount + 3) / 4 * 4, 4)  // whole words: the least that a place has
      inputs = max(try InputLayout(plan, graph, profile).byteCount, 1)
      outputs = max(plan.outputByteCount, 1)
    }

    func holds(_ other: Size) -> Bool {
      arena >= other.arena && inputs >= other.inputs && outputs >= other.outputs
    }

    func union(_ other: Size) -> Size {
      var size = self
      size.arena = max(arena, other.arena)
      size.inputs = max(inputs, other.inputs)
      size.outputs = max(outputs, other.outputs)
      return size
    }
  }

  let size: Size
  let arena: Buffer
  let inputs: Buffer
  let inputStaging: InputStaging
  let outputStaging: HostBuffer

  init(_ size: Size, _ executor: OpenCLExecutor) throws {
    self.size = size
    // The inputs first: Oclgrind 21.10 takes a new buffer for a released one, initialized as far as the host wrote to that,
    // until the host writes to it. In the arena's place that would be a complaint about all it holds behind.
    inputs = try Buffer(executor.context, byteCount: size.inputs, access: .readOnly, label: "inputs")
    arena = try Buffer(executor.context, byteCount: size.arena, label: "arena")
    inputStaging = try InputStaging(executor.queue, byteCount: size.inputs)
    outputStaging = try HostBuffer(executor.queue, byteCount: size.outputs)
  }

  /// A place in the arena. One of no bytes gets some all the same: its kernel wants an argument, and does not read it.
  func buffer(of slot: Plan.Slot) throws -> Buffer {
    try arena.subBuffer(offset: slot.byteCount == 0 ? 0 : slot.offset, byteCount: max(slot.byteCount, 4))
  }
}

/// Where each of a plan's inputs lies in the one upload.
struct InputLayout {
  private(set) var ranges: [Graph.Value: Range<Int>] = [:]
  private(set) var byteCount = 0

  init(_ plan: Plan, _ graph: Graph, _ profile: DeviceProfile) throws {
    let (alignment, realByteCount) = (profile.alignment, profile.precision.byteCount)
    for value in plan.inputs {
      let start = (byteCount + alignment - 1) / alignment * alignment
      let count = max(try graph.type(of: value).byteCount(plan.dimensions, realByteCount: realByteCount), 4)
      ranges[value] = start..<(start + count)
      byteCount = start + count
    }
  }
}

/// Host memory that inputs are uploaded from.
///
/// A run that is asked for outputs waits for them, and its staging memory is free when it ends. One that only changes states
/// does not wait: the next run then fills other staging memory, and the one after that waits for the first upload, no more.
final class InputStaging {
  private let queue: Queue
  private let byteCount: Int
  private var buffers: [HostBuffer]
  /// Uploads that nobody has waited for, each from the buffer of its index.
  private var inFlight: [Event?] = [nil, nil]
  private var turn = 0

  init(_ queue: Queue, byteCount: Int) throws {
    self.queue = queue
    self.byteCount = byteCount
    buffers = [try HostBuffer(queue, byteCount: byteCount)]
  }

  /// Memory that no transfer uses.
  func free() throws -> HostBuffer {
    if turn == buffers.count { buffers.append(try HostBuffer(queue, byteCount: byteCount)) }
    if let event = inFlight[turn] {
      try event.wait()
      inFlight[turn] = nil
    }
    return buffers[turn]
  }

  /// Enqueues the upload from the free memory.
  ///
  /// - Parameter waits: whether the run that it belongs to waits for all its commands.
  func upload(byteCount: Int, to buffer: Buffer, waits: Bool) throws {
    let event = try queue.upload(buffers[turn], byteCount: byteCount, to: buffer, observed: !waits)
    guard !waits else { return }
    inFlight[turn] = event
    turn = 1 - turn
  }
}
