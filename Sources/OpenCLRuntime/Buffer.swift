// SPDX-License-Identifier: Apache-2.0

import COpenCL
import Synchronization

/// Device memory.
///
/// Its contents are ordered by the queue that uses it; two queues that share a buffer need events or a ``Queue/finish()``.
public final class Buffer: Sendable {
  /// What kernels do with it. The host reads and writes all of them.
  public enum Access: Sendable {
    case readWrite, readOnly, writeOnly

    var flags: cl_mem_flags {
      switch self {
      case .readWrite: cl_mem_flags(CL_MEM_READ_WRITE)
      case .readOnly: cl_mem_flags(CL_MEM_READ_ONLY)
      case .writeOnly: cl_mem_flags(CL_MEM_WRITE_ONLY)
      }
    }
  }

  /// What errors call it.
  public let label: String
  public let byteCount: Int
  public let access: Access
  public let context: Context
  /// The buffer this one is a part of; it lives as long as its parts.
  public let parent: Buffer?
  /// Where in the parent this part begins, in bytes; 0 for a whole buffer.
  public let start: Int

  nonisolated(unsafe) let handle: cl_mem  // OpenCL objects may be used from any thread
  let identity = Buffer.nextIdentity.wrappingAdd(1, ordering: .relaxed).oldValue

  /// Handles are addresses and come back after a release; this number does not.
  private static let nextIdentity = Atomic<UInt64>(0)

  /// Uninitialized device memory. Many drivers reserve it only when a command first uses it, so memory may also run out
  /// at an enqueue or at a wait.
  ///
  /// - Throws: `badByteCount`, `bufferTooLarge`, `allocationFailed`, `callFailed`.
  public init(_ context: Context, byteCount: Int, access: Access = .readWrite, label: String) throws(OpenCLError) {
    guard byteCount > 0 else { throw .badByteCount(buffer: label, byteCount: byteCount) }
    let device = context.device
    guard UInt64(byteCount) <= device.maxBufferBytes else {
      throw .bufferTooLarge(buffer: label, byteCount: byteCount, limit: device.maxBufferBytes)
    }
    var status = CL_SUCCESS
    let handle = shim_clCreateBuffer(context.handle, access.flags, byteCount, nil, &status)
    if OpenCLStatus(rawValue: status).isOutOfMemory {
      throw .allocationFailed(
        buffer: label, byteCount: byteCount, deviceMemory: device.globalMemory, status: OpenCLStatus(rawValue: status))
    }
    self.handle = try created(handle, status, "clCreateBuffer", label)
    self.label = label
    self.byteCount = byteCount
    self.access = access
    self.context = context
    parent = nil
    start = 0
  }

  private init(part handle: cl_mem, of parent: Buffer, start: Int, byteCount: Int, label: String) {
    self.handle = handle
    self.label = label
    self.byteCount = byteCount
    access = parent.access
    context = parent.context
    self.parent = parent
    self.start = start
  }

  /// A window on `byteCount` bytes of this buffer from byte `offset`, a multiple of ``Device/baseAlignment``.
  ///
  /// - Throws: `badByteCount`, `outOfBounds`, `misaligned`, `callFailed`.
  public func subBuffer(offset: Int, byteCount: Int, label: String? = nil) throws(OpenCLError) -> Buffer {
    if let parent {
      // OpenCL has no parts of parts: take the part from the whole.
      try checkRange(offset: offset, byteCount: byteCount)
      return try parent.subBuffer(offset: start + offset, byteCount: byteCount, label: label ?? self.label)
    }
    guard byteCount > 0 else { throw .badByteCount(buffer: label ?? self.label, byteCount: byteCount) }
    try checkRange(offset: offset, byteCount: byteCount)
    let alignment = context.device.baseAlignment
    guard offset.isMultiple(of: alignment) else {
      throw .misaligned(buffer: self.label, offset: offset, alignment: alignment)
    }
    var region = cl_buffer_region(origin: offset, size: byteCount)
    var status = CL_SUCCESS
    let handle = shim_clCreateSubBuffer(
      self.handle, access.flags, cl_buffer_create_type(CL_BUFFER_CREATE_TYPE_REGION), &region, &status)
    let part = try created(handle, status, "clCreateSubBuffer", label ?? self.label)
    return Buffer(part: part, of: self, start: offset, byteCount: byteCount, label: label ?? self.label)
  }

  func checkRange(offset: Int, byteCount: Int) throws(OpenCLError) {
    let end = offset.addingReportingOverflow(byteCount)
    guard offset >= 0, byteCount >= 0, !end.overflow, end.partialValue <= self.byteCount else {
      throw .outOfBounds(buffer: label, offset: offset, byteCount: byteCount, size: self.byteCount)
    }
  }

  deinit { ReleaseFailures.note(shim_clReleaseMemObject(handle), "clReleaseMemObject") }
}
