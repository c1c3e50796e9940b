// SPDX-License-Identifier: Apache-2.0

import COpenCL
import Synchronization

/// Lets one queue of the process at a time have kernels in flight, on drivers that do not survive more.
///
/// PoCL before 6.0 keeps the compiled forms of all kernels in one list of the process, with a count of the commands that use
/// each. A command that ends takes itself off the first form of its kernel and group size, whichever it ran
/// (lib/CL/devices/common.c, `pocl_release_dlhandle_cache`). Where several queues run one kernel, each wider grid than all
/// before makes one more form, counts fall below 0, and an assertion ends the process. Kernels of one in-order queue run
/// one after another, so there the first form is the right one.
///
/// Little is lost: such a driver gives every core to one kernel anyway.
enum LaunchTurns {
  private struct Holder {
    nonisolated(unsafe) var queue: cl_command_queue?  // alive: its `Queue` gives the turn back before it releases it
  }
  private static let turn = Mutex(Holder())

  /// Makes calls that enqueue kernels into `queue`, after the kernels of the queue that had the turn before.
  static func take<T, E: Error>(for queue: Queue, _ enqueue: () throws(E) -> T) throws(E) -> T {
    guard queue.context.device.needsLaunchTurns else { return try enqueue() }
    let handle = queue.handle
    return try turn.withLock { (holder) throws(E) in
      if holder.queue != handle {
        // What became of the commands is for their own queue to hear at its next wait.
        if let other = holder.queue { _ = shim_finish_unobserved(other) }
        holder.queue = handle
      }
      return try enqueue()
    }
  }

  /// To be called before `queue` is released.
  static func giveBack(_ queue: Queue) {
    guard queue.context.device.needsLaunchTurns else { return }
    let handle = queue.handle
    turn.withLock { holder in
      guard holder.queue == handle else { return }
      _ = shim_finish_unobserved(handle)
      holder.queue = nil
    }
  }
}
