// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Glibc
import Synchronization

/// A thread of its own for calls that block: waits for a device never hold up Swift's cooperative threads.
///
/// Either hand it work with ``run(_:)``, or make an actor live on it: `nonisolated var unownedExecutor:
/// UnownedSerialExecutor { thread.asUnownedSerialExecutor() }`. Work runs one piece after another, in the order given, and
/// always on the same thread. A dispatch queue would change threads, and Oclgrind 21.10 with `--uninitialized` crashes when
/// a command runs on another thread than the one that made the context; make the context here too, then. It also brings
/// the 8 MiB of stack that the compilers inside drivers expect.
public final class DeviceThread: SerialExecutor {
  private let inbox: Inbox

  /// - Parameter label: what debuggers call it (Linux keeps the first 15 bytes).
  public init(label: String = "swift-bert") {
    inbox = Inbox(label: label)
    inbox.start()
  }

  /// Runs `body` after all work given earlier, and returns what it returns. Not cancellable: a device cannot be stopped
  /// half-way.
  public func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
      inbox.add { continuation.resume(with: Result(catching: body)) }
    }
  }

  /// As ``run(_:)``, but blocks the caller: for short work in a place that cannot await, such as making a context in an
  /// initializer. Called on the thread itself, it runs `body` at once.
  public func runBlocking<T: Sendable>(_ body: @escaping @Sendable () throws -> T) throws -> T {
    if inbox.isCurrent { return try body() }
    let done = DispatchSemaphore(value: 0)
    let outcome = Outcome<T>()
    inbox.add {
      outcome.result = Result(catching: body)
      done.signal()
    }
    done.wait()
    return try outcome.result.get()
  }

  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let executor = asUnownedSerialExecutor()
    inbox.add { job.runSynchronously(on: executor) }
  }

  public func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

  public func checkIsolated() { precondition(inbox.isCurrent, "not on the device thread") }

  // The thread holds the inbox, not this object, and ends when it has done what is in it.
  deinit { inbox.finish() }
}

/// One result on its way to another thread; the semaphore orders the two.
private final class Outcome<T>: @unchecked Sendable {
  var result = Result<T, any Error>.failure(CancellationError())  // until the work has run
}

/// Work for one thread, and the thread's loop.
private final class Inbox: Sendable {
  private struct State {
    var work: [@Sendable () -> Void] = []
    var isClosed = false
    var thread: pthread_t?
  }
  private let state = Mutex(State())
  private let arrivals = DispatchSemaphore(value: 0)
  private let label: String

  init(label: String) { self.label = label }

  func start() {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, 8 << 20)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    var thread = pthread_t()
    let retained = Unmanaged.passRetained(self)
    let status = pthread_create(
      &thread, &attributes,
      { argument in
        if let argument { Unmanaged<Inbox>.fromOpaque(argument).takeRetainedValue().serve() }
        return nil
      }, retained.toOpaque())
    if status != 0 {
      // No more threads for this process now: let Dispatch find one when there is. Still one thread for all the work.
      retained.release()
      DispatchQueue(label: label).async { self.serve() }
    }
  }

  var isCurrent: Bool {
    state.withLock { $0.thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false }
  }

  func add(_ work: @escaping @Sendable () -> Void) {
    state.withLock { $0.work.append(work) }
    arrivals.signal()
  }

  func finish() {
    state.withLock { $0.isClosed = true }
    arrivals.signal()
  }

  private func serve() {
    nameThread()
    state.withLock { $0.thread = pthread_self() }
    while true {
      arrivals.wait()
      let (work, isClosed) = state.withLock { state in
        (state.work.isEmpty ? nil : state.work.removeFirst(), state.isClosed)
      }
      if let work { work() } else if isClosed { return }
    }
  }

  /// Linux's way without GNU extensions. A thread without a name works as well.
  private func nameThread() {
    let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    _ = Array(label.utf8).withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
    close(file)
  }
}
