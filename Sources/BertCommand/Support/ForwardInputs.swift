// SPDX-License-Identifier: Apache-2.0
import BERT
import Checkpoints

/// The arguments of a forward call in a safetensors file: integer tensors `[sequences, tokens]`.
enum ForwardInputs {
  static let names = ["input_ids", "attention_mask", "token_type_ids", "position_ids"]

  /// - Parameter path: the file; `-` for standard input.
  /// - Throws: `CommandError` naming the tensor that is unknown, missing, or of another type or shape.
  static func read(_ path: String) throws -> BertInput {
    let file = try InputFile.open(path)
    let name = InputFile.name(path)
    if let unknown = file.tensorNames.first(where: { !names.contains($0) }) {
      throw CommandError.unknownTensor(file: name, tensor: unknown, known: names)
    }
    guard let ids = file.tensor(named: "input_ids") else {
      throw CommandError.missingTensor(file: name, tensor: "input_ids")
    }
    guard ids.shape.count == 2 else {
      throw CommandError.tensorRank(file: name, tensor: "input_ids", shape: ids.shape)
    }
    func integers(_ tensor: String) throws -> [Int32]? {
      guard let info = file.tensor(named: tensor) else { return nil }
      guard info.dataType == .int64 || info.dataType == .int32 else {
        throw CommandError.tensorType(file: name, tensor: tensor, found: info.dataType.rawValue)
      }
      guard info.shape.count == 2 else {
        throw CommandError.tensorRank(file: name, tensor: tensor, shape: info.shape)
      }
      guard info.shape == ids.shape else {
        throw CommandError.tensorShape(file: name, tensor: tensor, shape: info.shape, wanted: ids.shape)
      }
      let values = try file.readInt64(tensor)
      var narrow: [Int32] = []
      narrow.reserveCapacity(values.count)
      for (index, value) in values.enumerated() {
        guard let small = Int32(exactly: value) else {
          throw CommandError.tensorValue(file: name, tensor: tensor, value: value, index: index)
        }
        narrow.append(small)
      }
      return narrow
    }
    return try BertInput(
      batchSize: ids.shape[0], sequenceLength: ids.shape[1], inputIds: try integers("input_ids") ?? [],
      attentionMask: try integers("attention_mask"), tokenTypeIds: try integers("token_type_ids"),
      positionIds: try integers("position_ids"))
  }
}

extension BertInput {
  /// Tokens that the mask shows: those that are computed.
  var visibleTokens: Int { attentionMask.map { $0.count { $0 != 0 } } ?? inputIds.count }
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
