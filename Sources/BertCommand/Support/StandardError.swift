// SPDX-License-Identifier: Apache-2.0
import Glibc
import Logging

/// Messages for people: each one line, whatever a file name or a driver's text has in it.
enum StandardError {
  static let isTerminal = isatty(STDERR_FILENO) == 1

  /// Writes `bert: message`.
  static func write(_ message: String) { writeRaw("bert: \(oneLine(message))\n") }

  /// Writes `bert: note: message`.
  static func note(_ message: String) { write("note: \(message)") }

  /// There is nobody left to tell if this fails.
  static func writeRaw(_ text: String) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno != EINTR {
        return
      }
    }
  }

  /// The text with line breaks as "; " and other control characters, which could move a terminal's cursor, as "?".
  static func oneLine(_ text: String) -> String {
    var line = ""
    var isBreak = false
    for scalar in text.unicodeScalars {
      let breaks = scalar == "\n" || scalar == "\r"
      if breaks {
        if !isBreak, !line.isEmpty { line += "; " }
      } else {
        let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
        line.unicodeScalars.append(isControl ? "?" : scalar)
      }
      isBreak = breaks
    }
    return line.hasSuffix("; ") ? String(line.dropLast(2)) : line
  }
}

/// What the library has to say: notices and worse.
struct StandardErrorLog: LogHandler {
  var metadata = Logger.Metadata()
  var metadataProvider: Logger.MetadataProvider?
  var logLevel = Logger.Level.notice

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) { StandardError.note("\(event.message)") }
}
