// SPDX-License-Identifier: Apache-2.0

import StrictJSON

/// Why a checkpoint could not be read or written. `file` is the path as the caller gave it.
public enum CheckpointError: Error, Equatable, Sendable {
  /// The file itself: missing, a directory, unreadable, shrunk, disk full...
  case file(FileError)

  // The header of a safetensors file.
  case tooShort(file: String, size: Int)
  case headerTooLarge(file: String, length: UInt64, limit: Int)
  case headerBeyondFile(file: String, length: UInt64, available: Int)
  /// The header, or the index of a sharded checkpoint, or the value of one field in it, is not the JSON it should be.
  case invalidJSON(file: String, tensor: String?, field: String?, error: JSONError)
  case duplicateTensor(file: String, tensor: String)
  case duplicateField(file: String, tensor: String, field: String)
  case unknownField(file: String, tensor: String, field: String)
  case missingField(file: String, tensor: String?, field: String)
  /// NUL or another control character in a name, or the reserved `__metadata__`.
  case invalidName(file: String, tensor: String)
  case metadataNotText(file: String, key: String, kind: String)
  /// A size or offset that is no integer in 0...2^63-1.
  case invalidInteger(file: String, tensor: String, field: String, literal: String)
  case wrongOffsetCount(file: String, tensor: String)
  case unknownDataType(file: String, tensor: String, dataType: String)
  case rankTooHigh(file: String, tensor: String, limit: Int)
  case tooManyTensors(file: String, limit: Int)
  case shapeOverflow(file: String, tensor: String, shape: [Int])

  // A header against the data.
  case reversedOffsets(file: String, tensor: String, begin: Int, end: Int)
  case wrongByteCount(
    file: String, tensor: String, dataType: DataType, shape: [Int], expected: Int, found: Int)
  case truncatedData(file: String, tensor: String, end: Int, available: Int)
  case overlap(file: String, tensor: String, begin: Int, other: String, end: Int)
  case hole(file: String, tensor: String, begin: Int, end: Int)
  case trailingBytes(file: String, count: Int)

  // A PyTorch file: its zip archive, the pickle in it, and how both and the tensors' bytes go together.
  case archive(file: String, error: ArchiveError)
  /// `offset` is the place in the file of the step that is refused.
  case pickle(file: String, offset: Int, error: PickleError)
  case pytorch(file: String, error: PyTorchError)

  // A directory and its index.
  case notDirectory(path: String)
  case noWeights(directory: String)
  case unsupportedWeights(directory: String, found: [String])
  case wrongIndexEntry(file: String, tensor: String?, kind: String)
  case unsafeShardName(file: String, tensor: String, shard: String)
  case missingShard(file: String, shard: String)
  case tensorNotInShard(file: String, tensor: String, shard: String)
  case doubledTensor(tensor: String, file: String, other: String)

  // What a caller asks for.
  case noSuchTensor(file: String, tensor: String)
  case wrongBufferSize(file: String, tensor: String, expected: Int, found: Int)
  case outsideTensor(file: String, tensor: String, offset: Int, count: Int, size: Int)
  case wrongType(file: String, tensor: String, dataType: DataType, wanted: String)
}
