// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Tensors that are no plain piece of their file and are read in parts: each is put in row-major order once, and the
/// memory goes with the last part.
///
/// Of a whole tensor, any number of threads may read any parts, each part once. Threads that go through tensors one after
/// the other are at several tensors at a time, where one ends and the next begins, so several are kept; only when more
/// are begun than that goes the one least recently used, to be put in order again if more of it is wanted.
package final class GatheredTensors: Sendable {
  /// Tensors kept at a time.
  package static let capacity = 4

  private struct State {
    var tensors: [(name: String, memory: GatheredTensor)] = []  // the most recently used last
    /// Bytes that nobody has asked for yet, also of tensors that had to go.
    var owed: [String: Int] = [:]
    var gatherings = 0
  }
  private let state = Mutex(State())

  init() {}

  /// The tensors that are kept now, sorted. None when each that was begun has been read to its end.
  package var names: [String] { state.withLock { $0.tensors.map(\.name).sorted() } }

  /// How often a tensor has been put in order.
  package var gatherings: Int { state.withLock { $0.gatherings } }

  /// Reads a part of a tensor.
  ///
  /// - Parameters:
  ///   - gather: writes the whole tensor, in row-major order. Who else wants a part of this tensor waits for it.
  /// - Throws: what `gather` throws. The part is still owed then.
  func read(
    _ info: TensorInfo, from byteOffset: Int, into buffer: UnsafeMutableRawBufferPointer,
    gather: (UnsafeMutableRawBufferPointer) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    try memory(for: info.name).read(
      from: byteOffset, into: buffer,
      fill: { () throws(CheckpointError) in
        let bytes = HeapBytes(info.byteCount)
        try gather(bytes.buffer)
        state.withLock { $0.gatherings += 1 }
        return bytes
      })
    state.withLock { state in
      let left = (state.owed[info.name] ?? info.byteCount) - buffer.count
      state.owed[info.name] = left > 0 ? left : nil
      if left <= 0 { state.tensors.removeAll { $0.name == info.name } }
    }
  }

  private func memory(for name: String) -> GatheredTensor {
    state.withLock { state in
      let kept = state.tensors.firstIndex { $0.name == name }.map { state.tensors.remove(at: $0).memory }
      let memory = kept ?? GatheredTensor()
      if state.tensors.count == Self.capacity { state.tensors.removeFirst() }
      state.tensors.append((name, memory))
      return memory
    }
  }
}

/// One tensor's bytes, once somebody has needed them.
private final class GatheredTensor: Sendable {
  private let bytes = Mutex<HeapBytes?>(nil)

  func read(
    from byteOffset: Int, into buffer: UnsafeMutableRawBufferPointer,
    fill: () throws(CheckpointError) -> HeapBytes
  ) throws(CheckpointError) {
    let held = try bytes.withLock { bytes throws(CheckpointError) in
      let held = if let bytes { bytes } else { try fill() }
      bytes = held
      return held
    }
    buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: held.buffer[byteOffset..<byteOffset + buffer.count]))
  }
}

private final class HeapBytes: @unchecked Sendable {  // written before it is shared, never afterwards
  let buffer: UnsafeMutableRawBufferPointer
  init(_ count: Int) { buffer = .allocate(byteCount: count, alignment: 16) }
  deinit { buffer.deallocate() }
}
