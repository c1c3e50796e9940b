// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import BERT
import OpenCLBackend
import StrictJSON
import Synchronization

/// `bert tune`: which configuration of each kernel is fastest on this device, measured and kept.
struct Tune: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure which kernel configurations suit this device, and keep the choice.",
    discussion: """
      Nobody must run this: the standard configurations are good ones. It measures every configuration of the model's \
      dense layers and attention, at every size, checks that each computes what the standard one does and that one what \
      the CPU does in double precision, and writes the fastest to the user's cache folder, with all that was measured. \
      From then on every command runs them, and so does the library, for every model with layers of these sizes. Results \
      stay the same bit for bit. Takes a quarter of a minute for a small model on a CPU.

        bert tune MODEL
        bert tune MODEL --device opencl:0:0 --json -

      Sizes are classes: powers of two, each up to its number of rows, or of tokens of the longest sequence. Where the \
      difference is within what repeated measurements differ by, the standard configuration stays.

      SWIFT_BERT_NO_TUNING=1 in the environment runs the standard configurations; so does deleting the file. A new \
      driver or a new version of the kernels is tuned anew.
      """)

  @Argument(help: "Checkpoint directory; its weights are not read.")
  var model: String

  @Option(
    help: ArgumentHelp("Tokens of a batch up to which dense layers are measured, 1 to 2048.", valueName: "tokens"))
  var maxTokens = TuningKey.largestSize

  @Option(
    help: ArgumentHelp(
      "Tokens of a sequence up to which attention is measured, 1 to 2048 (default: 512, or what the model takes).",
      valueName: "tokens"))
  var maxLength: Int?

  @Option(
    help: ArgumentHelp("Where all that was measured goes as one JSON object; - is standard output.", valueName: "file"))
  var json: String?

  @OptionGroup(title: "Device options")
  var engine: EngineOptions

  mutating func validate() throws {
    for (name, value) in [("--max-tokens", maxTokens), ("--max-length", maxLength ?? 1)]
    where !(1...TuningKey.largestSize).contains(value) {
      throw ValidationError("\(name) must be in 1...\(TuningKey.largestSize).")
    }
    guard engine.device != .cpu else {
      throw ValidationError("The CPU executor has nothing to tune: name an OpenCL device.")
    }
  }

  func run() async throws {
    let model = try ModelDescription(directory: self.model)
    // Untuned, so that the standard configurations are what the others are measured against.
    let engine = try engine.open(tuning: nil)
    guard let executor = engine.executor as? OpenCLExecutor else {
      throw CommandError.nothingToTune(engine: engine.name)
    }
    if let json { try checkDestination(json) }
    guard let store = TuningStore.standard else { throw CommandError.noTuningFolder }
    let known: Tuning
    do { known = try store.load(for: executor.device, executor.profile) ?? .none } catch {
      StandardError.note("\(error)")
      known = .none
    }
    var options = TuningOptions()
    options.mostRows = maxTokens
    options.longestSequence = min(maxLength ?? 512, model.config.maxPositionEmbeddings)
    let status = Mutex(StatusLine())
    defer { status.withLock { $0.finish() } }
    status.withLock { $0.show("measuring on \(engine.name)") }
    let tuning = try await executor.tune(model.graph, options, oracle: Engine.oracle.executor) { progress in
      status.withLock {
        $0.show("\(progress.done) of \(progress.total): \(progress.key.operation.rawValue) \(progress.key.shapeText)")
      }
    }
    let path = try store.store(known.merging(tuning), for: executor.device, executor.profile)
    status.withLock { $0.finish() }
    if json != "-" { try StandardOutput.write(TuningTable(tuning).text) }
    if let json { try writeDocument(tuning.json(of: executor.device, executor.profile), to: json) }
    StandardError.note("\(counted(tuning.measurements.count, "choice")) kept in \(path)")
  }
}

/// A tuning as people read it: what was chosen, and what it gains.
private struct TuningTable {
  let tuning: Tuning

  init(_ tuning: Tuning) { self.tuning = tuning }

  var text: String {
    let head = ["operation", "shape", "up to", "standard", "choice", "ms", "gain"]
    let rows = tuning.measurements.sorted { $0.key < $1.key }.map { key, measurement in
      [
        key.operation.rawValue, key.shapeText, "\(key.size) \(key.operation == .linear ? "rows" : "tokens each")",
        measurement.standard,
        measurement.choice == measurement.standard ? "the same" : measurement.choice,
        measurement.seconds(of: measurement.choice).map { fixed($0 * 1e3, 3) } ?? "", fixed(measurement.gain, 2),
      ]
    }
    let widths = head.indices.map { column in ([head] + rows).map { $0[column].count }.max() ?? 0 }
    let lines = ([head] + rows).map { row in
      row.indices.map { column in
        [2, 5, 6].contains(column) ? row[column].aligned(to: widths[column]) : row[column].padded(to: widths[column])
      }.joined(separator: "  ")
    }
    let refused = tuning.measurements.values.flatMap(\.candidates).count { candidate in
      if case .refused = candidate.outcome { true } else { false }
    }
    let note = refused == 0 ? "" : "\(counted(refused, "configuration")) refused: --json says why\n"
    return lines.joined(separator: "\n") + "\n" + note
  }
}

extension TuningKey {
  /// `1536 x 384`.
  fileprivate var shapeText: String { shape.map(String.init).joined(separator: " x ") }
}
