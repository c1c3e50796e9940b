// SPDX-License-Identifier: Apache-2.0

/// Arguments of a forward call: rectangular tensors `[B, S]`, row-major, with the names of Hugging Face's `forward`.
public struct BertInput: Sendable, Equatable {
  /// B: sequences.
  public let batchSize: Int
  /// S: tokens of each sequence, padding included.
  public let sequenceLength: Int
  /// Token ids `[B, S]`.
  public let inputIds: [Int32]
  /// 1 for a token, 0 for padding, `[B, S]`; all ones where nil.
  public let attentionMask: [Int32]?
  /// Token types `[B, S]`; zeros where nil.
  public let tokenTypeIds: [Int32]?
  /// Positions `[B, S]`; 0, 1, 2 ... along each row where nil, padding counted.
  public let positionIds: [Int32]?

  /// - Throws: `BertError.badArgument` naming the argument whose count is not `batchSize * sequenceLength`.
  public init(
    batchSize: Int, sequenceLength: Int, inputIds: [Int32], attentionMask: [Int32]? = nil,
    tokenTypeIds: [Int32]? = nil, positionIds: [Int32]? = nil
  ) throws(BertError) {
    self.batchSize = batchSize
    self.sequenceLength = sequenceLength
    self.inputIds = inputIds
    self.attentionMask = attentionMask
    self.tokenTypeIds = tokenTypeIds
    self.positionIds = positionIds
    // Rows of no tokens have no elements to be counted against: without a limit a loop over them would not end.
    guard batchSize >= 0, sequenceLength >= 0, batchSize <= max(inputIds.count, 1 << 20) else {
      throw .badArgument("input_ids", "cannot have the shape [\(batchSize), \(sequenceLength)]")
    }
    let (count, overflow) = batchSize.multipliedReportingOverflow(by: sequenceLength)
    let tensors = [
      ("input_ids", inputIds), ("attention_mask", attentionMask), ("token_type_ids", tokenTypeIds),
      ("position_ids", positionIds),
    ]
    for case (let name, let elements?) in tensors where overflow || elements.count != count {
      throw .badArgument(
        name, "has \(elements.count) elements, wanted \(batchSize) x \(sequenceLength) as input_ids' shape says")
    }
    if let mask = attentionMask, let odd = mask.firstIndex(where: { $0 != 0 && $0 != 1 }) {
      throw .badArgument("attention_mask", "has \(mask[odd]) at index \(odd); it must be 0 or 1")
    }
  }

  /// One row per list of ids, padded behind to the longest with zeros that the mask hides.
  public init(_ rows: [[Int32]]) throws(BertError) {
    let longest = rows.map(\.count).max() ?? 0
    var ids: [Int32] = []
    var mask: [Int32] = []
    for row in rows {
      ids += row + [Int32](repeating: 0, count: longest - row.count)
      mask += [Int32](repeating: 1, count: row.count) + [Int32](repeating: 0, count: longest - row.count)
    }
    try self.init(batchSize: rows.count, sequenceLength: longest, inputIds: ids, attentionMask: mask)
  }
}
