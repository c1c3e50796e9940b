// SPDX-License-Identifier: Apache-2.0

import COpenCL
import Synchronization

/// Releases the driver refused. A `deinit` cannot throw, so they are kept here, for tests and for bug reports.
public enum ReleaseFailures {
  private static let state = Mutex<(count: Int, last: OpenCLError?)>((0, nil))

  /// How many releases have failed since the process started.
  public static var count: Int { state.withLock { $0.count } }

  /// The latest failure.
  public static var last: OpenCLError? { state.withLock { $0.last } }

  static func note(_ status: cl_int, _ call: StaticString) {
    if status == CL_SUCCESS { return }
    state.withLock {
      $0.count += 1
      $0.last = failure(status, call, "an object that is being released")
    }
  }
}
