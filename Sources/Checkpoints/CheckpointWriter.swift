// SPDX-License-Identifier: Apache-2.0

import StrictJSON

/// Saves checkpoint directories that Hugging Face's transformers load: `model.safetensors` or shards with an index, and
/// whatever small files belong to them.
///
/// The directory changes as a whole. A new one is written beside it, synchronised, and exchanged for the old one in one
/// step; killed at any moment, on a full disk or with another writer at work, what stands under the name is the old
/// checkpoint or the new one. Files that are no part of a checkpoint (`metrics.jsonl`, other folders) stay: they are linked
/// into the new directory, so a program that is appending to one of them does not notice. For a moment the disk holds both
/// checkpoints.
///
///     // After training: new weights, the tokenizer as it was.
///     let tensors = graph.parameters.map { parameter in
///       OutgoingTensor(name: parameter.name, shape: parameter.shape) { start, buffer in
///         try weights.read(parameter, from: start, into: buffer)
///       }
///     }
///     try CheckpointWriter.write(
///       tensors,
///       files: [OutgoingFile(name: "config.json", json: config.json)]
///         + OutgoingFile.copies(of: OutgoingFile.tokenizerNames, in: "path/to/base/model"),
///       to: "path/to/output")
///
/// What a killed writer leaves is a hidden directory beside the target, which the next save of the same target removes.
/// Symbolic links to a directory stay links. Nobody may be saving into a folder inside the directory at the same time.
public enum CheckpointWriter {
  /// Hugging Face's `max_shard_size`, 5 GB.
  public static let defaultShardBytes = 5_000_000_000

  /// Writes a checkpoint to `directory`, which is created with its parents if it is not there.
  ///
  /// - Parameters:
  ///   - tensors: their bytes are asked for once, one tensor after the other, when their turn has come. Shards are filled
  ///     in this order.
  ///   - files: everything else, `config.json` among it.
  ///   - maxShardBytes: tensor bytes per file; a single tensor may be larger.
  /// - Throws: `CheckpointError`: for tensors and names that no reader would accept; `.notReplaceable` for a directory that
  ///   cannot be exchanged; `.file` for what the disk says; or whatever a producer throws. Unless it was the
  ///   synchronisation of the parent directory that failed, the old checkpoint stands.
  public static func write(
    _ tensors: [OutgoingTensor], files: [OutgoingFile] = [], maxShardBytes: Int = defaultShardBytes,
    to directory: String
  ) throws {
    try write(tensors, files: files, maxShardBytes: maxShardBytes, to: directory, calls: .system)
  }

  /// Demands that a checkpoint can be saved to `directory`: to be asked before hours of training, not after. Creates what
  /// parents are missing; leaves nothing else.
  ///
  /// - Throws: `CheckpointError` as `write` would.
  public static func check(directory: String) throws(CheckpointError) {
    _ = try AtomicDirectory(path: directory, calls: .system)
  }

  package static func write(
    _ tensors: [OutgoingTensor], files: [OutgoingFile], maxShardBytes: Int, to directory: String, calls: FileCalls
  ) throws {
    try check(files, directory)
    let shards = try split(tensors, maxShardBytes, directory)
    var target = try AtomicDirectory(path: directory, calls: calls)
    for (index, shard) in shards.enumerated() {
      try target.add(OutgoingFile(name: CheckpointFiles.shard(index, of: shards.count), tensors: shard))
    }
    if shards.count > 1 { try target.add(OutgoingFile(name: Checkpoint.indexFile, json: Self.index(shards))) }
    for file in files { try target.add(file) }
    try target.commit()
  }

  private static func check(_ files: [OutgoingFile], _ directory: String) throws(CheckpointError) {
    var names: Set<String> = []
    for name in files.map(\.name) {
      let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
      guard parts.allSatisfy({ isPlainFileName($0) && !AtomicDirectory.isTemporary($0) }),
        !CheckpointFiles.isWeights(name)
      else { throw .unsafeFileName(directory: directory, name: name) }
      guard names.insert(name).inserted else { throw .doubledFile(directory: directory, name: name) }
    }
  }

  /// Fills shards in order, each up to the limit, as `split_torch_state_dict_into_shards` does.
  private static func split(
    _ tensors: [OutgoingTensor], _ limit: Int, _ directory: String
  ) throws(CheckpointError) -> [[OutgoingTensor]] {
    var shards: [[OutgoingTensor]] = []
    var shard: [OutgoingTensor] = []
    var size = 0
    var names: Set<String> = []
    for tensor in tensors {
      // A writer checks this within a shard only.
      guard names.insert(tensor.name).inserted else { throw .duplicateTensor(file: directory, tensor: tensor.name) }
      guard let bytes = TensorInfo(name: tensor.name, dataType: tensor.dataType, shape: tensor.shape)?.byteCount else {
        throw .shapeOverflow(file: directory, tensor: tensor.name, shape: tensor.shape)
      }
      let (sum, overflow) = size.addingReportingOverflow(bytes)
      if overflow || sum > limit, !shard.isEmpty {
        shards.append(shard)
        (shard, size) = ([], bytes)
      } else {
        size = sum
      }
      shard.append(tensor)
    }
    return shards + [shard]
  }

  private static func index(_ shards: [[OutgoingTensor]]) -> JSON {
    var total = 0
    var places: [(String, JSON)] = []
    for (index, shard) in shards.enumerated() {
      let file = JSON.string(CheckpointFiles.shard(index, of: shards.count))
      for tensor in shard {
        total += TensorInfo(name: tensor.name, dataType: tensor.dataType, shape: tensor.shape)?.byteCount ?? 0
        places.append((tensor.name, file))
      }
    }
    places.sort { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
    let metadata: JSON = .object(["total_size": .number(JSONNumber(total))])
    return .object(["metadata": metadata, "weight_map": .object(JSONObject(places))])
  }
}
