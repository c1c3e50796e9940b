// SPDX-License-Identifier: Apache-2.0

import COpenCL
import Synchronization

/// One OpenCL driver.
public final class Platform: Sendable {
  /// Position in the loader's list, from 0.
  public let index: Int
  public let name: String
  public let vendor: String
  /// `OpenCL <major>.<minor> <driver's own words>`.
  public let version: String
  /// Whether queues of the platform's CPU devices must take turns: PoCL before 6.0, and where its version cannot be read.
  /// See ``LaunchTurns``.
  let needsLaunchTurns: Bool
  /// Why some of the texts above are empty, or null: a driver in trouble is listed, not hidden.
  public let problem: OpenCLError?

  nonisolated(unsafe) let handle: cl_platform_id  // never freed: platforms live as long as the process

  private init(index: Int, handle: cl_platform_id) {
    self.index = index
    self.handle = handle
    nonisolated(unsafe) let handle = handle
    var problem: OpenCLError?
    func property(_ query: Int32) -> String {
      do throws(OpenCLError) {
        return try text("clGetPlatformInfo", "platform \(index)") {
          shim_clGetPlatformInfo(handle, cl_platform_info(query), $0, $1, $2)
        }
      } catch {
        problem = problem ?? error
        return ""
      }
    }
    name = property(CL_PLATFORM_NAME)
    vendor = property(CL_PLATFORM_VENDOR)
    version = property(CL_PLATFORM_VERSION)
    needsLaunchTurns = Self.needsLaunchTurns(name: name, version: version)
    self.problem = problem
  }

  /// PoCL's `CL_PLATFORM_NAME`.
  static let poclName = "Portable Computing Language"

  package static func needsLaunchTurns(name: String, version: String) -> Bool {
    guard name == poclName else { return false }
    guard let driver = version.firstRange(of: "PoCL ") else { return true }
    guard let major = Int(version[driver.upperBound...].prefix { $0.isASCII && $0.isNumber }) else { return true }
    return major < 6
  }

  /// Every driver the loader knows, in its order. Nothing is asked of any driver before this is called.
  ///
  /// - Throws: ``OpenCLError/noLoader(library:reason:)``, ``OpenCLError/noPlatform``, or the loader's own failure.
  public static func all() throws(OpenCLError) -> [Platform] {
    try discovery.withLock { _ in Result { () throws(OpenCLError) in try allNow() } }.get()
  }

  /// PoCL 3.1 sets itself up at the first query and hands half-made devices to whoever asks at the same time.
  private static let discovery = Mutex(())

  private static func allNow() throws(OpenCLError) -> [Platform] {
    var count: cl_uint = 0
    try checkPlatforms(shim_clGetPlatformIDs(0, nil, &count))
    guard count > 0 else { throw .noPlatform }
    var handles = [cl_platform_id?](repeating: nil, count: Int(count))
    try checkPlatforms(shim_clGetPlatformIDs(count, &handles, nil))
    return handles.enumerated().compactMap { index, handle in handle.map { Platform(index: index, handle: $0) } }
  }

  private static func checkPlatforms(_ status: cl_int) throws(OpenCLError) {
    // The loader's way of saying none; some return CL_INVALID_VALUE for a count query instead, with a count of 0.
    if OpenCLStatus(rawValue: status) == .platformNotFound { throw .noPlatform }
    try check(status, "clGetPlatformIDs", "the OpenCL loader")
  }

  /// The platform's devices, in its order; none is no error.
  ///
  /// - Throws: ``OpenCLError/callFailed(call:object:status:)`` if the driver fails, also about one of its devices.
  public func devices() throws(OpenCLError) -> [Device] {
    try Platform.discovery.withLock { _ in Result { () throws(OpenCLError) in try devicesNow() } }.get()
  }

  private func devicesNow() throws(OpenCLError) -> [Device] {
    let all = cl_device_type(CL_DEVICE_TYPE_ALL)
    var count: cl_uint = 0
    let status = shim_clGetDeviceIDs(handle, all, 0, nil, &count)
    if OpenCLStatus(rawValue: status) == .deviceNotFound { return [] }
    try check(status, "clGetDeviceIDs", "platform \(index) (\(name))")
    guard count > 0 else { return [] }
    var handles = [cl_device_id?](repeating: nil, count: Int(count))
    try check(shim_clGetDeviceIDs(handle, all, count, &handles, nil), "clGetDeviceIDs", "platform \(index) (\(name))")
    var devices: [Device] = []
    for (index, handle) in handles.enumerated() {
      guard let handle else { continue }
      devices.append(try Device(platform: self, index: index, handle: handle))
    }
    if !devices.isEmpty { shim_driver_is_loaded() }
    return devices
  }
}
