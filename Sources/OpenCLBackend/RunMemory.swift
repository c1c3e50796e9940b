// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

/// Memory that all runs of one loaded graph share: the arena, the inputs, and their staging.
struct RunMemory {
  struct Size {
    /// Bytes of the arena: of all of it, or of the outputs at its front where the other places have memory of their own.
    var arena: Int
    /// Bytes of places that have memory of their own, largest first.
    var places: [Int]
    /// Bytes of the inputs: of all of a plan's together, or of each, in a plan's order.
    var inputs: [Int]
    var outputs: Int

    init(_ plan: Plan, _ graph: Graph, _ profile: DeviceProfile) throws {
      places = PlanPlaces(plan, sharesArena: profile.sharesArena).byteCounts
      // Whole words: the least that a place has.
      arena = max(((profile.sharesArena ? plan.arenaByteCount : plan.outputByteCount) + 3) / 4 * 4, 4)
      let layout = try InputLayout(plan, graph, profile)
      inputs = profile.sharesArena ? [layout.byteCount] : layout.ranges.map(\.count)
      outputs = max(plan.outputByteCount, 1)
    }

    func holds(_ other: Size) -> Bool {
      func holds(_ sizes: [Int], _ others: [Int]) -> Bool {
        sizes.count >= others.count && zip(sizes, others).allSatisfy { $0 >= $1 }
      }
      return arena >= other.arena && outputs >= other.outputs && holds(inputs, other.inputs)
        && holds(places, other.places)
    }

    func union(_ other: Size) -> Size {
      func union(_ sizes: [Int], _ others: [Int]) -> [Int] {
        (0..<max(sizes.count, others.count)).map {
          max($0 < sizes.count ? sizes[$0] : 0, $0 < others.count ? others[$0] : 0)
        }
      }
      var size = self
      size.arena = max(arena, other.arena)
      size.places = union(places, other.places)
      size.inputs = union(inputs, other.inputs)
      size.outputs = max(outputs, other.outputs)
      return size
    }
  }

  let size: Size
  let arena: Buffer
  let inputs: Buffer
  /// Where each input lies in `inputs` where parts must not overlap: for all plans in the same places.
  let inputLayout: InputLayout
  let inputStaging: InputStaging
  let outputStaging: HostBuffer
  private let places: [Buffer]
  private let sharesArena: Bool
  private let parts = BufferParts()

  init(_ size: Size, _ executor: OpenCLExecutor) throws {
    self.size = size
    sharesArena = executor.profile.sharesArena
    inputLayout = InputLayout(size.inputs, alignment: executor.profile.alignment)
    let inputByteCount = max(inputLayout.byteCount, 1)
    // The inputs first: Oclgrind 21.10 takes a new buffer for a released one, initialized as far as the host wrote to that,
    // until the host writes to it. In the arena's place that would be a complaint about all it holds behind.
    inputs = try Buffer(executor.context, byteCount: inputByteCount, access: .readOnly, label: "inputs")
    arena = try Buffer(executor.context, byteCount: size.arena, label: "arena")
    places = try size.places.map { try Buffer(executor.context, byteCount: max(($0 + 3) / 4 * 4, 4), label: "place") }
    inputStaging = try InputStaging(executor.queue, byteCount: inputByteCount)
    outputStaging = try HostBuffer(executor.queue, byteCount: size.outputs)
  }

  /// All that kernels write.
  var written: [Buffer] { [arena] + places }

  /// A place of a plan. One of no bytes gets some all the same: its kernel wants an argument, and does not read it.
  func buffer(of slot: Plan.Slot, _ plan: PlanPlaces) throws -> Buffer {
    if let index = plan.index(of: slot) { return places[index] }
    let (offset, byteCount) = (slot.byteCount == 0 ? 0 : slot.offset, max(slot.byteCount, 4))
    // A part of its own for each plan, so that it goes with the plan; where that is not safe, one for all.
    return try sharesArena
      ? arena.subBuffer(offset: offset, byteCount: byteCount)
      : parts.part(of: arena, offset: offset, byteCount: byteCount)
  }

