// SPDX-License-Identifier: Apache-2.0
import Glibc
import OpenCLRuntime
import StrictJSON

/// Lines of standard input, as many at a time as are there: one from an idle pipe, thousands from a file.
///
/// Lives on a thread of its own, since reads block.
actor LineReader {
  private let thread = DeviceThread(label: "swift-bert input")
  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  private static let blockByteCount = 1 << 18
  private var block = [UInt8](repeating: 0, count: blockByteCount)
  private var splitter: LineSplitter
  private var isAtEnd = false
  private var failure: (any Error)?

  init(_ limits: LineSplitter.Limits) { splitter = LineSplitter(limits) }

  /// The next lines, once there is at least one; nil at the end. A failure comes with the lines before it.
  func next() -> InputChunk? {
    while true {
      splitter.findLines()
      failure = failure ?? splitter.failure
      if splitter.isFull || failure != nil { return chunk() }
      if isAtEnd {
        splitter.finish()
        failure = splitter.failure
        return splitter.hasLines || failure != nil ? chunk() : nil
      }
      if splitter.hasLines && !hasInput { return chunk() }
      if !splitter.hasLines { splitter.dropBlankLines() }
      fill()
    }
  }

  private func chunk() -> InputChunk { InputChunk(chunk: splitter.chunk(), failure: failure) }

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
        splitter.append(block[..<count])
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
        failure = CommandError.input(.last)
        return
      }
    }
  }
}
