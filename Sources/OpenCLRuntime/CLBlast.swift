// SPDX-License-Identifier: Apache-2.0

import COpenCL

/// CLBlast's matrix products, row-major. The library is opened at first use.
///
/// A routine compiles its kernels when a device first sees it (14 s on PoCL 3.1 and two cores), and keeps them in this
/// process only. Source: CLBlast's documentation of GEMM and GEMMSTRIDEDBATCHED.
public enum CLBlast {
  /// One operand: a row-major matrix within a buffer. Offsets and strides are floats, not bytes.
  public struct Matrix: Sendable {
    public let buffer: Buffer
    public let offset: Int
    /// Floats from one row to the next, as stored.
    public let rowStride: Int
    /// Whether the product takes the matrix transposed.
    public let isTransposed: Bool
    /// Floats from one matrix of a batch to the next.
    public let batchStride: Int

    public init(_ buffer: Buffer, offset: Int = 0, rowStride: Int, isTransposed: Bool = false, batchStride: Int = 0) {
      self.buffer = buffer
      self.offset = offset
      self.rowStride = rowStride
      self.isTransposed = isTransposed
      self.batchStride = batchStride
    }

    var transpose: CLBlastTranspose { isTransposed ? CLBlastTransposeYes : CLBlastTransposeNo }
    var isInBounds: Bool { offset >= 0 && rowStride >= 0 && batchStride >= 0 }
  }

  /// Why CLBlast cannot be used here, or null. Opens the library.
  public static var problem: OpenCLError? {
    guard let reason = shim_library_problem(SHIM_LIBRARY_CLBLAST) else { return nil }
    return .noCLBlast(
      library: String(cString: shim_library_file(SHIM_LIBRARY_CLBLAST)), reason: String(cString: reason))
  }

  /// Enqueues `c = alpha * a * b + beta * c` for `m x k` times `k x n`, `batches` times over. May wait as
  /// ``Queue/launch(_:global:local:observed:)`` does.
  ///
  /// - Parameter observed: whether to make an ``Event`` for its last command.
  /// - Throws: `noCLBlast`, `clblastFailed`.
  @discardableResult
  public static func sgemm(
    _ queue: Queue, m: Int, n: Int, k: Int, alpha: Float = 1, _ a: Matrix, _ b: Matrix, beta: Float = 0, _ c: Matrix,
    batches: Int = 1, observed: Bool = false
  ) throws(OpenCLError) -> Event? {
    guard m > 0, n > 0, k > 0, batches > 0, a.isInBounds, b.isInBounds, c.isInBounds else {
      throw .clblastFailed(
        routine: "Sgemm", object: shape(m, n, k, batches), status: CLBlastStatus(rawValue: CL_INVALID_VALUE))
    }
    var handle: cl_command_queue? = queue.handle
    var event: cl_event?
    let status = LaunchTurns.take(for: queue) {
      withUnsafeMutablePointer(to: &event) { event in
        let event = observed ? event : nil
        if batches == 1 {
          return shim_CLBlastSgemm(
            CLBlastLayoutRowMajor, a.transpose, b.transpose, m, n, k, alpha, a.buffer.handle, a.offset, a.rowStride,
            b.buffer.handle, b.offset, b.rowStride, beta, c.buffer.handle, c.offset, c.rowStride, &handle, event)
        }
        return shim_CLBlastSgemmStridedBatched(
          CLBlastLayoutRowMajor, a.transpose, b.transpose, m, n, k, alpha, a.buffer.handle, a.offset, a.rowStride,
          a.batchStride, b.buffer.handle, b.offset, b.rowStride, b.batchStride, beta, c.buffer.handle, c.offset,
          c.rowStride, c.batchStride, batches, &handle, event)
      }
    }
    try check(status, "Sgemm", shape(m, n, k, batches))
    return event.map { Event(handle: $0, command: "sgemm \(shape(m, n, k, batches))") }
  }

  /// Makes CLBlast use other tuning parameters for one of its kernels (`Xgemm`, `XgemmDirect`, ...) in 32-bit floats.
  ///
  /// - Throws: `noCLBlast`, `clblastFailed`.
  public static func overrideParameters(
    _ device: Device, kernel: String, _ parameters: [(name: String, value: Int)]
  ) throws(OpenCLError) {
    let names = parameters.map { Array($0.name.utf8CString) }
    let joined = names.flatMap { $0 }
    let values = parameters.map(\.value)
    let status = joined.withUnsafeBufferPointer { characters in
      var start = characters.baseAddress
      var pointers: [UnsafePointer<CChar>?] = []
      for name in names {
        pointers.append(start)
        start = start.map { $0 + name.count }
      }
      return shim_CLBlastOverrideParameters(
        device.handle, kernel, CLBlastPrecisionSingle, values.count, &pointers, values)
    }
    try check(status, "OverrideParameters", kernel)
  }

  /// Frees the kernels CLBlast keeps, and with them its hold on contexts.
  ///
  /// - Throws: `noCLBlast`, `clblastFailed`.
  public static func clearCache() throws(OpenCLError) {
    try check(shim_CLBlastClearCache(), "ClearCache", "CLBlast's kernels")
  }

  private static func shape(_ m: Int, _ n: Int, _ k: Int, _ batches: Int) -> String {
    "\(m) x \(k) times \(k) x \(n)" + (batches == 1 ? "" : ", \(batches) times")
  }

  private static func check(
    _ code: CLBlastStatusCode, _ routine: String, _ object: @autoclosure () -> String
  ) throws(OpenCLError) {
    let status = CLBlastStatus(rawValue: Int32(code.rawValue))
    if status == .success { return }
    if let problem { throw problem }
    if status.rawValue == Int32(SHIM_NO_FUNCTION) {
      throw .missingFunction("CLBlast\(routine)", library: String(cString: shim_library_file(SHIM_LIBRARY_CLBLAST)))
    }
    throw .clblastFailed(routine: routine, object: object(), status: status)
  }
}
