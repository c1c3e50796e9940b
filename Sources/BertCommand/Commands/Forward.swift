// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import BERT

/// `bert forward`: tensors in, tensors out, as Hugging Face's `BertModel.forward`.
struct Forward: AsyncParsableCommand {
  /// What Hugging Face's pipelines call a run of the encoder without a head.
  static let bareTask = "feature-extraction"

  static let configuration = CommandConfiguration(
    abstract: "Run one forward pass on tensors from a safetensors file.",
    discussion: """
      Takes input_ids and, optionally, attention_mask, token_type_ids and position_ids, integers (I64 or I32) of one \
      shape [sequences, tokens]. Writes last_hidden_state, pooler_output where the checkpoint has a pooler, and \
      hidden_states.0 ... on request, F32, padded as the input was and zero where the mask hides a token. - is standard \
      input or output.

      Without --task, the architecture in config.json decides. This version computes the bare encoder (BertModel, task \
      \(bareTask)); a checkpoint with a head runs with --task \(bareTask), without its head.
      """)

  @Argument(help: "Checkpoint directory.")
  var model: String

  @Option(help: ArgumentHelp("Safetensors file with the arguments.", valueName: "file"))
  var inputs: String

  @Option(help: ArgumentHelp("Safetensors file to write, in one piece or not at all.", valueName: "file"))
  var outputs: String

  @Option(help: "What to run: \(bareTask).")
  var task: String?

  @Flag(help: "Also write hidden_states.0 (the embeddings) to hidden_states.L (the last layer).")
  var outputHiddenStates = false

  @OptionGroup(title: "Device options")
  var engine: EngineOptions

  func run() async throws {
    let folder = try Forward.encoderFolder(self.model, task: task)
    let input = try ForwardInputs.read(inputs)
    let model = try await BertModel.fromPretrained(folder, on: engine.open())
    let clock = ContinuousClock()
    let start = clock.now
    let output = try await model.forward(input, outputHiddenStates: outputHiddenStates)
    let seconds = (clock.now - start).seconds
    try output.write(to: outputs)
    StandardError.write(
      "\(counted(input.batchSize, "sequence")) of \(input.sequenceLength), "
        + "\(counted(input.visibleTokens, "token")) computed on \(model.engine.name) in \(fixed(seconds * 1000, 1)) ms; "
        + "\(counted(output.entries.count, "tensor")) written")
  }

  /// The folder of the encoder, if that is all that is to be run.
  ///
  /// - Throws: `CommandError.task`, `.architecture` for anything else; what reading the configuration throws.
  static func encoderFolder(_ directory: String, task: String?) throws -> String {
    if let task, task != bareTask { throw CommandError.task(task) }
    let folder = try SentenceHead.transformerPath(in: directory)
    if task == nil, let other = try BertConfig.fromPretrained(folder).architectures.first, other != "BertModel" {
      throw CommandError.architecture(other)
    }
    return folder
  }
}
