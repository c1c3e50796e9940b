// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import BERT
import ComputeGraph
import OpenCLBackend
import StrictJSON

/// `bert bench`: the CPU executor against OpenCL, or one forward pass for comparisons by other programs.
struct Bench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Time forward passes.",
    discussion: """
      Without --inputs: the CPU executor against the OpenCL device, turn by turn, on several shapes of batches. Shows \
      tokens and sequences a second, percentiles of the latency and the spread of its middle half, operations per second \
      and their share of what the device reaches with fused multiply-adds alone (measured in the same run), and the \
      memory of a run. Times are from tensors in host memory to tensors in host memory. --device cpu times the CPU alone.

        bert bench MODEL
        bert bench MODEL --shapes 1x16,8x128,ragged --profile --plot bench.svg --trace trace.json

      --sweep times the device alone on every batch of 1 to 64 sequences with every length of 16 to 512 tokens: a table, \
      and with --plot a drawing of tokens per second over the length, a line for each batch.

        bert bench MODEL --sweep --plot sweep.svg --json sweep.json

      With --inputs: times one forward pass on exactly these tensors (those of `bert forward`) and writes one JSON object: \
      {"device", "precision", "tokens", "seconds": [...]}, the wall time of each repeat from tensors in host memory to \
      last_hidden_state in host memory. "tokens" are those that the mask shows.

        bert bench MODEL --inputs in.safetensors --json -

      --train times steps of a training instead: forward, backward, clipping and AdamW of a text classifier with two labels.

        bert bench MODEL --train --shapes 8x128,ragged --profile

      Takes some seconds a shape; --sweep takes minutes, most of them for the largest batches. A head, where the \
      checkpoint has one, is not run; a pooler is.
      """)

  @Argument(help: "Checkpoint directory.")
  var model: String

  @Option(help: ArgumentHelp("Safetensors file with the arguments; - is standard input.", valueName: "file"))
  var inputs: String?

  @Option(help: ArgumentHelp("Safetensors file for the output of the last repeat, with --inputs.", valueName: "file"))
  var outputs: String?

  @Option(
    help: ArgumentHelp(
      """
      Batches with commas between them: SEQUENCESxTOKENS, or ragged, 32 sentences as they come (default: \
      1x16,1x128,8x128,2x512,ragged, as far as the model takes them).
      """, valueName: "shapes"))
  var shapes: String?

  @Flag(help: "Time the device on 1 to 64 sequences of 16 to 512 tokens, as far as the model takes them.")
  var sweep = false

  @Option(
    name: .customLong("repeat"),
    help: """
      Timed runs of each engine and shape (default: 10 with --inputs; else at least 10 and up to 200 within 4 seconds; \
      with --sweep at least 3 and more within a second).
      """)
  var repeatCount: Int?

  @Option(help: "Runs before the clock starts (default: 3, with --sweep 1).")
  var warmup: Int?

  @Option(help: ArgumentHelp("Where the JSON object goes; - is standard output.", valueName: "file"))
  var json: String?

  @Option(help: ArgumentHelp("SVG drawing of tokens per second; - is standard output.", valueName: "file"))
  var plot: String?

  @Flag(help: "Also show what each operation takes, from the device's events: medians of 5 further runs.")
  var profile = false

  @Option(
    help: ArgumentHelp(
      "Chrome trace of one run of each shape (chrome://tracing, Perfetto); - is standard output.", valueName: "file"))
  var trace: String?

  @Flag(help: "Time steps of a training instead of forward passes.")
  var train = false

  @Option(help: "With --train, what is computed again instead of kept: none, activations, layers.")
  var recompute: Recomputation?

  @Flag(help: "With --train, leave out the dropout that the configuration has.")
  var noDropout = false

  @OptionGroup(title: "Device options")
  var engine: EngineOptions

  mutating func validate() throws {
    guard (1...1_000_000).contains(repeatCount ?? 1) else { throw ValidationError("--repeat must be in 1...1000000.") }
    guard (0...1_000_000).contains(warmup ?? 0) else { throw ValidationError("--warmup must be in 0...1000000.") }
    let toOutput = [json, outputs, plot, trace].count { $0 == "-" }
    guard toOutput <= 1 else { throw ValidationError("Only one of the results can be standard output.") }
    let files = [json, outputs, plot, trace].compactMap { $0 }
    guard Set(files).count == files.count else { throw ValidationError("Two results cannot go to one file.") }
    if inputs != nil {
      guard json != nil else { throw ValidationError("--inputs needs --json.") }
      guard shapes == nil, plot == nil, trace == nil, !profile, !sweep else {
        throw ValidationError("--shapes, --sweep, --plot, --profile and --trace do not go with --inputs.")
      }
    } else if outputs != nil {
      throw ValidationError("--outputs needs --inputs.")
    }
    if sweep {
      guard shapes == nil, trace == nil, !profile else {
        throw ValidationError("--shapes, --profile and --trace do not go with --sweep.")
      }
    }
    if train {
      guard inputs == nil, plot == nil, trace == nil, !sweep else {
        throw ValidationError("--inputs, --sweep, --plot and --trace do not go with --train.")
      }
      try engine.validateForTraining()
    } else if recompute != nil || noDropout {
      throw ValidationError("--recompute and --no-dropout need --train.")
    }
    if profile || trace != nil {
      guard engine.device != .cpu else {
        throw ValidationError("--profile and --trace need an OpenCL device: the CPU executor makes no events.")
      }
      guard engine.matrixProduct != .clblast else {
        throw ValidationError("--profile and --trace do not see CLBlast's launches: use another --matrix-product.")
      }
    }
    for name in shapes?.split(separator: ",", omittingEmptySubsequences: false) ?? []
    where BenchShape(argument: String(name)) == nil {
      throw ValidationError(
        "--shapes: \"\(name)\" is neither ragged nor SEQUENCESxTOKENS, such as 8x128, of 1 to "
          + "\(BenchShape.tokenLimit) tokens in all.")
    }
  }

  func run() async throws {
    if train { return try await runTraining() }
    if let inputs, let json { return try await runInputs(inputs, json: json) }
    let chosen = try chosenShapes()
    for file in [json, plot, trace].compactMap({ $0 }) { try checkDestination(file) }
    let device = try engine.open()
    if profile || trace != nil, device.device == nil { throw CommandError.noEvents }
    let run = try await BenchRun(
      model, on: device.device == nil || sweep ? [device] : [device, .cpu],
      turns: BenchTurns(
        warmup: warmup ?? (sweep ? 1 : 3), count: repeatCount, least: sweep ? 3 : 10, seconds: sweep ? 1 : 4),
      profiles: profile || trace != nil)
    var commands: [(name: String, commands: [DeviceCommand])] = []
    var result = try await run(chosen) { commands.append(($0.name, $1)) }
    if !profile { result.dropOperations() }
    if ![json, plot, trace].contains("-") { try StandardOutput.write(sweep ? result.sweepText : result.text) }
    if let json { try writeDocument(result.json, to: json) }
    if let plot { try writeText(sweep ? BenchPlot.lines(result) : BenchPlot.bars(result), to: plot) }
    if let trace { try writeDocument(ChromeTrace.json(commands), to: trace) }
  }

  /// The shapes asked for; of the usual ones and of a sweep, those that the model takes.
  private func chosenShapes() throws -> [BenchShape] {
    let limit = try BertConfig.fromPretrained(SentenceHead.transformerPath(in: model)).maxPositionEmbeddings
    guard let names = shapes else {
      let all = (sweep ? BenchShape.sweep : BenchShape.usual).filter { $0.longest <= limit }
      guard !all.isEmpty else { throw CommandError.noShape(limit: limit) }
      return all
    }
    let all = names.split(separator: ",").compactMap { BenchShape(argument: String($0)) }
    for shape in all {
      if let index = shape.lengths.firstIndex(where: { $0 > limit }) {
        throw BertError.sequenceTooLong(index: index, tokens: shape.lengths[index], limit: limit)
      }
    }
    return all
  }

  private func runTraining() async throws {
    let areChosen = shapes != nil
    let shapes = try chosenShapes().filter { areChosen || ["8x128", "ragged"].contains($0.name) }
    if let json { try checkDestination(json) }
    let bench = TrainingBench(
      directory: try SentenceHead.transformerPath(in: model), engine: try engine.open(),
      recomputation: recompute ?? .none,
      drops: !noDropout, warmup: warmup ?? 2, count: repeatCount ?? 5, profiles: profile)
    if profile, bench.engine.device == nil { throw CommandError.noEvents }
    let result = try await bench.run(shapes)
    if json != "-" { try StandardOutput.write(result.text) }
    if let json { try writeDocument(result.json, to: json) }
  }

  private func runInputs(_ inputs: String, json: String) async throws {
    let folder = try SentenceHead.transformerPath(in: self.model)
    let input = try ForwardInputs.read(inputs).input
    let model = try await BertModel.fromPretrained(folder, on: engine.open())
    for _ in 0..<(warmup ?? 3) { _ = try await model.forward(input) }
    let clock = ContinuousClock()
    var seconds: [JSON] = []
    var last: ModelOutput?
    for _ in 0..<(repeatCount ?? 10) {
      let start = clock.now
      let output = try await model.forward(input)
      seconds.append(.number(JSONNumber((clock.now - start).seconds)))
      last = output
    }
    if let outputs, let last { try last.write(to: outputs) }
    let report = JSON.object([
      "device": .string(model.engine.name), "precision": .string(model.engine.precision.rawValue),
      "tokens": .number(JSONNumber(input.visibleTokens)), "seconds": .array(seconds),
    ])
    try writeDocument(report, to: json)
  }
}
