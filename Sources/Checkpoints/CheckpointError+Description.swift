// SPDX-License-Identifier: Apache-2.0

import StrictJSON

extension CheckpointError: CustomStringConvertible {
  /// One line: the file, the tensor, what is wrong with which numbers, and what to do where something can be done.
  public var description: String {
    switch self {
    case .file(let error): error.description
    case .tooShort(let file, let size):
      "\(file): \(size) bytes are too few for a safetensors file, which begins with 8 bytes of header length"
    case .headerTooLarge(let file, let length, let limit):
      "\(file): a header of \(length) bytes, where at most \(limit) are accepted; is this a safetensors file?"
    case .headerBeyondFile(let file, let length, let available):
      "\(file): a header of \(length) bytes, but only \(available) follow; is the download complete?"
    case .invalidJSON(let file, let tensor, let field, let error):
      "\(file): \(Self.place(tensor, field))\(error)"
    case .duplicateTensor(let file, let tensor): "\(file): tensor \(quoted(tensor)) is there twice"
    case .duplicateField(let file, let tensor, let field):
      "\(file): tensor \(quoted(tensor)) has \(quoted(field)) twice"
    case .unknownField(let file, let tensor, let field):
      "\(file): tensor \(quoted(tensor)) has an unknown field \(quoted(field))"
    case .missingField(let file, let tensor, let field):
      "\(file): \(tensor.map { "tensor \(quoted($0)) has no" } ?? "there is no") \(quoted(field))"
    case .invalidName(let file, let tensor):
      "\(file): \(quoted(tensor)) cannot name a tensor: control characters and __metadata__ are not allowed"
    case .metadataNotText(let file, let key, let kind):
      "\(file): __metadata__ entry \(quoted(key)) is \(kind), where a string should be"
    case .invalidInteger(let file, let tensor, let field, let literal):
      "\(file): tensor \(quoted(tensor)): \(literal.shortened()) in \(quoted(field)) is no integer in 0...2^63-1"
    case .wrongOffsetCount(let file, let tensor):
      "\(file): tensor \(quoted(tensor)): \"data_offsets\" must hold two numbers, begin and end"
    case .unknownDataType(let file, let tensor, let dataType):
      "\(file): tensor \(quoted(tensor)) has type \(quoted(dataType)); supported are \(Self.supportedTypes)"
    case .rankTooHigh(let file, let tensor, let limit):
      "\(file): tensor \(quoted(tensor)) has more than \(limit) dimensions"
    case .tooManyTensors(let file, let limit): "\(file): more than \(limit) tensors"
    case .shapeOverflow(let file, let tensor, let shape):
      "\(file): tensor \(quoted(tensor)): the shape \(shape) is negative or larger than 2^63 bytes"
    case .reversedOffsets(let file, let tensor, let begin, let end):
      "\(file): tensor \(quoted(tensor)) begins at byte \(begin), after its end \(end)"
    case .wrongByteCount(let file, let tensor, let dataType, let shape, let expected, let found):
      "\(file): tensor \(quoted(tensor)): \(dataType.rawValue) \(shape) takes \(expected) bytes, but \(found) are given"
    case .truncatedData(let file, let tensor, let end, let available):
      "\(file): tensor \(quoted(tensor)) ends at byte \(end) of the data, which has \(available); "
        + "is the download complete?"
    case .overlap(let file, let tensor, let begin, let other, let end):
      "\(file): tensor \(quoted(tensor)) begins at byte \(begin), inside \(quoted(other)), which ends at \(end)"
    case .hole(let file, let tensor, let begin, let end):
      "\(file): bytes \(begin)..<\(end) before tensor \(quoted(tensor)) belong to no tensor"
    case .trailingBytes(let file, let count): "\(file): \(count) bytes after the last tensor belong to none"
    case .archive(let file, let error): "\(file): \(error)"
    case .pickle(let file, let offset, let error): "\(file): at byte \(offset): \(error)"
    case .pytorch(let file, let error): "\(file): \(error)"
    case .notDirectory(let path):
      "\(path): is no directory; a checkpoint is a directory with config.json and weights"
    case .noWeights(let directory):
      "\(directory): no weights found; looked for model.safetensors and pytorch_model.bin, and for either with "
        + ".index.json, the list of its shards"
    case .unsupportedWeights(let directory, let found):
      "\(directory): holds \(found.joined(separator: ", ")), which cannot be read; supported are model.safetensors "
        + "and pytorch_model.bin, whole or in shards (in Python: model.save_pretrained(path))"
    case .wrongIndexEntry(let file, let tensor, let kind):
      tensor.map { "\(file): the shard of tensor \(quoted($0)) is \(kind), where a file name should be" }
        ?? "\(file): \(kind), where an object with a \"weight_map\" object should be"
    case .unsafeShardName(let file, let tensor, let shard):
      "\(file): tensor \(quoted(tensor)): shard \(quoted(shard)) is not the plain name of a file beside the index"
    case .missingShard(let file, let shard): "\(file): shard \(quoted(shard)) is missing; is the download complete?"
    case .tensorNotInShard(let file, let tensor, let shard):
      "\(file): tensor \(quoted(tensor)) is not in shard \(quoted(shard)), where it should be"
    case .doubledTensor(let tensor, let file, let other):
      "tensor \(quoted(tensor)) is in two files, \(other) and \(file)"
    case .noSuchTensor(let file, let tensor): "\(file): there is no tensor \(quoted(tensor))"
    case .wrongBufferSize(let file, let tensor, let expected, let found):
      "\(file): tensor \(quoted(tensor)): a buffer for \(expected) elements is needed, not \(found)"
    case .outsideTensor(let file, let tensor, let offset, let count, let size):
      "\(file): tensor \(quoted(tensor)) has \(size) bytes; \(count) from byte \(offset) on are not all inside"
    case .wrongType(let file, let tensor, let dataType, let wanted):
      "\(file): tensor \(quoted(tensor)) is \(dataType.rawValue), where \(wanted) is needed"
    }
  }

  private static let supportedTypes = DataType.allCases.map(\.rawValue).joined(separator: ", ")

  private static func place(_ tensor: String?, _ field: String?) -> String {
    switch (tensor, field) {
    case (let tensor?, let field?): "tensor \(quoted(tensor)), \(quoted(field)): "
    case (let tensor?, nil): "tensor \(quoted(tensor)): "
    case (nil, let field?): "\(quoted(field)): "
    case (nil, nil): ""
    }
  }
}

/// A name out of a file as it can stand in a message: escaped, in quotes, and not longer than a line.
func quoted(_ name: String) -> String { JSON.string(name.shortened()).serialized() }
