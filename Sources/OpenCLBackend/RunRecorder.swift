// SPDX-License-Identifier: Apache-2.0
import OpenCLRuntime
import Synchronization

/// One command that the device has run.
public struct DeviceCommand: Sendable {
  /// `upload`, or the operation that launched it.
  public let operation: String
  /// Where in the model it is, as `Graph.Node.scope`.
  public let scope: String
  /// The kernel or the buffer.
  public let command: String
  /// Nanoseconds of the device's clock.
  public let times: Event.Times
}

/// Gathers the events of a queue's commands, by the operation that is at work. Used on the executor's thread.
final class RunRecorder: Sendable {
  private struct Contents: Sendable {
    var operation = ""
    var scope = ""
    var events: [(operation: String, scope: String, event: Event)] = []
    var commands: [DeviceCommand] = []
  }
  private let contents = Mutex(Contents())

  init(_ queue: Queue) {
    queue.observe { [weak self] event in
      self?.contents.withLock { $0.events.append(($0.operation, $0.scope, event)) }
    }
  }

  /// Says whose commands are those that follow.
  func begin(_ operation: String, scope: String) {
    contents.withLock { ($0.operation, $0.scope) = (operation, scope) }
  }

  /// Takes the times of all commands since the last call, which must have ended.
  ///
  /// - Throws: `OpenCLError.callFailed`.
  func collect() throws(OpenCLError) {
    let events = contents.withLock { contents in
      defer { contents.events = [] }
      return contents.events
    }
    for (operation, scope, event) in events {
      let command = DeviceCommand(
        operation: operation, scope: scope, command: event.command, times: try event.times())
      contents.withLock { $0.commands.append(command) }
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
  /// The commands of all runs since the last call, in order; none unless the executor was made to record them.
  public func takeCommands() -> [DeviceCommand] { recorder?.take() ?? [] }
}
