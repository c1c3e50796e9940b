// SPDX-License-Identifier: Apache-2.0

import StrictJSON

/// `model.safetensors.index.json` or `pytorch_model.bin.index.json`: which shard holds which tensor.
///
///     {"metadata": {"total_size": 438000000}, "weight_map": {"bert.embeddings...": "model-00001-of-00002.safetensors"}}
struct ShardIndex {
  private let path: String
  /// The shards' names in the order they first appear.
  private var shards: [String] = []
  /// Each tensor, and the index of its shard.
  private var entries: [(tensor: String, shard: Int)] = []

  /// - Throws: `CheckpointError`: the JSON, a missing `weight_map`, a value that is no file name, a name that leads out of
  ///   the directory.
  init(path: String) throws(CheckpointError) {
    self.path = path
    let json = try Self.parse(path)
    guard let root = json.objectValue else { throw .wrongIndexEntry(file: path, tensor: nil, kind: json.kind) }
    guard let map = root["weight_map"] else { throw .missingField(file: path, tensor: nil, field: "weight_map") }
    guard let weightMap = map.objectValue else { throw .wrongIndexEntry(file: path, tensor: nil, kind: map.kind) }
    var table = KeyTable()
    for (tensor, value) in weightMap {
      guard let shard = value.stringValue else { throw .wrongIndexEntry(file: path, tensor: tensor, kind: value.kind) }
      guard isPlainFileName(shard) else { throw .unsafeShardName(file: path, tensor: tensor, shard: shard) }
      if let known = table.find(shard, keys: shards) {
        entries.append((tensor, known))
      } else {
        shards.append(shard)
        _ = table.insert(shards.count - 1, keys: shards)
        entries.append((tensor, shards.count - 1))
      }
    }
  }

  private static func parse(_ path: String) throws(CheckpointError) -> JSON {
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try BoundedFile.read(path: path, limit: Checkpoint.indexByteLimit)
    } catch {
      throw .file(error)
    }
    do throws(JSONError) {
      // Half of what a tree may take by default: the list made of it takes the rest.
      return try JSON.parse(bytes, limits: JSONLimits(memory: bytes.count + 8 << 20))
    } catch {
      throw .invalidJSON(file: path, tensor: nil, field: nil, error: error)
    }
  }

  /// Opens every shard and demands that each tensor is in the shard that the index names.
  ///
  /// - Parameter open: opens one shard by its path.
  func openShards<File: TensorSource>(
    in directory: String, _ open: (_ path: String) throws(CheckpointError) -> File
  ) throws(CheckpointError) -> [File] {
    var files: [File] = []
    for shard in shards {
      do throws(CheckpointError) {
        files.append(try open(joinPath(directory, shard)))
      } catch .file(.notFound) {
        throw .missingShard(file: path, shard: shard)
      }
    }
    for (tensor, shard) in entries where files[shard].tensor(named: tensor) == nil {
      throw .tensorNotInShard(file: path, tensor: tensor, shard: shards[shard])
    }
    return files
  }
}
