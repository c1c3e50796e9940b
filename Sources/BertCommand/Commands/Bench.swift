// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import BERT
import Checkpoints
import StrictJSON

/// `bert bench`: the CPU executor against OpenCL, or one forward pass for comparisons by other programs.
struct Bench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Time forward passes.",
    discussion: """
      Without --inputs: the CPU executor against the OpenCL device, turn by turn, on several shapes of batches. Shows \
      tokens and sequences a second, percentiles of the latency, operations per second and their share of what the \
      device reaches with fused multiply-adds alone (measured), and the memory of one run. --device cpu times the CPU \
      alone.

        bert bench MODEL
        bert bench MODEL --shapes 1x16,8x128,ragged --profile --plot bench.svg --trace trace.json

      With --inputs: times one forward pass on exactly these tensors (those of `bert forward`) and writes one JSON object: \
      {"device", "precision", "tokens", "seconds": [...]}, the wall time of each repeat from tensors in host memory to \
      last_hidden_state in host memory. "tokens" are those that the mask shows.

        bert bench MODEL --inputs in.safetensors --json -

      A head, where the checkpoint has one, is not run.
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

  @Option(name: .customLong("repeat"), help: "Timed runs of each engine and shape.")
  var repeatCount = 10

  @Option(help: "Runs before the clock starts.")
  var warmup = 3

  @Option(help: ArgumentHelp("Where the JSON object goes; - is standard output.", valueName: "file"))
  var json: String?

  @Option(help: ArgumentHelp("SVG drawing of tokens per second.", valueName: "file"))
  var plot: String?

  @Flag(help: "Also say what each operation takes, from the device's events.")
  var profile = false

  @Option(help: ArgumentHelp("Chrome trace of one run of each shape (chrome://tracing, Perfetto).", valueName: "file"))
  var trace: String?

  @OptionGroup(title: "Device options")
  var engine: EngineOptions

  mutating func validate() throws {
    guard (1...1_000_000).contains(repeatCount) else { throw ValidationError("--repeat must be in 1...1000000.") }
    guard (0...1_000_000).contains(warmup) else { throw ValidationError("--warmup must be in 0...1000000.") }
    if let json, json == "-", outputs == "-" {
      throw ValidationError("--json and --outputs cannot both be standard output.")
    }
    if inputs != nil {
      guard json != nil else { throw ValidationError("--inputs needs --json.") }
      guard shapes == nil, plot == nil, trace == nil, !profile else {
        throw ValidationError("--shapes, --plot, --profile and --trace do not go with --inputs.")
      }
    } else if outputs != nil {
      throw ValidationError("--outputs needs --inputs.")
    }
    for name in shapes?.split(separator: ",", omittingEmptySubsequences: false) ?? []
    where BenchShape(argument: String(name)) == nil {
      throw ValidationError("--shapes: \(name) is neither SEQUENCESxTOKENS nor ragged.")
    }
  }

  func run() async throws {
    if let inputs, let json { return try await runInputs(inputs, json: json) }
    let accelerated = try engine.open()
    var engines = [(name: "cpu", engine: Engine.cpu)]
    if accelerated.device != nil { engines.insert((accelerated.name, accelerated), at: 0) }
    let run = try await BenchRun(
      model, on: engines, shapes: chosenShapes(), turns: repeatCount, warmup: warmup,
      profiles: profile || trace != nil)
    var (result, commands) = try await run()
    if !profile { result = result.withoutOperations }
    if json != "-" { try StandardOutput.write(result.text) }
    if let json { try writeDocument(result.json, to: json) }
    if let plot { try AtomicFile.write(Array(BenchPlot.svg(result).utf8), to: plot) }
    if let trace { try writeDocument(ChromeTrace.json(commands), to: trace) }
    commands = []
  }

  /// The shapes asked for; of the usual ones, those that the model takes.
  private func chosenShapes() throws -> [BenchShape] {
    let limit = try BertConfig.fromPretrained(SentenceHead.transformerPath(in: model)).maxPositionEmbeddings
    let names = shapes ?? "1x16,1x128,8x128,2x512,ragged"
    let all = names.split(separator: ",").compactMap { BenchShape(argument: String($0)) }
    if shapes == nil { return all.filter { $0.longest <= limit } }
    if let long = all.first(where: { $0.longest > limit }) {
      throw BertError.sequenceTooLong(index: 0, tokens: long.longest, limit: limit)
    }
    return all
  }

  private func runInputs(_ inputs: String, json: String) async throws {
    let folder = try SentenceHead.transformerPath(in: self.model)
    let input = try ForwardInputs.read(inputs).input
    let model = try await BertModel.fromPretrained(folder, on: engine.open())
    for _ in 0..<warmup { _ = try await model.forward(input) }
    let clock = ContinuousClock()
    var seconds: [JSON] = []
    var last: ModelOutput?
    for _ in 0..<repeatCount {
      let start = clock.now
      let output = try await model.forward(input)
      seconds.append(.number(JSONNumber((clock.now - start).seconds)))
      last = output
    }
    if let outputs, let last { try last.write(to: outputs) }
    let report = JSON.object([
      "device": .string(model.engine.name), "precision": .string(engine.precision.rawValue),
      "tokens": .number(JSONNumber(input.visibleTokens)), "seconds": .array(seconds),
    ])
    try writeDocument(report, to: json)
  }
}
