// SPDX-License-Identifier: Apache-2.0

import COpenCL

/// Counts and breaks OpenCL calls, for tests and benchmarks. Off, it costs each call one relaxed load.
///
/// There is one monitor in a process: who uses it takes care that nobody else does. With ``Scope/thisThread`` calls from
/// other threads are neither counted nor failed.
public enum CallMonitor {
  /// Whose calls are watched.
  public enum Scope: Sendable, Hashable {
    case process
    case thisThread
  }

  /// What a call does.
  public enum Role: Sendable, Hashable, CaseIterable {
    case query, create, argument, build, enqueue, flush, wait, release

    var role: shim_role {
      switch self {
      case .query: SHIM_ROLE_QUERY
      case .create: SHIM_ROLE_CREATE
      case .argument: SHIM_ROLE_ARGUMENT
      case .build: SHIM_ROLE_BUILD
      case .enqueue: SHIM_ROLE_ENQUEUE
      case .flush: SHIM_ROLE_FLUSH
      case .wait: SHIM_ROLE_WAIT
      case .release: SHIM_ROLE_RELEASE
      }
    }
  }

  /// A kind of handle. Sub-buffers are buffers; a mapping ends with its unmap.
  public enum HandleKind: Sendable, Hashable, CaseIterable {
    case context, queue, buffer, program, kernel, event, mapping

    var kind: shim_kind {
      switch self {
      case .context: SHIM_KIND_CONTEXT
      case .queue: SHIM_KIND_QUEUE
      case .buffer: SHIM_KIND_BUFFER
      case .program: SHIM_KIND_PROGRAM
      case .kernel: SHIM_KIND_KERNEL
      case .event: SHIM_KIND_EVENT
      case .mapping: SHIM_KIND_MAPPING
      }
    }
  }

  /// What has been counted since the last ``start(_:)``.
  public struct Counts: Sendable, Hashable {
    /// Calls by role, failed ones included. Blocking reads and writes are waits.
    public let calls: [Role: UInt64]
    /// Handles created, retains included.
    public let created: [HandleKind: UInt64]
    public let released: [HandleKind: UInt64]
    /// Bytes that calls have moved (or been asked to move) from host to device, and back.
    public let bytesUp: UInt64
    public let bytesDown: UInt64

    public var enqueues: UInt64 { calls[.enqueue] ?? 0 }
    /// Calls that block until the device is done.
    public var waits: UInt64 { calls[.wait] ?? 0 }
    /// Buffers and sub-buffers created.
    public var bufferCreations: UInt64 { created[.buffer] ?? 0 }

    /// Kinds with more handles created than released (positive) or the other way round, since counting started.
    public var outstanding: [HandleKind: Int] {
      var differences: [HandleKind: Int] = [:]
      for kind in HandleKind.allCases {
        let difference = Int(created[kind] ?? 0) - Int(released[kind] ?? 0)
        if difference != 0 { differences[kind] = difference }
      }
      return differences
    }
  }

  /// Counts from zero, from now on.
  public static func start(_ scope: Scope = .process) {
    shim_count_stop()
    shim_count_reset()
    shim_count_start(scope == .thisThread)
  }

  /// Stops counting; ``counts`` stays readable.
  public static func stop() { shim_count_stop() }

  public static var counts: Counts {
    var calls: [Role: UInt64] = [:]
    for role in Role.allCases { calls[role] = shim_count_calls(role.role) }
    var created: [HandleKind: UInt64] = [:]
    var released: [HandleKind: UInt64] = [:]
    for kind in HandleKind.allCases {
      created[kind] = shim_count_created(kind.kind)
      released[kind] = shim_count_released(kind.kind)
    }
    return Counts(
      calls: calls, created: created, released: released, bytesUp: shim_count_bytes_up(),
      bytesDown: shim_count_bytes_down())
  }

  /// A call that is to fail.
  public struct Fault: Sendable {
    /// Codable, so that a test in a process of its own can be told.
    public enum Mode: String, Codable, Sendable, Hashable, CaseIterable {
      /// The n-th call fails.
      case once
      /// The n-th call and every later one fail: the device is lost.
      case sticky
      /// The n-th enqueue succeeds; the next wait fails.
      case late
    }

    /// Which of the calls that the filters let through fails, from 1; 0 for none (to inject a build log alone).
    public var nth: Int
    public var mode: Mode
    public var status: OpenCLStatus
    /// Only calls of this role, or all.
    public var role: Role?
    /// Only calls of this function, such as `clCreateBuffer`, or all. A name that is not wrapped lets nothing through.
    public var call: String?
    public var scope: Scope

    public init(
      nth: Int = 1, mode: Mode = .once, status: OpenCLStatus = .outOfResources, role: Role? = nil, call: String? = nil,
      scope: Scope = .process
    ) {
      self.nth = nth
      self.mode = mode
      self.status = status
      self.role = role
      self.call = call
      self.scope = scope
    }
  }

  /// Arms a fault in place of the one before.
  public static func inject(_ fault: Fault) {
    let mode =
      switch fault.mode {
      case .once: SHIM_FAULT_ONCE
      case .sticky: SHIM_FAULT_STICKY
      case .late: SHIM_FAULT_LATE
      }
    let role = fault.role.map { Int32($0.role.rawValue) } ?? -1
    var call: Int32 = -1
    if let name = fault.call {
      let index = shim_call_index(name)
      call = index < 0 ? Int32.max : index  // past the table: matches no call
    }
    shim_fault_arm(call, role, UInt64(max(0, fault.nth)), fault.status.rawValue, mode, fault.scope == .thisThread)
  }

  /// What became of a fault.
  public struct FaultReport: Sendable, Hashable {
    /// Calls the filters let through.
    public let candidates: Int
    /// Calls made to fail.
    public let hits: Int
    /// The first of those.
    public let call: String?

    public init(candidates: Int, hits: Int, call: String?) {
      self.candidates = candidates
      self.hits = hits
      self.call = call
    }
  }

  /// What became of the fault so far.
  public static var faultReport: FaultReport {
    FaultReport(
      candidates: Int(clamping: shim_fault_candidates()), hits: Int(clamping: shim_fault_hits()),
      call: shim_fault_call().map { String(cString: $0) })
  }

  /// Ends fault injection and says what became of it.
  @discardableResult
  public static func removeFault() -> FaultReport {
    shim_fault_disarm()
    return faultReport
  }

  /// While a fault is armed, `clGetProgramBuildInfo` reports these bytes as the log.
  ///
  /// - Returns: false without memory for a copy.
  public static func injectBuildLog(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { shim_fault_build_log($0.baseAddress, $0.count) }
  }
}
