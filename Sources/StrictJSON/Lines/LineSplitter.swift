// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Cuts a stream of bytes into lines, whoever reads it: a pipe as it comes, a file block by block.
///
/// Lines end with `\n` alone, or `\r\n`; the last one may lack it. Memory stays below twice the longest line and a chunk.
package struct LineSplitter: Sendable {
  /// How much is given out at once.
  package struct Limits: Sendable {
    /// Lines of a chunk.
    package var lines: Int
    /// Bytes of a chunk; a single longer line is still taken.
    package var bytes: Int
    /// Bytes of a line; longer ones are refused.
    package var lineBytes: Int

    package init(lines: Int, bytes: Int = 8 << 20, lineBytes: Int = 64 << 20) {
      self.lines = lines
      self.bytes = bytes
      self.lineBytes = lineBytes
    }
  }

  /// A line that is too long; the lines before it are good.
  package private(set) var failure: LineError?
  private let limits: Limits
  /// What has been read and not yet given out.
  private var buffer: [UInt8] = []
  /// Bytes of `buffer` known to hold no end of a line beyond those found.
  private var searched = 0
  /// Where the line begins whose end is being looked for.
  private var lineStart = 0
  private var lineNumber = 1
  private var lines: [LineChunk.Line] = []

  package init(_ limits: Limits) { self.limits = limits }

  /// Adds what was read.
  package mutating func append(_ block: ArraySlice<UInt8>) { buffer.append(contentsOf: block) }

  /// Whether there is a line to be given out.
  package var hasLines: Bool { !lines.isEmpty }

  /// Whether a chunk has what it may have, or can get no more.
  package var isFull: Bool { lines.count >= limits.lines || lineStart >= limits.bytes || failure != nil }

  /// Finds ends of lines in what has been added, up to the chunk's limit.
  package mutating func findLines() {
    while lines.count < limits.lines, lineStart < limits.bytes, searched < buffer.count {
      let found = buffer.withUnsafeBytes { bytes -> Int? in
        guard let base = bytes.baseAddress else { return nil }
        return memchr(base + searched, 0x0A, bytes.count - searched).map { UnsafeRawPointer($0) - base }
      }
      guard let end = found else {
        searched = buffer.count
        break
      }
      endLine(at: end)
      searched = end + 1
      lineStart = end + 1
    }
    if failure == nil, searched == buffer.count, buffer.count - lineStart > limits.lineBytes {
      failure = .tooLong(line: lineNumber, limit: limits.lineBytes)
    }
  }

  /// Takes what is left as the last line: nothing more will be added.
  package mutating func finish() {
    endLine(at: buffer.count)
    (searched, lineStart) = (buffer.count, buffer.count)
  }

  /// Gives the lines out that have been found.
  package mutating func chunk() -> LineChunk {
    let chunk = LineChunk(bytes: buffer, lines: lines)
    buffer = Array(buffer[lineStart...])
    searched -= lineStart
    lineStart = 0
    lines = []
    return chunk
  }

  /// Forgets lines without content: a stream of blank lines must not pile up. Only while there are no others.
  package mutating func dropBlankLines() {
    guard lineStart > 0 else { return }
    buffer.removeFirst(lineStart)
    searched -= lineStart
    lineStart = 0
  }

  private mutating func endLine(at end: Int) {
    guard lineStart < buffer.count else { return }
    var range = lineStart..<end
    if range.count > limits.lineBytes, failure == nil {
      failure = .tooLong(line: lineNumber, limit: limits.lineBytes)
    }
    if failure == nil {
      if let last = range.last, buffer[last] == 0x0D { range.removeLast() }
      let isBlank = buffer[range].allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
      if !isBlank { lines.append(LineChunk.Line(range: range, number: lineNumber)) }
    }
    lineNumber += 1
  }
}
