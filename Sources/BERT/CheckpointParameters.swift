// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import ComputeGraph

/// A checkpoint's tensors under the names that a graph uses: with or without the prefix `bert.`, and with TensorFlow's old
/// `gamma` and `beta` for a LayerNorm's `weight` and `bias`. Weights of dense sentence modules come from their folders.
struct CheckpointParameters: ParameterSource {
  private struct Place: Sendable {
    let checkpoint: Checkpoint
    let name: String
  }
  private let places: [String: Place]
  /// Tensors of the checkpoint that the graph does not use.
  let ignored: [String]

  /// Tensors that the graph does not use and a save writes all the same.
  let carried: [Graph.Parameter.Part]

  /// Finds every parameter of the graph.
  ///
  /// - Parameter carrying: tensors to be read though the graph does not use them, where the checkpoint has them.
  /// - Throws: `BertError.missingTensors` with all that lack, `.tensorShape`; `CheckpointError`.
  init(
    _ graph: Graph, _ checkpoint: Checkpoint, directory: String, carrying: [Graph.Parameter.Part] = []
  ) throws {
    var folders: [String: Checkpoint] = [:]
    var places: [String: Place] = [:]
    var missing: [String] = []
    for part in graph.parameters.flatMap(\.parameter.parts) {
      var source = checkpoint
      var candidates = CheckpointParameters.candidates(part.key)
      if let slash = part.key.lastIndex(of: "/") {
        let folder = String(part.key[..<slash])
        source = try folders[folder] ?? Checkpoint(directory: directory + "/" + folder)
        folders[folder] = source
        candidates = [String(part.key[part.key.index(after: slash)...])]
      }
      guard let name = candidates.first(where: { source.tensor(named: $0) != nil }),
        let info = source.tensor(named: name)
      else {
        missing.append(part.key)
        continue
      }
      guard info.shape == part.shape else {
        throw BertError.tensorShape(
          path: source.file(of: name) ?? source.path, tensor: name, found: info.shape, wanted: part.shape)
      }
      places[part.key] = Place(checkpoint: source, name: name)
    }
    var carried: [Graph.Parameter.Part] = []
    for part in carrying {
      for name in CheckpointParameters.candidates(part.key) where checkpoint.tensor(named: name)?.shape == part.shape {
        places[part.key] = Place(checkpoint: checkpoint, name: name)
        carried.append(part)
        break
      }
    }
    self.carried = carried
    guard missing.isEmpty else { throw BertError.missingTensors(path: checkpoint.path, missing) }
    self.places = places
    let used = Set(places.values.map(\.name))
    ignored = checkpoint.tensorNames.filter { !used.contains($0) }
  }

  /// Whether a checkpoint has a tensor under any of the names for `key`.
  static func has(_ key: String, in checkpoint: Checkpoint) -> Bool {
    candidates(key).contains { checkpoint.tensor(named: $0) != nil }
  }

  private static func candidates(_ key: String) -> [String] {
    var names = [key]
    for (new, old) in [("LayerNorm.weight", "LayerNorm.gamma"), ("LayerNorm.bias", "LayerNorm.beta")]
    where key.hasSuffix(new) {
      names.append(key.dropLast(new.count) + old)
    }
    return names.flatMap { [$0, "bert." + $0] }
  }

  func read(
    _ part: Graph.Parameter.Part, from start: Int, into destination: UnsafeMutableBufferPointer<Float>
  ) throws {
    let place = try place(part)
    try place.checkpoint.readFloat32(place.name, from: start, into: destination)
    // Exponents of all ones are infinity and NaN. An OR over all of them vectorizes; a search would not.
    let worst = destination.reduce(false) { $0 || $1.bitPattern & 0x7F80_0000 == 0x7F80_0000 }
    if worst { throw notFinite(place, start, destination.firstIndex { !$0.isFinite }) }
  }

  func read(
    _ part: Graph.Parameter.Part, from start: Int, into destination: UnsafeMutableBufferPointer<Double>
  ) throws {
    let place = try place(part)
    try place.checkpoint.readFloat64(place.name, from: start, into: destination)
    if let index = destination.firstIndex(where: { !$0.isFinite }) { throw notFinite(place, start, index) }
  }

  private func place(_ part: Graph.Parameter.Part) throws -> Place {
    guard let place = places[part.key] else { throw BertError.missingTensors(path: "the checkpoint", [part.key]) }
    return place
  }

  private func notFinite(_ place: Place, _ start: Int, _ index: Int?) -> BertError {
    .notFinite(
      path: place.checkpoint.file(of: place.name) ?? place.checkpoint.path, tensor: place.name,
      element: start + (index ?? 0))
  }
}
