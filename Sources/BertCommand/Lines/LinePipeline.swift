// SPDX-License-Identifier: Apache-2.0

/// What a stage made of a chunk of lines, and what stops the stream after it.
struct Batch<Content: Sendable>: Sendable {
  let content: Content
  let lineCount: Int
  let failure: (any Error)?
}

/// Lines in, lines out, for as long as they come: reading and preparing, computing, and writing are at work at the same
/// time, each on another chunk. What is there is worked on at once; nothing waits for more. Memory is that of three chunks.
struct LinePipeline<Prepared: Sendable, Computed: Sendable>: Sendable {
  let reader: LineReader
  let output = StandardOutput()
  /// On the host; errors of a line come back in the batch, behind the lines before it.
  let prepare: @Sendable (InputChunk) throws -> Batch<Prepared>
  /// On the device.
  let compute: @Sendable (Prepared) async throws -> Computed
  /// Bytes of the output lines.
  let format: @Sendable (Computed) -> [[UInt8]]

  /// Runs to the end of the input.
  ///
  /// - Throws: the first error, in the order of the lines, after the output for all lines before it has been written.
  func run() async throws {
    var progress = Progress()
    defer { progress.finish() }
    // Tasks, not `async let`: an error must end the process now, not when the next line comes in.
    var next = Task { try await read() }
    var written: Task<Void, any Error>?
    while let batch = try await readResult(next, after: written) {
      if batch.failure == nil { next = Task { try await read() } }
      do {
        let computed = try await compute(batch.content)
        try await written?.value
        written = Task { try await output.write(format(computed)) }
      } catch {
        try await written?.value
        throw error
      }
      progress.add(batch.lineCount)
      if let failure = batch.failure {
        try await written?.value
        throw failure
      }
    }
    try await written?.value
  }

  /// What a read brought. If it failed, the lines before it are written before anybody hears of it.
  private func readResult(
    _ next: Task<Batch<Prepared>?, any Error>, after written: Task<Void, any Error>?
  ) async throws -> Batch<Prepared>? {
    do { return try await next.value } catch {
      try await written?.value
      throw error
    }
  }

  private func read() async throws -> Batch<Prepared>? {
    guard let chunk = await reader.next() else { return nil }
    return try prepare(chunk)
  }
}
