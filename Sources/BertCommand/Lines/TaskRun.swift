// SPDX-License-Identifier: Apache-2.0
import BERT
import StrictJSON
import Synchronization

/// A task at work for the command line: on lines of JSON, or on texts among the arguments.
struct TaskRun<Task: TextTask>: Sendable {
  let task: Task
  let options: Task.Options
  let engine: Engine
  /// Sequences that one line may become, for tasks that pair a text with many labels: chunks are smaller by so much.
  var sequencesPerLine = 1

  /// Answers lines as they come, in their order.
  ///
  /// - Parameters:
  ///   - input: what a line asks.
  ///   - answer: what is written for it, a line.
  /// - Throws: `LineError` or `CommandError` for the first line that is refused, after the answers to the lines before it.
  func lines(
    input: @escaping @Sendable (LineFields) throws(LineError) -> Task.Input,
    answer: @escaping @Sendable (Task.Output) -> JSON
  ) async throws {
    let counts = Mutex((lines: 0, truncated: 0))
    defer { counts.withLock { noteTruncated($0.truncated, of: $0.lines) } }
    let pipeline = LinePipeline(
      reader: LineReader(limits),
      prepare: { chunk in
        let (blocks, count, failure) = chunk.gather(into: [Task.Prepared]()) { inputs, line in
          let input = try input(line)
          do throws(TaskError) { inputs.append(try task.prepare(input, options)) } catch {
            throw CommandError.lineNotTaken(line: line.number, error)
          }
        }
        return Batch(content: Array(blocks.joined()), lineCount: count, failure: failure)
      },
      compute: { inputs in
        let outputs = try await task.predict(prepared: inputs, options: options)
        counts.withLock { $0 = ($0.lines + inputs.count, $0.truncated + inputs.count(where: \.isTruncated)) }
        return outputs
      },
      format: { outputs in
        inParallel(outputs.count, block: 16) { range in
          var writer = JSONWriter()
          for index in range {
            writer.append(answer(outputs[index]))
            writer.bytes.append(UInt8(ascii: "\n"))
          }
          return writer.bytes
        }
      })
    try await pipeline.run()
  }

  /// Answers texts of the command line.
  ///
  /// - Throws: `CommandError.textNotTaken` for one of several texts, `TaskError` for the only one.
  func answers(_ inputs: [Task.Input]) async throws -> [Task.Output] {
    var prepared: [Task.Prepared] = []
    for (index, input) in inputs.enumerated() {
      do throws(TaskError) { prepared.append(try task.prepare(input, options)) } catch {
        if inputs.count == 1 { throw error }
        throw CommandError.textNotTaken(number: index + 1, error)
      }
    }
    let outputs = try await task.predict(prepared: prepared, options: options)
    noteTruncated(prepared.count(where: \.isTruncated), of: prepared.count)
    return outputs
  }

  /// A GPU wants thousands of sequences at once; a CPU is as fast with some dozens, and answers sooner.
  private var limits: LineSplitter.Limits {
    let share = max(sequencesPerLine, 1)
    let lines = engine.device?.kind == .gpu ? 2048 : 128
    return LineSplitter.Limits(lines: max(lines / share, 1), bytes: max((8 << 20) / share, 1 << 12))
  }

  private func noteTruncated(_ count: Int, of total: Int) {
    guard count > 0 else { return }
    StandardError.note(
      "of \(counted(total, "text")), \(count) had more than \(task.truncationLimit) tokens and lost the rest")
  }
}
