// SPDX-License-Identifier: Apache-2.0

import COpenCL
import Synchronization

/// Lets one queue of the process at a time have kernels in flight, on drivers that do not survive more.
///
/// PoCL before 6.0 keeps the compiled forms of all kernels in one list of the process, with a count of the commands that use
/// each. A command that ends takes itself off the first form in the list that has its kernel and group size, whichever it ran
/// (lib/CL/devices/common.c, `pocl_release_dlhandle_cache`). A grid wider than all before makes one more form, at the head of
/// the list; so does asking for a program's binary, with a count of 0. Commands of other queues that end then would make the
/// count negative, and an assertion ends the process. Between kernels of one in-order queue the count is right.
///
/// PoCL's workers share out the groups of one kernel before they begin with the next. So little is lost by turns, except
/// between kernels of fewer groups than there are cores.
enum LaunchTurns {
  private struct Holder {
    nonisolated(unsafe) var queue: cl_command_queue?  // alive: its `Queue` gives the turn back before it releases it

    /// Waits for what is in flight. PoCL's `clFinish` says nothing of commands that failed; if another's does, it is noted.
    mutating func end() {
      guard let queue else { return }
      ReleaseFailures.note(shim_finish_unobserved(queue), "clFinish")
      self.queue = nil
    }
  }
  private static let turn = Mutex(Holder())

  /// Makes calls that enqueue kernels into `queue`, after the kernels of the queue that had the turn before.
  static func take<T, E: Error>(for queue: Queue, _ enqueue: () throws(E) -> T) throws(E) -> T {
    guard queue.context.device.needsLaunchTurns else { return try enqueue() }
    let handle = queue.handle
    return try turn.withLock { (holder) throws(E) in
      if holder.queue != handle {
        holder.end()
        holder.queue = handle
      }
      return try enqueue()
    }
  }

  /// Makes calls that add to the driver's forms without a launch, while no kernel is in flight.
  static func alone<T, E: Error>(on device: Device, _ body: () throws(E) -> T) throws(E) -> T {
    guard device.needsLaunchTurns else { return try body() }
    return try turn.withLock { (holder) throws(E) in
      holder.end()
      return try body()
    }
  }

  /// To be called before `queue` is released.
  static func giveBack(_ queue: Queue) {
    guard queue.context.device.needsLaunchTurns else { return }
    let handle = queue.handle
    turn.withLock { if $0.queue == handle { $0.end() } }
  }
}
