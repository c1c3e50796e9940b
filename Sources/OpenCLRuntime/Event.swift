// SPDX-License-Identifier: Apache-2.0

import COpenCL

/// The end of one command.
public final class Event: Sendable {
  /// When a command was queued, handed to the device, started and ended, in nanoseconds of the device's own clock.
  public struct Times: Sendable, Hashable {
    public let queued: UInt64
    public let submitted: UInt64
    public let started: UInt64
    public let ended: UInt64

    /// Nanoseconds on the device; 0 if the driver's clock ran backwards.
    public var duration: UInt64 { ended >= started ? ended - started : 0 }

    /// Nanoseconds from the enqueue to the start; 0 if the driver's clock ran backwards.
    public var delay: UInt64 { started >= queued ? started - queued : 0 }
  }

  /// What errors call the command.
  public let command: String

  nonisolated(unsafe) let handle: cl_event  // OpenCL objects may be used from any thread

  init(handle: cl_event, command: String) {
    self.handle = handle
    self.command = command
  }

  /// Blocks this thread until the command has ended. Not for Swift's cooperative threads: see ``DeviceThread``.
  ///
  /// - Throws: `commandFailed` if the command failed on the device, `waitFailed` if waiting did.
  public func wait() throws(OpenCLError) {
    var event: cl_event? = handle
    let status = shim_clWaitForEvents(1, &event)
    if status == CL_SUCCESS { return }
    // "A command failed" is all that this status says; the command's own event knows the reason.
    if OpenCLStatus(rawValue: status) == .waitedForFailedEvent {
      let execution = try executionStatus()
      if execution < 0 { throw .commandFailed(command: command, status: OpenCLStatus(rawValue: execution)) }
    }
    try checkWait(status, "clWaitForEvents", command)
  }

  /// Whether the command has ended well. Does not wait.
  ///
  /// - Throws: `commandFailed` if it ended badly, `callFailed` if the driver cannot tell.
  public func isComplete() throws(OpenCLError) -> Bool {
    let execution = try executionStatus()
    if execution < 0 { throw .commandFailed(command: command, status: OpenCLStatus(rawValue: execution)) }
    return execution == CL_COMPLETE
  }

  /// The command's times, once it has ended, on a queue that was made with profiling.
  ///
  /// - Throws: `callFailed`, with CL_PROFILING_INFO_NOT_AVAILABLE if either is not so.
  public func times() throws(OpenCLError) -> Times {
    Times(
      queued: try time(CL_PROFILING_COMMAND_QUEUED), submitted: try time(CL_PROFILING_COMMAND_SUBMIT),
      started: try time(CL_PROFILING_COMMAND_START), ended: try time(CL_PROFILING_COMMAND_END))
  }

  private func time(_ query: Int32) throws(OpenCLError) -> UInt64 {
    try value(0 as cl_ulong, "clGetEventProfilingInfo", command) {
      shim_clGetEventProfilingInfo(handle, cl_profiling_info(query), $0, $1, $2)
    }
  }

  private func executionStatus() throws(OpenCLError) -> cl_int {
    try value(0 as cl_int, "clGetEventInfo", command) {
      shim_clGetEventInfo(handle, cl_event_info(CL_EVENT_COMMAND_EXECUTION_STATUS), $0, $1, $2)
    }
  }

  deinit { ReleaseFailures.note(shim_clReleaseEvent(handle), "clReleaseEvent") }
}
