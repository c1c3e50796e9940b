// SPDX-License-Identifier: Apache-2.0
import BERT
import Checkpoints
import ComputeGraph

/// The arguments of a forward call in a safetensors file.
enum ForwardInputs {
  /// - Parameter path: the file; `-` for standard input.
  /// - Throws: `BertError.badTensor` naming the tensor that is unknown, missing, or of another type or shape.
  static func read(_ path: String) throws -> ForwardArguments {
    try ForwardArguments(InputFile.open(path), file: InputFile.name(path))
  }
}

extension BertInput {
  /// Tokens that the mask shows: those that are computed. What a cache holds stands before them in the mask.
  var visibleTokens: Int {
    guard let attentionMask, batchSize > 0 else { return batchSize * sequenceLength }
    let width = attentionMask.count / batchSize
    return attentionMask.indices.count { attentionMask[$0] != 0 && $0 % width >= width - sequenceLength }
  }
}

extension ModelOutput {
  /// Writes every tensor as F32: to a file, in one piece or not at all, or to standard output for `-`.
  ///
  /// - Throws: `CheckpointError`, `CommandError.output`, `.outputClosed`.
  func write(to path: String) throws {
    let tensors = entries.map { OutgoingTensor(name: $0.name, shape: $0.tensor.shape, $0.tensor.floats) }
    if path == "-" {
      try SafetensorsWriter.write(tensors, named: "standard output") { try StandardOutput.write($0) }
    } else {
      try SafetensorsWriter.write(tensors, to: path)
    }
  }
}
