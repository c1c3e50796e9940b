// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// One forward call, taken apart: which form of the graph it needs, what that graph gets, and where what comes back belongs.
struct ForwardCall {
  let input: BertInput
  let config: BertConfig
  let batch: PackedBatch
  var variant = GraphVariant()
  var inputs: RunInputs
  /// P: tokens before these.
  let past: Int
  /// Of each sequence, the columns of its keys, what came before included.
  let keyColumns: [[Int]]
  /// Of each sequence, the columns of its encoder's keys.
  private(set) var encoderColumns: [[Int]] = []
  /// E: encoder tokens of each sequence, padding included.
  private(set) var encoderLength = 0

  /// - Parameters:
  ///   - contents: what the cache holds, if there is one.
  /// - Throws: `BertError.badArgument` naming the argument that does not fit, `.sequenceTooLong`.
  init(
    _ input: BertInput, _ config: BertConfig, _ head: BertHead, hasPooler: Bool, _ contents: CacheContents?
  ) throws {
    self.input = input
    self.config = config
    past = contents?.length ?? 0
    try input.check(config, past: past)
    let labels = try HeadLabels(input, config, head, past: past)
    let needsFirst = head.isPooled && (head != .none || hasPooler) && contents == nil
    let past = past
    let batch = PackedBatch(input, past: past, needsFirst: needsFirst, needed: labels.needed)
    try batch.check(config)
    self.batch = batch
    let newColumns = (0..<batch.sequences).map { sequence in
      batch.rows[Int(batch.keyStarts[sequence])..<Int(batch.keyEnds[sequence])].map { $0.column + past }
    }
    keyColumns = contents.map { held in zip(held.columns, newColumns).map { $0 + $1 } } ?? newColumns
    inputs = batch.runInputs
    variant.takesEmbeddings = input.inputsEmbeds != nil
    if let embeds = input.inputsEmbeds { inputs.tensors["inputs_embeds"] = try gathered(embeds) }
    if let contents { try addCache(contents, newColumns) }
    inputs.dimensions[.longestKeys] = keyColumns.map(\.count).max() ?? 0
    try addSelfAttention(contents)
    if config.addCrossAttention || input.encoderHiddenStates != nil { try addEncoder(contents) }
    try addHeadMask()
    variant.loss = labels.loss
    try labels.add(to: &inputs, batch)
  }

  /// The rows of a `[B, S, H]` tensor that are packed.
  private func gathered(_ tensor: Tensor) throws -> Tensor {
    let width = tensor.shape[2]
    return try tensor.scattered(to: [batch.tokens, width]) { move in
      for (row, place) in batch.rows.enumerated() {
        move((place.sequence * input.sequenceLength + place.column) * width, row * width, width)
      }
    }
  }

  private mutating func addCache(_ contents: CacheContents, _ newColumns: [[Int]]) throws {
    variant.usesCache = true
    inputs.dimensions[.cacheRows] = batch.sequences * contents.capacity
    inputs.dimensions[.encoderCacheRows] = batch.sequences * contents.encoderCapacity
    var (rows, starts, ends): ([Int32], [Int32], [Int32]) = ([], [], [])
    for (sequence, columns) in newColumns.enumerated() {
      let start = sequence * contents.capacity
      let held = contents.columns[sequence].count
      guard held + columns.count <= contents.capacity else {
        throw BertError.badArgument(
          "past_key_values", "takes \(contents.capacity) tokens of a sequence, not \(held + columns.count)")
      }
      rows += columns.indices.map { Int32(start + held + $0) }
      starts.append(Int32(start))
      ends.append(Int32(start + held + columns.count))
    }
    inputs.tensors["cache_row_ids"] = .int32(rows)
    inputs.tensors["key_starts"] = .int32(starts)
    inputs.tensors["key_ends"] = .int32(ends)
  }

  /// Positions for relative embeddings, and a mask for each query where ranges of keys cannot say what it sees.
  private mutating func addSelfAttention(_ contents: CacheContents?) throws {
    if config.positionEmbeddingType != .absolute {
      inputs.tensors["query_positions"] = .int32(batch.rows.map { Int32($0.column + past) })
      var positions = batch.rows.map { Int32($0.column + past) }
      if let contents {
        positions = [Int32](repeating: 0, count: batch.sequences * contents.capacity)
        for (sequence, columns) in keyColumns.enumerated() {
          for (row, column) in columns.enumerated() { positions[sequence * contents.capacity + row] = Int32(column) }
        }
      }
      inputs.tensors["key_positions"] = .int32(positions)
    }
    let hidesHeld =
      contents?.columns.enumerated().contains { sequence, columns in
        columns.contains { !input.isVisible(sequence, $0, past: past) }
      } ?? false
    let needsMask = input.queryMask != nil || hidesHeld || (config.isDecoder && batch.rows.contains(where: \.isHidden))
    guard needsMask else { return }
    variant.hasQueryMask = true
    let total = past + input.sequenceLength
    inputs.tensors["query_mask"] = try mask(keyColumns) { row, column in
      if let mask = input.queryMask {
        return mask[(row.sequence * input.sequenceLength + row.column) * total + column] != 0
      }
      return input.isVisible(row.sequence, column, past: past) && (!config.isDecoder || column <= row.column + past)
    }
  }

