// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import BERT
import StrictJSON

/// `bert info`: what a checkpoint is, and what running it takes.
struct Info: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Describe a checkpoint and what running it takes.",
    discussion: """
      Reads the configuration and the headers of the weight files and opens the device; no weight is loaded. The memory \
      is that of the weights, in the layout that the device's matrix product wants, and of the arena for one batch.
      """)

  @Argument(help: "Checkpoint directory.")
  var model: String

  @Option(help: "Sequences of the batch whose memory is stated.")
  var batchSize = 8

  @Option(help: "Tokens of each of its sequences (default: 128, or the longest the model takes).")
  var sequenceLength: Int?

  @Flag(help: "Write one JSON object; sizes are bytes.")
  var json = false

  @OptionGroup(title: "Device options")
  var engine: EngineOptions

  mutating func validate() throws {
    guard (1...1 << 20).contains(batchSize) else { throw ValidationError("--batch-size must be in 1...1048576.") }
    if let sequenceLength, !(1...1 << 20).contains(sequenceLength) {
      throw ValidationError("--sequence-length must be in 1...1048576.")
    }
  }

  func run() async throws {
    let model = try ModelDescription(directory: self.model)
    let longest = model.config.maxPositionEmbeddings
    let length = sequenceLength ?? min(128, longest)
    guard length <= longest else { throw BertError.sequenceTooLong(index: 0, tokens: length, limit: longest) }
    let report = try ModelReport(
      path: self.model, model, engine.open(), batchSize: batchSize, sequenceLength: length)
    if json {
      try StandardOutput.write(report.json, pretty: true)
    } else {
      try StandardOutput.write(report.text)
    }
  }
}
