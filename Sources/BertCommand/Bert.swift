// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Glibc
import Logging

/// The tool. Data goes to standard output, everything else to standard error.
@main
struct Bert: AsyncParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "bert",
    abstract: "Run BERT models on OpenCL devices and on the CPU.",
    discussion: """
      MODEL is a checkpoint directory as Hugging Face saves it: config.json, model.safetensors, and a tokenizer where \
      text comes in.

      Exit status: 0 done, 1 an error (one line on standard error says which), 64 a mistake in the command line, \
      130 a training that was interrupted.
      """,
    version: version,
    subcommands: [
      Devices.self, Info.self, Tokenize.self, Embed.self, Forward.self, Bench.self, FillMaskCommand.self, Classify.self,
      NamedEntities.self, AnswerQuestions.self, NextSentenceCommand.self, MultipleChoiceCommand.self, Rerank.self,
      ZeroShot.self, SimilarityCommand.self, Generate.self, Convert.self,
      Tune.self, Train.self, Verify.self, Init.self, BenchGEMM.self, BenchSummary.self,
    ])

  /// Parses and runs, and turns any error into one line and an exit status.
  static func main() async {
    // A reader of ours that goes away is then an error of `write`, after which we end quietly.
    signal(SIGPIPE, SIG_IGN)
    LoggingSystem.bootstrap { _ in StandardErrorLog() }
    do {
      var command = try parseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch CommandError.outputClosed {
      Glibc.exit(EXIT_SUCCESS)
    } catch {
      // Help, the version, completion scripts and usage errors are the parser's to print.
      guard exitCode(for: error) == .failure else { exit(withError: error) }
      StandardError.write("\(error)")
      Glibc.exit((error as? CommandError)?.status ?? EXIT_FAILURE)
    }
    Glibc.exit(EXIT_SUCCESS)
  }
}
