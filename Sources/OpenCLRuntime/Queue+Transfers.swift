// SPDX-License-Identifier: Apache-2.0

import COpenCL

// Offsets and counts are bytes. A range outside a buffer throws `outOfBounds`; an empty one does nothing (OpenCL calls it
// an error). Calls that take plain memory wait for the device and throw `waitFailed`; calls on a `HostBuffer` or between
// buffers return at once and throw `callFailed`. Blocking calls are not for Swift's cooperative threads: see
// ``DeviceThread``.

extension Queue {
  /// Copies host memory to `buffer` and waits.
  public func write(_ bytes: UnsafeRawBufferPointer, to buffer: Buffer, at offset: Int = 0) throws(OpenCLError) {
    try buffer.checkRange(offset: offset, byteCount: bytes.count)
    guard let base = bytes.baseAddress, !bytes.isEmpty else { return }
    let status = enqueueAndWait(buffer.label) {
      shim_clEnqueueWriteBuffer(handle, buffer.handle, cl_bool(CL_TRUE), offset, bytes.count, base, 0, nil, $0)
    }
    try checkWait(status, "clEnqueueWriteBuffer", buffer.label)
  }

  /// Copies the elements to `buffer` and waits.
  public func write<T: BitwiseCopyable>(_ elements: [T], to buffer: Buffer, at offset: Int = 0) throws(OpenCLError) {
    var failure: OpenCLError?
    elements.withUnsafeBytes { bytes in
      do throws(OpenCLError) { try write(bytes, to: buffer, at: offset) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// Waits for all that was enqueued, then copies `bytes.count` bytes of `buffer` to host memory.
  public func read(_ buffer: Buffer, at offset: Int = 0, into bytes: UnsafeMutableRawBufferPointer) throws(OpenCLError)
  {
    try buffer.checkRange(offset: offset, byteCount: bytes.count)
    guard let base = bytes.baseAddress, !bytes.isEmpty else { return try finish() }
    let status = enqueueAndWait(buffer.label) {
      shim_clEnqueueReadBuffer(handle, buffer.handle, cl_bool(CL_TRUE), offset, bytes.count, base, 0, nil, $0)
    }
    forgetFinished()  // in order: everything before this read has ended
    try checkWait(status, "clEnqueueReadBuffer", buffer.label)
  }

  /// Waits, then returns `count` elements of `buffer`.
  ///
  /// - Parameters:
  ///   - zero: what the array holds before the read: any value of the element's type.
  ///   - offset: in bytes.
  public func read<T: BitwiseCopyable>(
    _ buffer: Buffer, at offset: Int = 0, count: Int, of zero: T
  ) throws(OpenCLError) -> [T] {
    // Before the allocation: the count may be nonsense.
    let byteCount = count.multipliedReportingOverflow(by: MemoryLayout<T>.stride)
    try buffer.checkRange(offset: offset, byteCount: byteCount.overflow ? Int.max : byteCount.partialValue)
    var elements = [T](repeating: zero, count: count)
    var failure: OpenCLError?
    elements.withUnsafeMutableBytes { bytes in
      do throws(OpenCLError) { try read(buffer, at: offset, into: bytes) } catch { failure = error }
    }
    if let failure { throw failure }
    return elements
  }

  /// Enqueues a copy from staging memory to the device. Leave those bytes of `host` alone until a wait.
  @discardableResult
  public func upload(
    _ host: HostBuffer, from hostOffset: Int = 0, byteCount: Int, to buffer: Buffer, at offset: Int = 0,
    observed: Bool = false
  ) throws(OpenCLError) -> Event? {
    try host.checkRange(offset: hostOffset, byteCount: byteCount)
    try buffer.checkRange(offset: offset, byteCount: byteCount)
    guard byteCount > 0 else { return nil }
    keep(host)
    return try enqueue("clEnqueueWriteBuffer", buffer.label, observed: observed) {
      shim_clEnqueueWriteBuffer(
        handle, buffer.handle, cl_bool(CL_FALSE), offset, byteCount, host.base + hostOffset, 0, nil, $0)
    }
  }

  /// Enqueues a copy from the device to staging memory; the bytes are there after a wait.
  @discardableResult
  public func download(
    _ buffer: Buffer, from offset: Int = 0, byteCount: Int, to host: HostBuffer, at hostOffset: Int = 0,
    observed: Bool = false
  ) throws(OpenCLError) -> Event? {
    try host.checkRange(offset: hostOffset, byteCount: byteCount)
    try buffer.checkRange(offset: offset, byteCount: byteCount)
    guard byteCount > 0 else { return nil }
    keep(host)
    return try enqueue("clEnqueueReadBuffer", buffer.label, observed: observed) {
      shim_clEnqueueReadBuffer(
        handle, buffer.handle, cl_bool(CL_FALSE), offset, byteCount, host.base + hostOffset, 0, nil, $0)
    }
  }

  /// Enqueues a copy between two buffers, or between two ranges of one that do not overlap.
  @discardableResult
  public func copy(
    _ source: Buffer, from sourceOffset: Int = 0, byteCount: Int, to target: Buffer, at targetOffset: Int = 0,
    observed: Bool = false
  ) throws(OpenCLError) -> Event? {
    try source.checkRange(offset: sourceOffset, byteCount: byteCount)
    try target.checkRange(offset: targetOffset, byteCount: byteCount)
    guard byteCount > 0 else { return nil }
    return try enqueue("clEnqueueCopyBuffer", "\(source.label) to \(target.label)", observed: observed) {
      shim_clEnqueueCopyBuffer(
        handle, source.handle, target.handle, sourceOffset, targetOffset, byteCount, 0, nil, $0)
    }
  }

  /// Enqueues writing `pattern` over and over; all of the buffer unless `byteCount` says less.
  ///
  /// - Throws: `badFill` unless the pattern has 1, 2, 4 ... 128 bytes and divides offset and count.
  @discardableResult
  public func fill<T: BitwiseCopyable>(
    _ buffer: Buffer, with pattern: T, at offset: Int = 0, byteCount: Int? = nil, observed: Bool = false
  ) throws(OpenCLError) -> Event? {
    let byteCount = byteCount ?? buffer.byteCount - offset
    try buffer.checkRange(offset: offset, byteCount: byteCount)
    let size = MemoryLayout<T>.size
    guard size > 0, size <= 128, size & (size - 1) == 0, offset % size == 0, byteCount % size == 0 else {
      throw .badFill(buffer: buffer.label, pattern: size, offset: offset, byteCount: byteCount)
    }
    guard byteCount > 0 else { return nil }
    return try enqueue("clEnqueueFillBuffer", buffer.label, observed: observed) { event in
      withUnsafeBytes(of: pattern) {
        shim_clEnqueueFillBuffer(
          handle, buffer.handle, $0.baseAddress, size, offset, byteCount, 0, nil, event)
      }
    }
  }
}
