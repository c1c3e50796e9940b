// SPDX-License-Identifier: Apache-2.0

import Dispatch

/// A serial place for calls that block: waits for a device never hold up Swift's cooperative threads.
///
/// Either hand it work with ``run(_:)``, or make an actor live on it: `nonisolated var unownedExecutor:
/// UnownedSerialExecutor { thread.asUnownedSerialExecutor() }`.
public final class DeviceThread: SerialExecutor {
  private let queue: DispatchQueue

  /// - Parameter label: what debuggers call it.
  public init(label: String = "swift-bert device") {
    queue = DispatchQueue(label: label, qos: .userInitiated)
  }

  /// Runs `body` after all work given earlier, and returns what it returns. Not cancellable: a device cannot be stopped
  /// half-way.
  public func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
      queue.async { continuation.resume(with: Result(catching: body)) }
    }
  }

  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let executor = asUnownedSerialExecutor()
    queue.async { job.runSynchronously(on: executor) }
  }

  public func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

  public func checkIsolated() { dispatchPrecondition(condition: .onQueue(queue)) }
}
