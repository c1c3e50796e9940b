// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension BertNetwork {
  /// One forward pass on the tensors of a file, caches included.
  ///
  /// - Parameter useCache: whether a decoder's keys and values, those given included, come behind the other outputs:
  ///   `past_key_values.0.key`, `.value` and, with cross attention, `.cross_key`, `.cross_value`.
  /// - Throws: as `forward(_:cache:outputHiddenStates:outputAttentions:)`, `makeCache` and `KeyValueCache.load`.
  public func forward(
    _ arguments: ForwardArguments, useCache: Bool = false, outputHiddenStates: Bool = false,
    outputAttentions: Bool = false
  ) async throws -> ModelOutput {
    let cache = useCache || arguments.past != nil ? try await makeCache(for: arguments) : nil
    let output = try await forward(
      arguments.input, cache: cache, outputHiddenStates: outputHiddenStates, outputAttentions: outputAttentions)
    guard useCache, let cache else { return output }
    var entries = output.entries
    for (layer, entry) in try await cache.pastKeyValues(for: config).enumerated() {
      let prefix = "past_key_values.\(layer)."
      entries += [(prefix + "key", entry.key), (prefix + "value", entry.value)]
      if let key = entry.crossKey, let value = entry.crossValue {
        entries += [(prefix + "cross_key", key), (prefix + "cross_value", value)]
      }
    }
    return ModelOutput(entries: entries)
  }

  /// A cache that holds what the arguments bring, with room for what they add.
  private func makeCache(for arguments: ForwardArguments) async throws -> KeyValueCache {
    let (input, past) = (arguments.input, arguments.past)
    let length = (past?.first?.key.shape[2] ?? 0) + input.sequenceLength
    let encoderLength = max(past?.first?.crossKey?.shape[2] ?? 0, input.encoderHiddenStates?.shape[1] ?? 0)
    let cache = try await makeCache(
      batchSize: input.batchSize, capacity: length, encoderCapacity: encoderLength)
    if let past { try await cache.load(past, for: config) }
    return cache
  }
}
