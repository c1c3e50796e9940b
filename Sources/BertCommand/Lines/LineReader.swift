// SPDX-License-Identifier: Apache-2.0
import Glibc
import OpenCLRuntime
import StrictJSON

/// Lines of standard input, as many at a time as are there: one from an idle pipe, thousands from a file.
///
/// Lines end with `\n` alone, or `\r\n`; the last one may lack it. Memory stays below twice the longest line and a chunk.
/// Lives on a thread of its own, since reads block.
actor LineReader {
  /// How much is taken at once.
  struct Limits: Sendable {
    /// Lines of a chunk.
    var lines: Int
    /// Bytes of a chunk; a single longer line is still taken.
    var bytes = 8 << 20
    /// Bytes of a line; longer ones are refused.
    var lineBytes = 64 << 20
  }

  private let thread = DeviceThread(label: "swift-bert input")
  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  private let limits: Limits
  private static let blockByteCount = 1 << 18
  private var block = [UInt8](repeating: 0, count: blockByteCount)
  /// What has been read and not yet given out.
  private var buffer: [UInt8] = []
  /// Bytes of `buffer` known to hold no end of a line beyond those found.
  private var searched = 0
  /// Where the line begins whose end is being looked for.
  private var lineStart = 0
  private var lineNumber = 1
  private var isAtEnd = false
  private var failure: CommandError?

  init(_ limits: Limits) { self.limits = limits }

  /// The next lines, once there is at least one; nil at the end. A failure comes with the lines before it.
  func next() -> LineChunk? {
    var lines: [LineChunk.Line] = []
    while true {
      findLines(&lines)
      if lines.count >= limits.lines || lineStart >= limits.bytes || failure != nil { return chunk(lines) }
      if isAtEnd {
        endLine(at: buffer.count, &lines)
        (searched, lineStart) = (buffer.count, buffer.count)
        return lines.isEmpty && failure == nil ? nil : chunk(lines)
      }
      if !lines.isEmpty && !hasInput { return chunk(lines) }
      if lines.isEmpty { dropBlankLines() }
      fill()
    }
  }

  /// Finds ends of lines in what has been read, up to the chunk's limit.
  private func findLines(_ lines: inout [LineChunk.Line]) {
    while lines.count < limits.lines, lineStart < limits.bytes, searched < buffer.count {
      let found = buffer.withUnsafeBytes { bytes -> Int? in
        guard let base = bytes.baseAddress else { return nil }
        return memchr(base + searched, 0x0A, bytes.count - searched).map { UnsafeRawPointer($0) - base }
      }
      guard let end = found else {
        searched = buffer.count
        break
      }
      endLine(at: end, &lines)
      searched = end + 1
      lineStart = end + 1
    }
    if failure == nil, searched == buffer.count, buffer.count - lineStart > limits.lineBytes {
      failure = .lineTooLong(line: lineNumber, limit: limits.lineBytes)
    }
  }

  private func endLine(at end: Int, _ lines: inout [LineChunk.Line]) {
    guard lineStart < buffer.count else { return }
    var range = lineStart..<end
    if range.count > limits.lineBytes, failure == nil {
      failure = .lineTooLong(line: lineNumber, limit: limits.lineBytes)
    }
    if failure == nil {
      if let last = range.last, buffer[last] == 0x0D { range.removeLast() }
      let isBlank = buffer[range].allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
      if !isBlank { lines.append(LineChunk.Line(range: range, number: lineNumber)) }
    }
    lineNumber += 1
  }

  private func chunk(_ lines: [LineChunk.Line]) -> LineChunk {
    let rest = Array(buffer[lineStart...])
    defer {
      buffer = rest
      searched -= lineStart
      lineStart = 0
    }
    return LineChunk(bytes: buffer, lines: lines, failure: failure)
  }

  /// A stream of blank lines must not pile up.
  private func dropBlankLines() {
    guard lineStart > 0 else { return }
    buffer.removeFirst(lineStart)
    searched -= lineStart
    lineStart = 0
  }

  /// Whether a read would not have to wait.
  private var hasInput: Bool {
    var descriptor = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    return poll(&descriptor, 1, 0) > 0
  }

  /// Waits for bytes, or the end, or a failure.
  private func fill() {
    while true {
      let count = read(STDIN_FILENO, &block, LineReader.blockByteCount)
      if count > 0 {
        buffer.append(contentsOf: block[..<count])
        return
      }
      if count == 0 {
        isAtEnd = true
        return
      }
      switch errno {
      case EINTR: continue
      case EAGAIN:  // somebody made the pipe non-blocking
        var descriptor = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        _ = poll(&descriptor, 1, -1)
      default:
        failure = .input(.last)
        return
      }
    }
  }
}
