// SPDX-License-Identifier: Apache-2.0

import COpenCL
import Synchronization

/// A whole buffer as host memory, for the host to fill: on devices that share the host's memory, the buffer itself.
///
/// Unmapped at the end of its life at the latest. No command may use the buffer while it is mapped.
public final class MappedBuffer: Sendable {
  public let buffer: Buffer
  private let queue: Queue

  nonisolated(unsafe) private let base: UnsafeMutableRawPointer  // who writes where is the owner's to order
  private let isMapped = Mutex(true)

  /// The memory. What was in it may be lost; there is nothing to see before a ``Queue/finish()``, and after ``unmap()`` it
  /// is no longer the host's: it must not be used then, nor after the end of this object's life.
  public var bytes: UnsafeMutableRawBufferPointer { .init(start: base, count: buffer.byteCount) }

  /// Enqueues the mapping.
  ///
  /// - Throws: `allocationFailed`, `callFailed`.
  public init(_ buffer: Buffer, _ queue: Queue) throws(OpenCLError) {
    var status = CL_SUCCESS
    let base = shim_clEnqueueMapBuffer(
      queue.handle, buffer.handle, cl_bool(CL_FALSE), cl_map_flags(CL_MAP_WRITE_INVALIDATE_REGION), 0, buffer.byteCount,
      0, nil, nil, &status)
    if OpenCLStatus(rawValue: status).isOutOfMemory {
      throw .allocationFailed(
        buffer: buffer.label, byteCount: buffer.byteCount, deviceMemory: buffer.context.device.globalMemory,
        status: OpenCLStatus(rawValue: status))
    }
    self.base = UnsafeMutableRawPointer(
      try created(base.map { OpaquePointer($0) }, status, "clEnqueueMapBuffer", buffer.label))
    self.buffer = buffer
    self.queue = queue
  }

  /// Enqueues giving the memory back to the device, with what the host wrote. Once.
  ///
  /// - Throws: `callFailed`.
  public func unmap() throws(OpenCLError) {
    try check(unmapOnce(), "clEnqueueUnmapMemObject", buffer.label)
  }

  private func unmapOnce() -> cl_int {
    let isMine = isMapped.withLock { isMapped in
      defer { isMapped = false }
      return isMapped
    }
    return isMine ? shim_clEnqueueUnmapMemObject(queue.handle, buffer.handle, base, 0, nil, nil) : CL_SUCCESS
  }

  deinit { ReleaseFailures.note(unmapOnce(), "clEnqueueUnmapMemObject") }
}
