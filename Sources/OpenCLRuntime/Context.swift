// SPDX-License-Identifier: Apache-2.0

import COpenCL

/// What buffers and programs of one device belong to.
public final class Context: Sendable {
  public let device: Device

  nonisolated(unsafe) let handle: cl_context  // OpenCL objects may be used from any thread

  /// - Throws: ``OpenCLError/callFailed(call:object:status:)``.
  public init(_ device: Device) throws(OpenCLError) {
    let properties: [cl_context_properties] = [
      cl_context_properties(CL_CONTEXT_PLATFORM), Int(bitPattern: device.platform.handle), 0,
    ]
    var devices: cl_device_id? = device.handle
    var status = CL_SUCCESS
    let handle = shim_clCreateContext(properties, 1, &devices, nil, nil, &status)
    self.handle = try created(handle, status, "clCreateContext", device.name)
    self.device = device
  }

  deinit { ReleaseFailures.note(shim_clReleaseContext(handle), "clReleaseContext") }
}
