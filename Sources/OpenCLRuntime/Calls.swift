// SPDX-License-Identifier: Apache-2.0

import COpenCL

/// The one place where a bad OpenCL status becomes an error.
///
/// - Parameter object: what the call worked on; only made when it failed.
func check(_ status: cl_int, _ call: StaticString, _ object: @autoclosure () -> String) throws(OpenCLError) {
  if status != CL_SUCCESS { throw failure(status, call, object()) }
}

/// As ``check``, for calls that wait: the status may speak of any earlier command.
func checkWait(_ status: cl_int, _ call: StaticString, _ object: @autoclosure () -> String) throws(OpenCLError) {
  if status == CL_SUCCESS { return }
  switch failure(status, call, object()) {
  case .callFailed(let call, let object, let status): throw .waitFailed(call: call, object: object, status: status)
  case let other: throw other
  }
}

func failure(_ code: cl_int, _ call: StaticString, _ object: String) -> OpenCLError {
  let status = OpenCLStatus(rawValue: code)
  switch status {
  case .noLibrary: return missingLibrary()
  case .noFunction: return .missingFunction("\(call)", library: String(cString: shim_library_file(SHIM_LIBRARY_OPENCL)))
  default: return .callFailed(call: "\(call)", object: object, status: status)
  }
}

func missingLibrary() -> OpenCLError {
  let reason = shim_library_problem(SHIM_LIBRARY_OPENCL).map { String(cString: $0) } ?? ""
  return .noLoader(library: String(cString: shim_library_file(SHIM_LIBRARY_OPENCL)), reason: reason)
}

/// A handle that a create call returned, or the error its status says. A driver that reports success with no handle is
/// reported as out of host memory: there is nothing to go on with.
func created(
  _ handle: OpaquePointer?, _ status: cl_int, _ call: StaticString, _ object: @autoclosure () -> String
) throws(OpenCLError) -> OpaquePointer {
  try check(status, call, object())
  guard let handle else { throw failure(CL_OUT_OF_HOST_MEMORY, call, object()) }
  return handle
}

typealias InfoQuery = (_ capacity: Int, _ value: UnsafeMutableRawPointer?, _ size: UnsafeMutablePointer<Int>?) -> cl_int

/// A property of fixed size. What the driver does not fill in stays as in `initial`.
func value<T: BitwiseCopyable>(
  _ initial: T, _ call: StaticString, _ object: @autoclosure () -> String, _ query: InfoQuery
) throws(OpenCLError) -> T {
  var value = initial
  let status = withUnsafeMutableBytes(of: &value) { query($0.count, $0.baseAddress, nil) }
  try check(status, call, object())
  return value
}

/// A property of any size, as the driver's bytes.
func bytes(
  _ call: StaticString, _ object: @autoclosure () -> String, _ query: InfoQuery
) throws(OpenCLError) -> [UInt8] {
  var count = 0
  try check(query(0, nil, &count), call, object())
  guard count > 0 else { return [] }
  var bytes = [UInt8](repeating: 0, count: count)
  let status = bytes.withUnsafeMutableBytes { query($0.count, $0.baseAddress, nil) }
  try check(status, call, object())
  return bytes
}

/// A text property: up to the first NUL, not-UTF-8 replaced, surrounding white space (some drivers pad) removed.
func text(
  _ call: StaticString, _ object: @autoclosure () -> String, _ query: InfoQuery
) throws(OpenCLError) -> String {
  let raw = try bytes(call, object(), query).prefix { $0 != 0 }
  let isSpace: (UInt8) -> Bool = { $0 == 32 || (9...13).contains($0) }
  let trimmed = raw.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
  return String(decoding: Array(trimmed), as: UTF8.self)
}