  /// The place of an input.
  func buffer(ofInput range: Range<Int>) throws -> Buffer {
    try sharesArena
      ? inputs.subBuffer(offset: range.lowerBound, byteCount: range.count)
      : parts.part(of: inputs, offset: range.lowerBound, byteCount: range.count)
  }
}

/// Where inputs lie in the memory for them, in a plan's order.
struct InputLayout {
  private(set) var ranges: [Range<Int>] = []

  var byteCount: Int { ranges.last?.upperBound ?? 0 }

  init(_ byteCounts: [Int], alignment: Int) {
    for count in byteCounts {
      let start = (byteCount + alignment - 1) / alignment * alignment
      ranges.append(start..<(start + count))
    }
  }

  /// One behind the other, as little as a plan needs: one upload of that.
  init(_ plan: Plan, _ graph: Graph, _ profile: DeviceProfile) throws {
    let byteCounts = try plan.inputs.map {
      max(try graph.type(of: $0).byteCount(plan.dimensions, realByteCount: profile.precision.byteCount), 4)
    }
    self.init(byteCounts, alignment: profile.alignment)
  }
}

/// Which of a plan's places have memory of their own, and which.
struct PlanPlaces {
  private struct Place: Hashable {
    let offset: Int
    let byteCount: Int

    init(_ slot: Plan.Slot) { (offset, byteCount) = (slot.offset, slot.byteCount) }
  }
  private let outputs: Set<Place>
  /// By offset: what begins at the same place is never needed at the same time, or is the same.
  private var indices: [Int: Int] = [:]
  /// Largest first, so that the places of two plans that belong together by their order fit each other best.
  private(set) var byteCounts: [Int] = []

  /// - Parameter sharesArena: `DeviceProfile.sharesArena`. Where it is not, all but the outputs have memory of their own.
  init(_ plan: Plan, sharesArena: Bool) {
    outputs = Set(plan.outputs.compactMap { plan.slots[$0.value].map(Place.init) })
    guard !sharesArena else { return }
    var sizes: [Int: Int] = [:]
    for slot in Array(plan.slots.values) + plan.steps.compactMap(\.scratch) where !outputs.contains(Place(slot)) {
      sizes[slot.offset] = max(sizes[slot.offset] ?? 0, slot.byteCount)
    }
    let ordered = sizes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    for (index, place) in ordered.enumerated() { indices[place.key] = index }
    byteCounts = ordered.map(\.value)
  }

  /// Which of the places with memory of their own a slot is; nil in the arena.
  func index(of slot: Plan.Slot) -> Int? { outputs.contains(Place(slot)) ? nil : indices[slot.offset] }
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
  /// - Parameters:
  ///   - ranges: bytes that were written, ascending.
  ///   - waits: whether the run that it belongs to waits for all its commands.
  func upload(_ ranges: [Range<Int>], to buffer: Buffer, waits: Bool) throws {
    var transfers: [Range<Int>] = []
    for range in ranges {
      if let last = transfers.last, range.lowerBound - last.upperBound <= InputStaging.smallGap {
        transfers[transfers.count - 1] = last.lowerBound..<range.upperBound
      } else {
        transfers.append(range)
      }
    }
    var event: Event?
    for transfer in transfers where !transfer.isEmpty {
      event = try queue.upload(
        buffers[turn], from: transfer.lowerBound, byteCount: transfer.count, to: buffer, at: transfer.lowerBound,
        observed: !waits)
    }
    guard !waits else { return }
    inFlight[turn] = event  // in order: the last one's end is the end of all
    turn = 1 - turn
  }

  /// Bytes that are sooner transferred than skipped: a transfer of its own costs some 10 microseconds.
  private static let smallGap = 256 << 10
}
