// SPDX-License-Identifier: Apache-2.0
import Dispatch

/// Calls `body` for every index below `count`, on all cores. The calls must not depend on each other.
func parallel(_ count: Int, _ body: (Int) -> Void) {
  guard count > 1 else { return count == 1 ? body(0) : () }
  withoutActuallyEscaping(body) { body in
    let calls = IndependentCalls(body: body)
    DispatchQueue.concurrentPerform(iterations: count) { calls.body($0) }
  }
}

/// `concurrentPerform` returns when all calls have, and the calls write to disjoint places: that is what makes a closure
/// over unsafe pointers safe to share here, which the compiler cannot see.
private struct IndependentCalls: @unchecked Sendable {
  let body: (Int) -> Void
}

/// Calls `body` with ranges of at most `grain` rows that together are all `rows`, on all cores.
func parallelRows(_ rows: Int, grain: Int = 32, _ body: (Range<Int>) -> Void) {
  parallel((rows + grain - 1) / grain) { block in
    body((block * grain)..<min((block + 1) * grain, rows))
  }
}
