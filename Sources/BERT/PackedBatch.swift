// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// Sequences end to end, without padding: what the graph's inputs hold. Each token carries its own position id, so a mask
/// with holes or left padding packs as well.
struct PackedBatch: Sendable {
  private(set) var inputIds: [Int32] = []
  private(set) var positionIds: [Int32] = []
  private(set) var tokenTypeIds: [Int32] = []
  /// `[B + 1]`: where each sequence begins and ends.
  private(set) var offsets: [Int32] = [0]
  /// Tokens of the longest sequence.
  private(set) var longest = 0
  /// For each packed token, its place in the `[B, S]` tensor it came from; empty where nobody asks.
  private(set) var places: [Int] = []

  var tokens: Int { inputIds.count }
  var sequences: Int { offsets.count - 1 }

  /// Packs token lists that are already clean: no padding, one type, positions from 0.
  init(_ sequences: some Sequence<[Int32]>) {
    for ids in sequences {
      inputIds += ids
      positionIds += 0..<Int32(ids.count)
      endSequence()
    }
    tokenTypeIds = [Int32](repeating: 0, count: inputIds.count)
  }

  /// Packs the tokens that the mask shows.
  init(_ input: BertInput) {
    for row in 0..<input.batchSize {
      for column in 0..<input.sequenceLength {
        let place = row * input.sequenceLength + column
        guard input.attentionMask?[place] ?? 1 != 0 else { continue }
        inputIds.append(input.inputIds[place])
        positionIds.append(input.positionIds?[place] ?? Int32(column))
        tokenTypeIds.append(input.tokenTypeIds?[place] ?? 0)
        places.append(place)
      }
      endSequence()
    }
  }

  private mutating func endSequence() {
    longest = max(longest, inputIds.count - Int(offsets[offsets.count - 1]))
    offsets.append(Int32(inputIds.count))
  }

  /// Every id within its table, or an error that names argument and place.
  func check(_ config: BertConfig) throws(BertError) {
    let limits = [
      ("input_ids", inputIds, config.vocabSize), ("position_ids", positionIds, config.maxPositionEmbeddings),
      ("token_type_ids", tokenTypeIds, config.typeVocabSize),
    ]
    for (name, values, limit) in limits {
      guard let index = values.firstIndex(where: { $0 < 0 || Int($0) >= limit }) else { continue }
      let row = (offsets.firstIndex { $0 > Int32(index) } ?? 1) - 1
      throw .badArgument(
        name, "has \(values[index]) in sequence \(row) (token \(index - Int(offsets[row]))); it must be below \(limit)")
    }
  }

  var runInputs: RunInputs {
    RunInputs(
      dimensions: [.tokens: tokens, .sequences: sequences, .longest: longest],
      tensors: [
        "input_ids": .int32(inputIds), "position_ids": .int32(positionIds), "token_type_ids": .int32(tokenTypeIds),
        "sequence_offsets": .int32(offsets),
      ])
  }

  /// Puts packed rows back to where their tokens were; zeros everywhere else.
  ///
  /// - Parameter packed: `[T, H]`.
  /// - Returns: `[B, S, H]`.
  func padded(_ packed: Tensor, batchSize: Int, sequenceLength: Int) throws -> Tensor {
    let width = packed.shape[1]
    let shape = [batchSize, sequenceLength, width]
    func scatter<Element: ExpressibleByFloatLiteral>(_ elements: [Element]) -> [Element] {
      guard places.count < batchSize * sequenceLength else { return elements }
      var result = [Element](repeating: 0.0, count: batchSize * sequenceLength * width)
      for (row, place) in places.enumerated() {
        for column in 0..<width { result[place * width + column] = elements[row * width + column] }
      }
      return result
    }
    return try Tensor(packed.storage.mapReals(scatter, scatter), shape: shape)
  }

  /// A tensor of one row a sequence, `[B, H]`, with zeros for the sequences that have no token to compute it from.
  func zeroingEmptySequences(_ tensor: Tensor) throws -> Tensor {
    let empty = (0..<sequences).filter { offsets[$0] == offsets[$0 + 1] }
    guard !empty.isEmpty else { return tensor }
    let width = tensor.shape[1]
    func zero<Element: ExpressibleByFloatLiteral>(_ elements: [Element]) -> [Element] {
      var result = elements
      for index in empty.flatMap({ ($0 * width)..<(($0 + 1) * width) }) { result[index] = 0.0 }
      return result
    }
    return try Tensor(tensor.storage.mapReals(zero, zero), shape: tensor.shape)
  }
}

extension Tensor.Storage {
  /// Numbers of either precision, changed; ids and masks as they are.
  fileprivate func mapReals(_ single: ([Float]) -> [Float], _ double: ([Double]) -> [Double]) -> Tensor.Storage {
    switch self {
    case .float32(let elements): .float32(single(elements))
    case .float64(let elements): .float64(double(elements))
    case .int32, .uint8: self
    }
  }
}
