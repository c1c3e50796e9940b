// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import BERT

/// `bert forward`: tensors in, tensors out, as the `forward` of Hugging Face's models.
struct Forward: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run one forward pass on tensors from a safetensors file.",
    discussion: """
      Takes tensors named as the arguments of Hugging Face's forward: input_ids [sequences, tokens] or inputs_embeds, and \
      optionally attention_mask, token_type_ids, position_ids, head_mask, encoder_hidden_states, encoder_attention_mask, \
      labels, next_sentence_label, start_positions, end_positions, and past_key_values.0.key, .value ... (.cross_key and \
      .cross_value for cross attention). Integers are I64 or I32.

      Writes tensors named as the fields of its output, F32, padded as the input was and zero where the mask hides a \
      token: last_hidden_state, pooler_output, logits, prediction_logits, seq_relationship_logits, start_logits, \
      end_logits, loss where there are labels; and on request hidden_states.0 ..., attentions.0 ..., cross_attentions.0 \
      ..., past_key_values.0.key ... - is standard input or output.

      Without --task, the architecture in config.json decides. In Python: safetensors.torch.save_file({"input_ids": \
      torch.tensor([[101, 7592, 102]])}, "in.safetensors").

        bert forward MODEL --inputs in.safetensors --outputs out.safetensors --output-hidden-states
        bert forward DECODER --inputs in.safetensors --outputs out.safetensors --task causal-lm --use-cache
      """)

  @Argument(help: "Checkpoint directory.")
  var model: String

  @Option(help: ArgumentHelp("Safetensors file with the arguments.", valueName: "file"))
  var inputs: String

  @Option(help: ArgumentHelp("Safetensors file to write, in one piece or not at all.", valueName: "file"))
  var outputs: String

  @Option(help: ArgumentHelp("The head to run.", valueName: "task"))
  var task: BertHead?

  @Flag(help: "Also write hidden_states.0 (the embeddings) to hidden_states.L (the last layer).")
  var outputHiddenStates = false

  @Flag(
    help:
      "Also write the weights of attention: attentions.0 ..., and cross_attentions.0 ... of a decoder that has them.")
  var outputAttentions = false

  @Flag(help: "Also write a decoder's keys and values: past_key_values.0.key ..., those given included.")
  var useCache = false

  @OptionGroup(title: "Device options")
  var engine: EngineOptions

  func run() async throws {
    let folder = try SentenceHead.transformerPath(in: self.model)
    let arguments = try ForwardInputs.read(inputs)
    let input = arguments.input
    let model = try await BertNetwork.fromPretrained(folder, head: task, on: engine.open())
    let clock = ContinuousClock()
    let start = clock.now
    let output = try await model.forward(
      arguments, useCache: useCache, outputHiddenStates: outputHiddenStates, outputAttentions: outputAttentions)
    let seconds = (clock.now - start).seconds
    try output.write(to: outputs)
    StandardError.write(
      "\(counted(input.batchSize, "sequence")) of \(input.sequenceLength), "
        + "\(counted(input.visibleTokens, "token")) computed on \(model.engine.name) in \(fixed(seconds * 1000, 1)) ms; "
        + "\(counted(output.entries.count, "tensor")) written")
  }
}
