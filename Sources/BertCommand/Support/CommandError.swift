// SPDX-License-Identifier: Apache-2.0
import BERT
import Glibc
import OpenCLBackend
import StrictJSON
import Tokenizers

/// What the tool itself refuses, beyond what the modules below say of files and devices.
enum CommandError: Error, Equatable {
  /// Whoever read standard output has gone. No error: they have what they wanted.
  case outputClosed
  case input(SystemErrorCode)
  case output(SystemErrorCode)
  case temporaryFile(directory: String, SystemErrorCode)
  case inputTooLarge(limit: Int)
  case destination(path: String, SystemErrorCode)

  // Options.
  case matrixProduct(MatrixProduct, engine: String)
  case nothingToTune(engine: String)
  case noTuningFolder
  case noEvents
  case noShape(limit: Int)
  case noGoldens(path: String)
  case outputExists(path: String)
  /// Inputs that `bench` could not time, of so many.
  case inputsFailed([String], of: Int)
  case emptyResults(path: String)
  /// What `bert verify` found wrong, of so many cases, and how many more it had no time for.
  case parity([String], of: Int, unchecked: Int)

  // Lines, counted from 1; what is wrong with their JSON is a `LineError`.
  case lineNotEncoded(line: Int, TokenizerError)
  case lineNotTaken(line: Int, TaskError)
  case lineTooLongToContinue(line: Int, tokens: Int, new: Int, limit: Int)
  /// A training that Control-C has ended: the last step, of how many, and the newest checkpoint.
  case interrupted(step: Int, total: Int, checkpoint: String?)
  /// One of several texts of the command line, counted from 1.
  case textNotTaken(number: Int, TaskError)
}

extension CommandError: CustomStringConvertible {
  var description: String {
    switch self {
    case .outputClosed: "standard output was closed"
    case .input(let code): "standard input: read failed: \(code)"
    case .output(let code): "standard output: write failed: \(code)"
    case .temporaryFile(let directory, let code):
      "\(directory): cannot hold a temporary file: \(code); name another folder in TMPDIR"
    case .inputTooLarge(let limit): "standard input: more than \(limit) bytes; pass a file instead"

    case .destination(let path, let code): "\(path): no file can be made there: \(code)"

    case .matrixProduct(let product, let engine):
      "matrix product \(product.rawValue) needs an OpenCL device, and this runs on \(engine); "
        + "drop --matrix-product or choose a --device that `bert devices` lists"
    case .nothingToTune(let engine): "\(engine) has nothing to tune; name an OpenCL device that `bert devices` lists"
    case .noTuningFolder:
      "there is no folder to keep the choices in: HOME and XDG_CACHE_HOME are not set, or SWIFT_BERT_NO_TUNING is"
    case .noEvents: "--profile and --trace need an OpenCL device, and `bert devices` lists none"
    case .noShape(let limit):
      "the model takes \(limit) tokens, less than any of the usual shapes has; choose others with --shapes"
    case .noGoldens(let path):
      "\(path): no goldens there; name the folder Tests/Goldens of the sources, or the one that the kit has"
    case .outputExists(let path):
      "\(path) is there already and is not overwritten; name another directory, or remove it"
    case .inputsFailed(let problems, let count):
      "\(problems.count) of \(counted(count, "measurement")) failed: \(problems.prefix(3).joined(separator: "; "))"
    case .emptyResults(let path):
      "\(path): no line of it is a measurement; give what `bert bench --inputs --json` and `bert bench-gemm` write"
    case .parity(let failures, let count, let unchecked):
      (count > 0 ? "\(failures.count) of \(counted(count, "case")) failed" : "no case could be checked")
        + (unchecked > 0 ? ", \(unchecked) more were NOT checked" : "")
        + ": \(failures.prefix(5).joined(separator: "; "))"
        + (failures.count > 5 ? "; and others, see the report" : "")

    case .lineNotEncoded(let line, let error): "line \(line): \(error)"
    case .lineTooLongToContinue(let line, let tokens, let new, let limit):
      "line \(line): \(tokens) tokens and \(new) new ones are more than the model takes, which is \(limit) and the last; "
        + "shorten the text or lower --max-new-tokens"
    case .lineNotTaken(let line, let error): "line \(line): \(error)"
    case .interrupted(let step, let total, let checkpoint):
      "interrupted after step \(grouped(step)) of \(grouped(total)); "
        + (checkpoint.map { "the newest checkpoint is \($0) (--resume-from \($0) goes on from there)" }
          ?? "there is no checkpoint to go on from (--save-steps makes some)")
    case .textNotTaken(let number, let error): "text \(number): \(error)"
    }
  }
}

extension CommandError {
  /// What the process ends with: for a signal that it answered, what a shell says of one that it did not.
  var status: Int32 {
    if case .interrupted = self { 128 + SIGINT } else { EXIT_FAILURE }
  }
}
