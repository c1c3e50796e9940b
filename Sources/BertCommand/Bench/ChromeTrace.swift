// SPDX-License-Identifier: Apache-2.0
import OpenCLBackend
import StrictJSON

/// Commands of a device as the trace event format of chrome://tracing and Perfetto: a row for each shape, all of which
/// start at 0.
enum ChromeTrace {
  static func json(_ shapes: [(name: String, commands: [DeviceCommand])]) -> JSON {
    var events: [JSON] = []
    for (thread, shape) in shapes.enumerated() {
      events.append(
        .object([
          "name": "thread_name", "ph": "M", "pid": .integer(0), "tid": .integer(thread),
          "args": .object(["name": .string(shape.name)]),
        ]))
      let first = shape.commands.map(\.times.started).min() ?? 0
      for command in shape.commands {
        events.append(
          .object([
            "name": .string(command.operation), "cat": .string(command.node == nil ? "transfer" : "kernel"),
            "ph": "X", "pid": .integer(0), "tid": .integer(thread), "ts": microseconds(command.times.started - first),
            "dur": microseconds(command.times.duration),
            "args": .object([
              "scope": .string(command.scope), "command": .string(command.command),
              "delay_us": microseconds(command.times.delay),
            ]),
          ]))
      }
    }
    return .object(["traceEvents": .array(events), "displayTimeUnit": "ms"])
  }

  private static func microseconds(_ nanoseconds: UInt64) -> JSON { .number(JSONNumber(Double(nanoseconds) / 1e3)) }
}