  /// `[T, keys]`: whether a packed token sees the key of a column of its sequence.
  private func mask(_ columns: [[Int]], _ sees: (PackedBatch.Row, Int) -> Bool) throws -> Tensor {
    let longest = columns.map(\.count).max() ?? 0
    var bytes = [UInt8](repeating: 0, count: batch.tokens * longest)
    for (index, row) in batch.rows.enumerated() {
      for (key, column) in columns[row.sequence].enumerated() where sees(row, column) {
        bytes[index * longest + key] = 1
      }
    }
    return try Tensor(.uint8(bytes), shape: [batch.tokens, longest])
  }

  private mutating func addHeadMask() throws {
    guard let mask = input.headMask else { return }
    variant.hasHeadMask = true
    let width = mask.shape[mask.shape.count - 1]
    for layer in 0..<config.numHiddenLayers {
      let first = mask.shape.count == 2 ? layer * width : 0
      // A mask of all heads that there were before pruning leaves out those that are gone.
      let pruned = width == config.heads(ofLayer: layer) ? [] : config.prunedHeads[layer] ?? []
      let kept = (0..<width).filter { !pruned.contains($0) }
      inputs.tensors["head_mask.\(layer)"] = try mask.scattered(to: [kept.count]) { move in
        for (index, head) in kept.enumerated() { move(first + head, index, 1) }
      }
    }
  }

  // MARK: Cross attention

  private mutating func addEncoder(_ contents: CacheContents?) throws {
    variant.hasEncoder = true
    let (sequences, width) = (batch.sequences, config.hiddenSize)
    if let contents, contents.encoderLength > 0 {
      // The keys and values are there, as in Hugging Face's code, whatever states are given with them.
      encoderLength = contents.encoderLength
      encoderColumns = contents.encoderColumns
      inputs.tensors["encoder_hidden_states"] = try Tensor(.float32([]), shape: [0, width])
      inputs.tensors["encoder_cache_row_ids"] = .int32([])
      inputs.dimensions[.encoderTokens] = 0
      try input.checkEncoderMasks(length: encoderLength)
    } else {
      guard let states = input.encoderHiddenStates else {
        throw BertError.badArgument(
          "encoder_hidden_states", "is missing: the model has cross attention (add_cross_attention)")
      }
      encoderLength = states.shape[1]
      encoderColumns = (0..<sequences).map { sequence in
        (0..<encoderLength).filter { seesEncoder(sequence, $0) }
      }
      let columns = encoderColumns.enumerated().flatMap { sequence, columns in columns.map { (sequence, $0) } }
      inputs.tensors["encoder_hidden_states"] = try states.scattered(to: [columns.count, width]) { move in
        for (row, (sequence, column)) in columns.enumerated() {
          move((sequence * encoderLength + column) * width, row * width, width)
        }
      }
      inputs.dimensions[.encoderTokens] = columns.count
    }
    try addEncoderKeys(contents)
  }

  private mutating func addEncoderKeys(_ contents: CacheContents?) throws {
    var (starts, ends, rows): ([Int32], [Int32], [Int32]) = ([], [], [])
    for (sequence, columns) in encoderColumns.enumerated() {
      let start = contents.map { Int32(sequence * $0.encoderCapacity) } ?? ends.last ?? 0
      if let contents, columns.count > contents.encoderCapacity {
        throw BertError.badArgument(
          "encoder_hidden_states", "has \(columns.count) tokens, the cache takes \(contents.encoderCapacity)")
      }
      starts.append(start)
      ends.append(start + Int32(columns.count))
      rows += columns.indices.map { start + Int32($0) }
    }
    inputs.tensors["encoder_key_starts"] = .int32(starts)
    inputs.tensors["encoder_key_ends"] = .int32(ends)
    if inputs.tensors["encoder_cache_row_ids"] == nil { inputs.tensors["encoder_cache_row_ids"] = .int32(rows) }
    inputs.dimensions[.longestEncoder] = encoderColumns.map(\.count).max() ?? 0
    let hidesHeld = encoderColumns.enumerated().contains { sequence, columns in
      columns.contains { !seesEncoder(sequence, $0) }
    }
    guard input.encoderQueryMask != nil || hidesHeld else { return }
    variant.hasEncoderQueryMask = true
    let (length, queries) = (encoderLength, input.sequenceLength)
    inputs.tensors["encoder_query_mask"] = try mask(encoderColumns) { row, column in
      input.encoderQueryMask.map { $0[(row.sequence * queries + row.column) * length + column] != 0 }
        ?? seesEncoder(row.sequence, column)
    }
  }

  private func seesEncoder(_ sequence: Int, _ column: Int) -> Bool {
    input.encoderAttentionMask.map { $0[sequence * encoderLength + column] != 0 } ?? true
  }

  /// Has a token-wise head run on some of the packed rows alone.
  mutating func select(_ rows: [Int32]) {
    variant.selectsRows = true
    inputs.tensors["selected_rows"] = .int32(rows)
    inputs.dimensions[.selectedRows] = rows.count
  }

  /// What the cache holds after this call.
  func contents(after before: CacheContents) -> CacheContents {
    var contents = before
    contents.length = past + input.sequenceLength
    contents.columns = keyColumns
    contents.encoderLength = encoderLength
    if !encoderColumns.isEmpty { contents.encoderColumns = encoderColumns }
    return contents
  }
}
