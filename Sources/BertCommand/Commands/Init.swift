// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import BERT
import Glibc
import StrictJSON

/// `bert init`: a checkpoint with random weights.
struct Init: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a checkpoint of a configuration, with random weights.",
    discussion: """
      Writes config.json and model.safetensors as Hugging Face saves a BertModel(config) that has not been trained: \
      weights drawn from a normal distribution with initializer_range, biases 0, LayerNorms the identity. For training \
      from nothing, and for measurements, whose speed does not depend on what the weights are.

      No tokenizer is made: tokenizer files beside the configuration are copied, and where there are none (neither \
      tokenizer.json nor vocab.txt), the checkpoint takes tensors of ids alone. `bert forward`, `bench`, `info` and \
      `tune` run it as it is; commands that take text need those files put into OUT_DIR.

        bert init CONFIG_DIR OUT_DIR --seed 1
      """)

  @Argument(help: "Directory with config.json, and the tokenizer's files where there are any.")
  var configuration: String

  @Argument(help: "Directory to write; must not be there yet.")
  var outputDir: String

  @Option(help: ArgumentHelp("The head (default: as config.json says).", valueName: "task"))
  var task: BertHead?

  @Option(help: "The same seed gives the same weights.")
  var seed: UInt64 = 0

  func run() throws {
    // Weights that somebody trained are not to be lost to random ones.
    guard access(outputDir, F_OK) != 0 else { throw CommandError.outputExists(path: outputDir) }
    let count = try BertNetwork.saveUntrained(configuration, to: outputDir, head: task, seed: seed)
    StandardError.write("\(grouped(count)) random parameters written to \(outputDir)")
    // Said here, not first by a command that was given text.
    guard !["tokenizer.json", "vocab.txt"].contains(where: { BoundedFile.exists(path: "\(outputDir)/\($0)") }) else {
      return
    }
    StandardError.note(
      "\(outputDir) has no tokenizer, because \(configuration) has neither tokenizer.json nor vocab.txt: "
        + "put one there for commands that take text")
  }
}
