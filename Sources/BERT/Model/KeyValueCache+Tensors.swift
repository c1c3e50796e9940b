// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// One layer's keys and values as Hugging Face hands them out: `[B, heads, P, D]`, and of the encoder `[B, heads, E, D]`.
public struct PastKeyValues: Sendable {
  public var key: Tensor
  public var value: Tensor
  public var crossKey: Tensor?
  public var crossValue: Tensor?

  public init(key: Tensor, value: Tensor, crossKey: Tensor? = nil, crossValue: Tensor? = nil) {
    self.key = key
    self.value = value
    self.crossKey = crossKey
    self.crossValue = crossValue
  }
}

extension KeyValueCache {
  /// Fills an empty cache with what another run left.
  ///
  /// - Parameter past: one entry a layer.
  /// - Throws: `BertError.badArgument` naming the tensor that does not fit the model or the cache; the device's error.
  public func load(_ past: [PastKeyValues], for config: BertConfig) async throws {
    guard past.count == config.numHiddenLayers else {
      throw BertError.badArgument(
        "past_key_values", "has \(past.count) layers, the model has \(config.numHiddenLayers)")
    }
    try await use { contents in
      guard contents.length == 0 else {
        throw BertError.badArgument("past_key_values", "cannot be loaded into a cache that holds tokens already")
      }
      let length = past.first.map { $0.key.shape.count == 4 ? $0.key.shape[2] : -1 } ?? 0
      let encoderLength = past.first?.crossKey.map { $0.shape.count == 4 ? $0.shape[2] : -1 } ?? 0
      for (layer, entry) in past.enumerated() {
        let heads = config.heads(ofLayer: layer)
        let name = "past_key_values.\(layer)."
        try await load(entry.key, to: name + "key", heads, config.headSize, length: length, capacity)
        try await load(entry.value, to: name + "value", heads, config.headSize, length: length, capacity)
        for (tensor, part) in [(entry.crossKey, "cross_key"), (entry.crossValue, "cross_value")] {
          guard let tensor else {
            guard encoderLength == 0 else { throw BertError.badArgument(name + part, "is missing") }
            continue
          }
          try await load(
            tensor, to: name + part, config.numAttentionHeads, config.headSize, length: encoderLength, encoderCapacity)
        }
      }
      contents.length = length
      contents.columns = [[Int]](repeating: Array(0..<length), count: batchSize)
      contents.encoderLength = encoderLength
      contents.encoderColumns = [[Int]](repeating: Array(0..<encoderLength), count: batchSize)
    }
  }

  private func load(
    _ tensor: Tensor, to name: String, _ heads: Int, _ size: Int, length: Int, _ capacity: Int
  ) async throws {
    let wanted = [batchSize, heads, length, size]
    guard tensor.shape == wanted else {
      throw BertError.badArgument(name, "has the shape \(tensor.shape), wanted \(wanted)")
    }
    guard length <= capacity, state.shapes[name] != nil else {
      throw BertError.badArgument(
        name, "has \(length) tokens, the cache takes \(state.shapes[name] == nil ? 0 : capacity)")
    }
    let rows = try tensor.scattered(to: [batchSize * capacity, heads * size]) { move in
      for sequence in 0..<batchSize {
        for head in 0..<heads {
          for token in 0..<length {
            let source = ((sequence * heads + head) * length + token) * size
            move(source, ((sequence * capacity + token) * heads + head) * size, size)
          }
        }
      }
    }
    try await state.write(rows, to: name)
  }

  /// What the cache holds, one entry a layer; zeros where the mask hid a token.
  ///
  /// - Throws: `BertError.badArgument` if another call is using the cache; the device's error.
  public func pastKeyValues(for config: BertConfig) async throws -> [PastKeyValues] {
    try await use { contents in
      var past: [PastKeyValues] = []
      for layer in 0..<config.numHiddenLayers {
        let heads = config.heads(ofLayer: layer)
        let name = "past_key_values.\(layer)."
        let (columns, length) = (contents.columns, contents.length)
        var entry = PastKeyValues(
          key: try await unload(name + "key", heads, config.headSize, columns, length, capacity),
          value: try await unload(name + "value", heads, config.headSize, columns, length, capacity))
        if contents.encoderLength > 0 {
          let (columns, length) = (contents.encoderColumns, contents.encoderLength)
          let heads = config.numAttentionHeads
          entry.crossKey = try await unload(
            name + "cross_key", heads, config.headSize, columns, length, encoderCapacity)
          entry.crossValue = try await unload(
            name + "cross_value", heads, config.headSize, columns, length, encoderCapacity)
        }
        past.append(entry)
      }
      return past
    }
  }

  private func unload(
    _ name: String, _ heads: Int, _ size: Int, _ columns: [[Int]], _ length: Int, _ capacity: Int
  ) async throws -> Tensor {
    try await state.read(name).scattered(to: [batchSize, heads, length, size]) { move in
      for (sequence, columns) in columns.enumerated() {
        for (row, column) in columns.enumerated() {
          for head in 0..<heads {
            let source = ((sequence * capacity + row) * heads + head) * size
            move(source, ((sequence * heads + head) * length + column) * size, size)
          }
        }
      }
    }
  }
}
