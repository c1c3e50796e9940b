// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import Dispatch
import Glibc
import OpenCLRuntime
import Synchronization

/// Brings parameters to the device on all cores: straight into its memory where that is the host's as well, else through
/// staging memory, one half of which is filled while the other half travels.
struct WeightTransfer {
  /// A parameter's memory and what belongs there.
  struct Target {
    let buffer: Buffer
    let pieces: [WeightPiece]

    init(_ parameter: Graph.Parameter, _ layout: WeightLayout, _ executor: OpenCLExecutor) throws {
      let isPlain = if case .plain = layout { true } else { false }
      buffer = try Buffer(
        executor.context, byteCount: WeightPiece.byteCount(parameter, layout, executor.profile.precision),
        access: .readOnly,
        label: isPlain ? parameter.name : parameter.name + " in panels")
      pieces = WeightPiece.pieces(parameter, layout, executor.profile.precision)
    }
  }

  let source: any ParameterSource
  let queue: Queue

  /// Bytes of each half of the staging memory, unless a single piece has more.
  private static let stagingByteCount = 4 << 20

  /// Writes the host's memory of every buffer, then gives it back.
  ///
  /// - Throws: the source's error or the device's. Everything is unmapped then.
  func map(_ targets: [Target]) throws {
    let mapped = try targets.map { try MappedBuffer($0.buffer, queue) }
    try queue.finish()
    // 440 MB in small pages are 110,000 page faults, a third of the time that it takes to fill them.
    for buffer in mapped { adviseHugePages(buffer.bytes) }
    let places = zip(targets, mapped).flatMap { target, mapped in
      target.pieces.map { Place(piece: $0, memory: .init(rebasing: mapped.bytes[$0.bytes])) }
    }
    try fill(places)
    for buffer in mapped { try buffer.unmap() }
    try queue.finish()
  }

  /// Uploads every buffer, piece by piece.
  ///
  /// - Throws: the source's error or the device's. Transfers may still be in flight then.
  func stage(_ targets: [Target]) throws {
    let pieces = targets.flatMap { target in target.pieces.map { (piece: $0, buffer: target.buffer) } }
    let half = max(pieces.map(\.piece.bytes.count).max() ?? 0, WeightTransfer.stagingByteCount)
    let staging = try (0..<2).map { _ in try HostBuffer(queue, byteCount: half) }
    var inFlight: [Event?] = [nil, nil]
    var next = 0
    var turn = 0
    while next < pieces.count {
      try inFlight[turn]?.wait()
      var places: [Place] = []
      var end = 0
      let first = next
      while next < pieces.count, end + pieces[next].piece.bytes.count <= half {
        let piece = pieces[next].piece
        let memory = staging[turn].bytes[end..<(end + piece.bytes.count)]
        places.append(Place(piece: piece, memory: .init(rebasing: memory)))
        end += piece.bytes.count
        next += 1
      }
      try fill(places)
      // Pieces of one buffer lie side by side here as well as there, so they go as one. (Oclgrind 21.10 takes what comes
      // behind the start of a buffer for uninitialized.)
      var start = 0
      var index = first
      while index < next {
        let (piece, buffer) = pieces[index]
        var byteCount = 0
        while index < next, pieces[index].buffer === buffer {
          byteCount += pieces[index].piece.bytes.count
          index += 1
        }
        inFlight[turn] = try queue.upload(
          staging[turn], from: start, byteCount: byteCount, to: buffer, at: piece.bytes.lowerBound,
          observed: index == next)
        start += byteCount
      }
      try queue.flush()
      turn = 1 - turn
    }
    try queue.finish()
  }

  /// A piece and its memory.
  ///
  /// `@unchecked Sendable`: each is filled once, by one core, and the memory of no two overlaps.
  private struct Place: @unchecked Sendable {
    let piece: WeightPiece
    let memory: UnsafeMutableRawBufferPointer
  }

  /// Fills pieces on all cores.
  ///
  /// - Throws: the error of the first piece, in order, that has one.
  private func fill(_ places: [Place]) throws {
    let next = Atomic(0)
    let failed = Mutex<(index: Int, error: any Error)?>(nil)
    let scratchCount = places.map(\.piece.scratchCount).max() ?? 0
    let source = source
    DispatchQueue.concurrentPerform(iterations: min(places.count, max(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 1))) {
      _ in
      // One for all the pieces of a core: fresh memory costs as much as what is done with it.
      let scratch = UnsafeMutableBufferPointer<Float>.allocate(capacity: scratchCount)
      defer { scratch.deallocate() }
      while true {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < places.count, failed.withLock({ $0 == nil }) else { return }
        do {
          try places[index].piece.fill(places[index].memory, from: source, scratch: scratch)
        } catch {
          failed.withLock { if $0.map({ index < $0.index }) ?? true { $0 = (index, error) } }
        }
      }
    }
    if let failed = failed.withLock({ $0 }) { throw failed.error }
  }
}
