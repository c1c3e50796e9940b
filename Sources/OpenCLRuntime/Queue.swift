// SPDX-License-Identifier: Apache-2.0

import COpenCL
import Synchronization

/// An in-order command queue: commands run one after another, as enqueued.
///
/// Any thread may enqueue; the order is then whatever the threads made of it, so give each queue one owner. Commands
/// keep the device objects and the ``HostBuffer``s they use alive until they have run.
public final class Queue: Sendable {
  public let context: Context
  /// Whether events of this queue know their ``Event/times()``.
  public let isProfiling: Bool

  nonisolated(unsafe) let handle: cl_command_queue  // OpenCL objects may be used from any thread

  /// Host memory that enqueued transfers still use: the driver knows nothing of Swift's references.
  private let inFlight = Mutex<[HostBuffer]>([])

  /// Hears of every command, on the thread that enqueues it.
  private let observer: (@Sendable (Event) -> Void)?

  /// - Parameters:
  ///   - profiling: whether events know their times; so they do where there is an observer.
  ///   - observer: is handed the event of each command, as soon as it is enqueued. Without one, a command that nobody
  ///     observes makes no event.
  /// - Throws: `callFailed`.
  public init(
    _ context: Context, profiling: Bool = false, observer: (@Sendable (Event) -> Void)? = nil
  ) throws(OpenCLError) {
    isProfiling = profiling || observer != nil
    self.observer = observer
    let properties = isProfiling ? cl_command_queue_properties(CL_QUEUE_PROFILING_ENABLE) : 0
    var status = CL_SUCCESS
    let handle = shim_clCreateCommandQueue(context.handle, context.device.handle, properties, &status)
    self.handle = try created(handle, status, "clCreateCommandQueue", context.device.name)
    self.context = context
  }

  /// Hands what was enqueued to the device, and returns at once.
  ///
  /// - Throws: `callFailed`.
  public func flush() throws(OpenCLError) {
    try check(shim_clFlush(handle), "clFlush", label)
  }

  /// Blocks this thread until every enqueued command has ended. Not for Swift's cooperative threads: see
  /// ``DeviceThread``.
  ///
  /// - Throws: `waitFailed` if waiting or any command since the last wait failed.
  public func finish() throws(OpenCLError) {
    let status = shim_clFinish(handle)
    forgetFinished()
    try checkWait(status, "clFinish", label)
  }

  /// Enqueues one kernel over a grid of `global` work-items, in groups of `local` (the driver's choice where null).
  ///
  /// On PoCL before 6.0 this waits for the kernels of the process's other queues first; so does the release of a queue for
  /// its own.
  ///
  /// - Parameter observed: whether to make an ``Event`` for the command.
  /// - Throws: `badWorkSize`, `workGroupTooLarge`, `localMemoryTooSmall`, `callFailed`.
  @discardableResult
  public func launch(
    _ kernel: Kernel, global: WorkSize, local: WorkSize? = nil, observed: Bool = false
  ) throws(OpenCLError) -> Event? {
    try kernel.checkLaunch(global: global, local: local)
    return try enqueue("clEnqueueNDRangeKernel", kernel.name, observed: observed) { event in
      LaunchTurns.take(for: self) {
        kernel.withHandle { kernel in
          global.withSizes { globalSizes in
            guard let local else {
              return shim_clEnqueueNDRangeKernel(
                handle, kernel, cl_uint(global.dimensions), nil, globalSizes, nil, 0, nil, event)
            }
            return local.withSizes { localSizes in
              shim_clEnqueueNDRangeKernel(
                handle, kernel, cl_uint(global.dimensions), nil, globalSizes, localSizes, 0, nil, event)
            }
          }
        }
      }
    }
  }

  /// Runs one enqueue call, with an event if asked for.
  func enqueue(
    _ call: StaticString, _ command: @autoclosure () -> String, observed: Bool,
    _ body: (UnsafeMutablePointer<cl_event?>?) -> cl_int
  ) throws(OpenCLError) -> Event? {
    guard observed || observer != nil else {
      try check(body(nil), call, command())
      return nil
    }
    var handle: cl_event?
    try check(body(&handle), call, command())
    guard let handle else { return nil }
    let event = Event(handle: handle, command: command())
    observer?(event)
    return observed ? event : nil
  }

  /// Runs one enqueue call that waits for its end; the observer, where there is one, gets its event.
  func enqueueAndWait(
    _ command: @autoclosure () -> String, _ body: (UnsafeMutablePointer<cl_event?>?) -> cl_int
  ) -> cl_int {
    guard let observer else { return body(nil) }
    var handle: cl_event?
    let status = body(&handle)
    // A wait that fails has an event all the same, and that must be released.
    let event = handle.map { Event(handle: $0, command: command()) }
    if status == CL_SUCCESS, let event { observer(event) }
    return status
  }

  func keep(_ host: HostBuffer) {
    inFlight.withLock { if $0.last !== host { $0.append(host) } }
  }

  /// After a wait: nothing is in flight any more, also when the wait reports that a command failed.
  func forgetFinished() {
    let finished = inFlight.withLock { kept in
      let all = kept
      kept.removeAll(keepingCapacity: true)
      return all
    }
    withExtendedLifetime(finished) {}  // their releases call the driver, so outside the lock
  }

  var label: String { "the queue of \(context.device.name)" }

  deinit {
    LaunchTurns.giveBack(self)
    // Host memory must outlive the transfers into it; a release alone does not wait.
    if !inFlight.withLock({ $0.isEmpty }) {
      ReleaseFailures.note(shim_clFinish(handle), "clFinish")
      forgetFinished()
    }
    ReleaseFailures.note(shim_clReleaseCommandQueue(handle), "clReleaseCommandQueue")
  }
}
