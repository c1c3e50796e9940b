// SPDX-License-Identifier: Apache-2.0

import Glibc
import StrictJSON

/// The weights in a checkpoint directory, in one file or in shards, seen as one source of tensors.
///
/// Looked for in this order: `model.safetensors`; `model.safetensors.index.json` with the shards it names;
/// `pytorch_model.bin`; `pytorch_model.bin.index.json` with its shards. All headers and pickles are checked on opening; data
/// is read on demand.
public struct Checkpoint: TensorSource {
  /// The directory.
  public let path: String

  /// The weight files, paths as opened.
  public var files: [String] { sources.map(\.path) }

  public let tensorNames: [String]
  private let sources: [any TensorSource]
  // The source of each of `tensorNames`.
  private let sourceIndexes: [Int]
  private let table: KeyTable

  /// Keys of PyTorch files whose values are no tensors. Empty for safetensors.
  public let ignoredKeys: [String]

  static let singleFile = "model.safetensors"
  static let indexFile = "model.safetensors.index.json"
  static let pytorchFile = "pytorch_model.bin"
  static let pytorchIndexFile = "pytorch_model.bin.index.json"
  static let indexByteLimit = 64 << 20

  /// Opens the weights in `directory`.
  ///
  /// - Throws: `CheckpointError`: `.noWeights` and `.unsupportedWeights` name what was looked for and what is there;
  ///   everything that is wrong with an index or a file names it.
  public init(directory: String) throws(CheckpointError) {
    func path(_ name: String) -> String? {
      let path = joinPath(directory, name)
      return BoundedFile.exists(path: path) ? path : nil
    }
    if let file = path(Self.singleFile) {
      try self.init(directory, [try SafetensorsFile(path: file)])
    } else if let index = path(Self.indexFile) {
      try self.init(
        directory,
        try ShardIndex(path: index).openShards(in: directory) { path throws(CheckpointError) in
          try SafetensorsFile(path: path)
        })
    } else if let file = path(Self.pytorchFile) {
      let source = try PyTorchFile(path: file)
      try self.init(directory, [source], ignoredKeys: source.ignoredKeys)
    } else if let index = path(Self.pytorchIndexFile) {
      let sources = try ShardIndex(path: index).openShards(in: directory) { path throws(CheckpointError) in
        try PyTorchFile(path: path)
      }
      try self.init(directory, sources, ignoredKeys: sources.flatMap(\.ignoredKeys))
    } else {
      throw Self.nothingFound(in: directory)
    }
  }

  /// Joins sources that have no tensor in common.
  ///
  /// - Throws: `CheckpointError.doubledTensor`.
  init(
    _ directory: String, _ sources: [any TensorSource], ignoredKeys: [String] = []
  ) throws(CheckpointError) {
    var names: [String] = []
    var owners: [Int] = []
    var table = KeyTable()
    for (index, source) in sources.enumerated() {
      for name in source.tensorNames {
        names.append(name)
        if let other = table.insert(owners.count, keys: names) {
          throw .doubledTensor(tensor: name, file: source.path, other: sources[owners[other]].path)
        }
        owners.append(index)
      }
    }
    self.path = directory
    self.sources = sources
    self.ignoredKeys = ignoredKeys
    self.table = table
    tensorNames = names
    sourceIndexes = owners
  }

  public func tensor(named name: String) -> TensorInfo? { source(of: name)?.tensor(named: name) }

  public func readBytes(
    of name: String, from byteOffset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    guard let source = source(of: name) else { throw .noSuchTensor(file: path, tensor: name) }
    try source.readBytes(of: name, from: byteOffset, into: buffer)
  }

  /// The file a tensor lies in, for messages; nil if there is no such tensor.
  public func file(of name: String) -> String? { source(of: name)?.path }

  private func source(of name: String) -> (any TensorSource)? {
    table.find(name, keys: tensorNames).map { sources[sourceIndexes[$0]] }
  }

  /// Says what is in a directory without weights that can be read.
  private static func nothingFound(in directory: String) -> CheckpointError {
    var status = stat()
    guard stat(directory, &status) == 0 else { return .file(.notFound(path: directory)) }
    guard status.st_mode & S_IFMT == S_IFDIR else { return .notDirectory(path: directory) }
    let others = [
      "tf_model.h5", "flax_model.msgpack", "model.onnx", "model.ckpt.index", "bert_model.ckpt.index",
    ].filter { BoundedFile.exists(path: joinPath(directory, $0)) }
    return others.isEmpty ? .noWeights(directory: directory) : .unsupportedWeights(directory: directory, found: others)
  }
}

func joinPath(_ directory: String, _ name: String) -> String {
  directory.utf8.last == UInt8(ascii: "/") ? directory + name : "\(directory)/\(name)"
}
