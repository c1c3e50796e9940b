// SPDX-License-Identifier: Apache-2.0
import OpenCLRuntime
import Synchronization

/// One command that the device has run.
public struct DeviceCommand: Sendable {
  /// `upload`, `download`, or the operation that launched it.
  public let operation: String
  /// Index into `Graph.nodes` of the graph that ran; nil for transfers.
  public let node: Int?
  /// Where in the model it is, as `Graph.Node.scope`.
  public let scope: String
  /// The kernel or the buffer.
  public let command: String
  /// Nanoseconds of the device's clock.
  public let times: Event.Times
}

/// Gathers the events of a queue's commands, by the operation that is at work. Commands outside runs (weights on their way
/// to the device) are passed over.
final class RunRecorder: Sendable {
  private struct Work: Sendable {
    let operation: String
    let node: Int?
    let scope: String
  }
  private struct Contents: Sendable {
    var work: Work?
    var events: [(work: Work, event: Event)] = []
    var commands: [DeviceCommand] = []
  }
  private let contents = Mutex(Contents())

  /// Says whose commands are those that follow.
  func begin(_ operation: String, node: Int? = nil, scope: String = "") {
    contents.withLock { $0.work = Work(operation: operation, node: node, scope: scope) }
  }

  func add(_ event: Event) {
    contents.withLock { contents in
      if let work = contents.work { contents.events.append((work, event)) }
    }
  }

  /// Ends a run whose commands have all ended, and keeps their times.
  ///
  /// - Throws: `OpenCLError.callFailed`.
  func collect() throws(OpenCLError) {
    var commands: [DeviceCommand] = []
    for (work, event) in end() {
      commands.append(
        DeviceCommand(
          operation: work.operation, node: work.node, scope: work.scope, command: event.command,
          times: try event.times()))
    }
    contents.withLock { $0.commands += commands }
  }

  /// Ends a run that failed, and keeps nothing of it.
  func abandon() { _ = end() }

  private func end() -> [(work: Work, event: Event)] {
    contents.withLock { contents in
      defer { (contents.work, contents.events) = (nil, []) }
      return contents.events
    }
  }

  /// What has been collected since the last call.
  func take() -> [DeviceCommand] {
    contents.withLock { contents in
      defer { contents.commands = [] }
      return contents.commands
    }
  }
}

extension OpenCLExecutor {
  /// The commands of all runs since the last call, in order; none unless the executor was made to record them. CLBlast's
  /// own launches are not among them: it makes no events for most.
  public func takeCommands() -> [DeviceCommand] { recorder?.take() ?? [] }
}
