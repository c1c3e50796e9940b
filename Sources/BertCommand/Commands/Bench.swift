// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import BERT
import StrictJSON

/// `bert bench`: times one forward pass, for comparisons by other programs.
struct Bench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Time a forward pass on given tensors.",
    discussion: """
      Loads the model, runs it --warmup times, then --repeat times, and writes one JSON object: {"device", "precision", \
      "tokens", "seconds": [...]}, the wall time of each repeat from tensors in host memory to last_hidden_state in host \
      memory. "tokens" are those that the mask shows. The tensors are those of `bert forward`; a head, where the \
      checkpoint has one, is not run.
      """)

  @Argument(help: "Checkpoint directory.")
  var model: String

  @Option(help: ArgumentHelp("Safetensors file with the arguments; - is standard input.", valueName: "file"))
  var inputs: String

  @Option(help: ArgumentHelp("Safetensors file for the output of the last repeat.", valueName: "file"))
  var outputs: String?

  @Option(name: .customLong("repeat"), help: "Timed runs.")
  var repeatCount = 10

  @Option(help: "Runs before the clock starts.")
  var warmup = 3

  @Option(help: ArgumentHelp("Where the JSON object goes; - is standard output.", valueName: "file"))
  var json: String

  @OptionGroup(title: "Device options")
  var engine: EngineOptions

  mutating func validate() throws {
    guard (1...1_000_000).contains(repeatCount) else { throw ValidationError("--repeat must be in 1...1000000.") }
    guard (0...1_000_000).contains(warmup) else { throw ValidationError("--warmup must be in 0...1000000.") }
    if json == "-", outputs == "-" { throw ValidationError("--json and --outputs cannot both be standard output.") }
  }

  func run() async throws {
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
