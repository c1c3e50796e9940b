// SPDX-License-Identifier: Apache-2.0

import COpenCL
import Glibc

/// Host memory that transfers run from and to without a wait: pinned by the driver where it can be, plain where not.
///
/// Who may touch ``bytes`` and when is the owner's to order: not while an enqueued transfer uses them.
public final class HostBuffer: Sendable {
  public let byteCount: Int
  /// Whether the driver gave the memory; a GPU then transfers at full speed.
  public var isPinned: Bool { mapping != nil }

  nonisolated(unsafe) let base: UnsafeMutableRawPointer  // ordered by the owner, as said above

  private struct Mapping {
    let memory: cl_mem
    let queue: cl_command_queue
  }
  nonisolated(unsafe) private let mapping: Mapping?

  /// The memory, uninitialized at first.
  public var bytes: UnsafeMutableRawBufferPointer { .init(start: base, count: byteCount) }

  /// `byteCount` bytes aligned for any vector type. Mapped once, here, and unmapped at the end.
  ///
  /// - Throws: `badByteCount`, `allocationFailed` if plain memory runs out as well.
  public init(_ queue: Queue, byteCount: Int) throws(OpenCLError) {
    guard byteCount > 0 else { throw .badByteCount(buffer: "staging memory", byteCount: byteCount) }
    self.byteCount = byteCount
    if let (memory, base) = Self.pinned(queue, byteCount) {
      // The raw handle is retained, not the Swift object: a queue with transfers in flight refers back to this.
      mapping = Mapping(memory: memory, queue: queue.handle)
      self.base = base
      return
    }
    // A page: what transfer engines like, and enough for every vector type.
    var plain: UnsafeMutableRawPointer?
    guard posix_memalign(&plain, 4096, byteCount) == 0, let plain else {
      throw .allocationFailed(
        buffer: "staging memory", byteCount: byteCount, deviceMemory: queue.context.device.globalMemory,
        status: .outOfHostMemory)
    }
    mapping = nil
    base = plain
  }

  /// Null if any step fails: pinned memory is scarce, and doing without it only costs speed.
  private static func pinned(_ queue: Queue, _ byteCount: Int) -> (cl_mem, UnsafeMutableRawPointer)? {
    var status = CL_SUCCESS
    let flags = cl_mem_flags(CL_MEM_READ_WRITE) | cl_mem_flags(CL_MEM_ALLOC_HOST_PTR)
    guard let memory = shim_clCreateBuffer(queue.context.handle, flags, byteCount, nil, &status), status == CL_SUCCESS
    else { return nil }
    guard shim_clRetainCommandQueue(queue.handle) == CL_SUCCESS else {
      ReleaseFailures.note(shim_clReleaseMemObject(memory), "clReleaseMemObject")
      return nil
    }
    let mapped = shim_clEnqueueMapBuffer(
      queue.handle, memory, cl_bool(CL_TRUE), cl_map_flags(CL_MAP_READ) | cl_map_flags(CL_MAP_WRITE), 0, byteCount, 0,
      nil, nil, &status)
    guard let mapped, status == CL_SUCCESS else {
      ReleaseFailures.note(shim_clReleaseCommandQueue(queue.handle), "clReleaseCommandQueue")
      ReleaseFailures.note(shim_clReleaseMemObject(memory), "clReleaseMemObject")
      return nil
    }
    return (memory, mapped)
  }

  func checkRange(offset: Int, byteCount: Int) throws(OpenCLError) {
    let end = offset.addingReportingOverflow(byteCount)
    guard offset >= 0, byteCount >= 0, !end.overflow, end.partialValue <= self.byteCount else {
      throw .outOfBounds(buffer: "staging memory", offset: offset, byteCount: byteCount, size: self.byteCount)
    }
  }

  deinit {
    guard let mapping else {
      free(base)
      return
    }
    ReleaseFailures.note(
      shim_clEnqueueUnmapMemObject(mapping.queue, mapping.memory, base, 0, nil, nil), "clEnqueueUnmapMemObject")
    ReleaseFailures.note(shim_clReleaseMemObject(mapping.memory), "clReleaseMemObject")
    ReleaseFailures.note(shim_clReleaseCommandQueue(mapping.queue), "clReleaseCommandQueue")
  }
}
