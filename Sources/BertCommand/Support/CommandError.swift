// SPDX-License-Identifier: Apache-2.0
import BERT
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

  // Options.
  case precision(Precision)
  case matrixProduct(MatrixProduct, engine: String)
  case task(String)
  case architecture(String)

  // Lines, counted from 1.
  case lineTooLong(line: Int, limit: Int)
  case lineNotJSON(line: Int, JSONError)
  case lineNotObject(line: Int, found: String)
  case lineField(line: Int, field: String, found: String)
  case lineList(line: Int, field: String, found: String)
  case lineNotEncoded(line: Int, TokenizerError)
  case lineNotTaken(line: Int, TaskError)
  /// One of several texts of the command line, counted from 1.
  case textNotTaken(number: Int, TaskError)

  // Tensors of `--inputs`.
  case missingTensor(file: String, tensor: String)
  case unknownTensor(file: String, tensor: String, known: [String])
  case tensorType(file: String, tensor: String, found: String)
  case tensorRank(file: String, tensor: String, shape: [Int])
  case tensorShape(file: String, tensor: String, shape: [Int], wanted: [Int])
  case tensorValue(file: String, tensor: String, value: Int64, index: Int)
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

    case .precision(let precision):
      "precision \(precision.rawValue) is not computed by this version; use --precision float32"
    case .matrixProduct(let product, let engine):
      "matrix product \(product.rawValue) needs an OpenCL device, and this runs on \(engine); "
        + "drop --matrix-product or choose a --device that `bert devices` lists"
    case .task(let task):
      "task \(task) is not computed by this version; supported: \(Forward.bareTask) (the bare encoder, BertModel)"
    case .architecture(let name):
      "config.json names the architecture \(name), whose head this version does not compute; "
        + "--task \(Forward.bareTask) runs its encoder without the head"

    case .lineTooLong(let line, let limit): "line \(line): longer than \(limit) bytes"
    case .lineNotJSON(let line, let error): "line \(line): \(error)"
    case .lineNotObject(let line, let found): "line \(line): is \(found), wanted a JSON object"
    case .lineField(let line, let field, let found): "line \(line): \"\(field)\" is \(found), wanted a string"
    case .lineList(let line, let field, let found):
      "line \(line): \"\(field)\" is \(found), wanted \(field.hasSuffix("]") ? "a string" : "a list of strings")"
    case .lineNotEncoded(let line, let error): "line \(line): \(error)"
    case .lineNotTaken(let line, let error): "line \(line): \(error)"
    case .textNotTaken(let number, let error): "text \(number): \(error)"

    case .missingTensor(let file, let tensor): "\(file): has no tensor \(tensor)"
    case .unknownTensor(let file, let tensor, let known):
      "\(file): tensor \(tensor) is no argument that this version computes with; "
        + "known are \(known.joined(separator: ", "))"
    case .tensorType(let file, let tensor, let found): "\(file): tensor \(tensor) is \(found), wanted I64 or I32"
    case .tensorRank(let file, let tensor, let shape):
      "\(file): tensor \(tensor) has shape \(shape), wanted [sequences, tokens]"
    case .tensorShape(let file, let tensor, let shape, let wanted):
      "\(file): tensor \(tensor) has shape \(shape), but input_ids has \(wanted)"
    case .tensorValue(let file, let tensor, let value, let index):
      "\(file): tensor \(tensor) has \(value) at index \(index), which is far outside any table"
    }
  }
}
