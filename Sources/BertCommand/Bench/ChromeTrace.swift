// SPDX-License-Identifier: Apache-2.0
import OpenCLBackend
import StrictJSON

/// Commands of a device as the trace event format of chrome://tracing and Perfetto: one row for each shape.
enum ChromeTrace {
  static func json(_ shapes: [(name: String, commands: [DeviceCommand])]) -> JSON {
    let first = shapes.flatMap(\.commands).map(\.times.queued).min() ?? 0
    var events: [JSON] = []
    for (thread, shape) in shapes.enumerated() {
      events.append(
        .object([
          "name": "thread_name", "ph": "M", "pid": .integer(0), "tid": .integer(thread),
          "args": .object(["name": .string(shape.name)]),
        ]))
      for command in shape.commands {
        // Microseconds from the first command on.
        let start = Double(command.times.started &- first) / 1e3
        events.append(
          .object([
            "name": .string(command.operation), "cat": .string(command.command), "ph": "X", "pid": .integer(0),
            "tid": .integer(thread), "ts": .number(JSONNumber(start)),
            "dur": .number(JSONNumber(Double(command.times.duration) / 1e3)),
            "args": .object([
              "scope": .string(command.scope), "command": .string(command.command),
              "queued_us": .number(JSONNumber(Double(command.times.started &- command.times.queued) / 1e3)),
            ]),
          ]))
      }
    }
    return .object(["traceEvents": .array(events), "displayTimeUnit": "ms"])
  }
}
