// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization

/// Control-C, for what takes hours and has something to say when it ends early.
enum Interrupt {
  // A C handler captures nothing, and may do little more than set a flag.
  private static let isRaised = Atomic(false)
  private static let interval = Duration.milliseconds(50)

  /// Runs something that is cancelled by the first SIGINT; a second one ends the process at once, as ever. Where SIGINT was
  /// ignored it stays so: a shell starts commands in the background like that.
  ///
  /// - Throws: what `body` throws, `CancellationError` where it was cancelled.
  static func cancelling<Result: Sendable>(
    _ body: @escaping @Sendable () async throws -> Result
  ) async throws -> Result {
    isRaised.store(false, ordering: .relaxed)
    let before = signal(SIGINT) { number in
      Interrupt.isRaised.store(true, ordering: .relaxed)
      signal(number, SIG_DFL)
    }
    if isIgnoring(before) { signal(SIGINT, SIG_IGN) }
    let work = Task { try await body() }
    let watch = Task {
      while !isRaised.load(ordering: .relaxed) {
        do { try await Task.sleep(for: interval) } catch { return }
      }
      work.cancel()
    }
    defer {
      watch.cancel()
      signal(SIGINT, before)
    }
    return try await work.value
  }

  /// Whether a handler is SIG_IGN, which is a number in C and compares with nothing in Swift.
  private static func isIgnoring(_ handler: (@convention(c) (Int32) -> Void)?) -> Bool {
    unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN as (@convention(c) (Int32) -> Void)?, to: Int.self)
  }
}
