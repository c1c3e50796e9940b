// SPDX-License-Identifier: Apache-2.0

/// Lines of a regular file, some at a time.
package struct LineFile: ~Copyable {
  private static let blockByteCount = 1 << 20
  private let file: RegularFile
  private var splitter: LineSplitter
  private var offset = 0

  /// - Throws: `FileError`, also for a FIFO or a directory.
  package init(path: String, limits: LineSplitter.Limits) throws(FileError) {
    file = try RegularFile(path: path)
    splitter = LineSplitter(limits)
  }

  /// A line that is too long, behind those that have been given out: there is no going on.
  package var failure: LineError? { splitter.failure }

  /// The next lines; nil at the end, and behind a failure.
  ///
  /// - Throws: `FileError`, also if the file shrinks while it is read.
  package mutating func next() throws(FileError) -> LineChunk? {
    while true {
      splitter.findLines()
      if splitter.isFull { return splitter.hasLines ? splitter.chunk() : nil }
      guard offset < file.size else {
        splitter.finish()
        return splitter.hasLines ? splitter.chunk() : nil
      }
      if !splitter.hasLines { splitter.dropBlankLines() }
      try fill()
    }
  }

  private mutating func fill() throws(FileError) {
    var block = [UInt8](repeating: 0, count: min(file.size - offset, LineFile.blockByteCount))
    var failure: FileError?
    // `withUnsafeMutableBytes` rethrows untyped errors.
    block.withUnsafeMutableBytes { bytes in
      do throws(FileError) { try file.read(into: bytes, at: offset) } catch { failure = error }
    }
    if let failure { throw failure }
    offset += block.count
    splitter.append(block[...])
  }
}
