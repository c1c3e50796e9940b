// SPDX-License-Identifier: Apache-2.0
import StrictJSON

/// Some consecutive lines of the input.
struct InputChunk: Sendable {
  let chunk: LineChunk
  /// What ended the input after these lines, unless it was its end.
  let failure: (any Error)?

  /// Goes through the lines on all cores, in blocks, up to the first line that is no object or that `body` refuses.
  ///
  /// - Parameters:
  ///   - initial: what each block's results are gathered in.
  ///   - body: adds a line to its block's results.
  /// - Returns: the results of the blocks, in order; how many lines are in them; and the refusal, or else the chunk's own
  ///   failure.
  func gather<Output: Sendable>(
    into initial: Output, _ body: @Sendable (inout Output, LineFields) throws -> Void
  ) -> (blocks: [Output], lineCount: Int, failure: (any Error)?) {
    let blocks = inParallel(chunk.lines.count) { range -> (output: Output, lineCount: Int, failure: (any Error)?) in
      var output = initial
      for index in range {
        do { try body(&output, chunk.fields(chunk.lines[index])) } catch {
          return (output, index - range.lowerBound, error)
        }
      }
      return (output, range.count, nil)
    }
    var outputs: [Output] = []
    var count = 0
    for block in blocks {
      outputs.append(block.output)
      count += block.lineCount
      if let failure = block.failure { return (outputs, count, failure) }
    }
    return (outputs, count, failure)
  }
}
