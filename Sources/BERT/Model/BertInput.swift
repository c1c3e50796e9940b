// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// Arguments of a forward call, with the names of Hugging Face's `forward`: rectangular tensors, row-major.
///
/// B sequences of S tokens each, padding included. Where a cache holds P tokens of each sequence already, these are the S
/// that follow them, and masks cover P + S.
public struct BertInput: Sendable, Equatable {
  /// B: sequences.
  public let batchSize: Int
  /// S: tokens of each sequence, padding included.
  public let sequenceLength: Int
  /// Token ids `[B, S]`; empty where `inputsEmbeds` is given.
  public let inputIds: [Int32]
  /// Word embeddings `[B, S, H]` instead of ids.
  public let inputsEmbeds: Tensor?
  /// 1 for a token, 0 for padding, `[B, P + S]`; all ones where nil. Set it after `init` where P is not 0.
  public var attentionMask: [Int32]?
  /// Instead of `attentionMask`, what each token sees: `[B, S, P + S]`. A decoder then has no causal mask beside it.
  public var queryMask: [Int32]?
  /// Token types `[B, S]`; zeros where nil.
  public var tokenTypeIds: [Int32]?
  /// Positions `[B, S]`; P, P + 1 ... along each row where nil, padding counted.
  public var positionIds: [Int32]?
  /// Factors of the attention heads' weights, `[heads]` for every layer or `[layers, heads]`.
  public var headMask: Tensor?
  /// What a decoder's cross attention reads: `[B, E, H]`.
  public var encoderHiddenStates: Tensor?
  /// 1 for an encoder token, 0 for padding, `[B, E]`; all ones where nil.
  public var encoderAttentionMask: [Int32]?
  /// Instead of `encoderAttentionMask`, what each token sees of the encoder: `[B, S, E]`.
  public var encoderQueryMask: [Int32]?
  /// What the head's loss compares with.
  public var labels: Labels?
  /// 0 where the second text follows the first, 1 where it does not, `[B]`; pre-training only.
  public var nextSentenceLabel: [Int32]?
  /// Tokens at which the answers start, `[B]`; question answering only. Beyond the sequence: passed over.
  public var startPositions: [Int32]?
  /// Tokens at which the answers end, `[B]`.
  public var endPositions: [Int32]?

  /// Multiple choice: sequences of each example, which lie together.
  public var choices: Int?

  /// Labels of a head, row-major.
  public enum Labels: Sendable, Equatable {
    /// Classes: one a token `[B, S]` (-100 is passed over) or one a sequence `[B]` (an example, for multiple choice).
    case classes([Int32])
    /// Numbers `[B, num_labels]`: targets of a regression, or 0 and 1 for each of several labels.
    case numbers([Float])
  }

  /// - Throws: `BertError.badArgument` naming the argument whose count is not `batchSize * sequenceLength`.
  public init(
    batchSize: Int, sequenceLength: Int, inputIds: [Int32], attentionMask: [Int32]? = nil,
    tokenTypeIds: [Int32]? = nil, positionIds: [Int32]? = nil
  ) throws(BertError) {
    self.batchSize = batchSize
    self.sequenceLength = sequenceLength
    self.inputIds = inputIds
    inputsEmbeds = nil
    self.attentionMask = attentionMask
    self.tokenTypeIds = tokenTypeIds
    self.positionIds = positionIds
    try checkExtents("input_ids", [batchSize, sequenceLength], elements: inputIds.count)
    try check("input_ids", inputIds, [batchSize, sequenceLength])
    // With a cache the mask covers what is there already as well: it is set afterwards then.
    try check("attention_mask", attentionMask, [batchSize, sequenceLength])
    try check("token_type_ids", tokenTypeIds, [batchSize, sequenceLength])
    try check("position_ids", positionIds, [batchSize, sequenceLength])
    try checkMask("attention_mask", attentionMask)
  }

  /// Word embeddings instead of ids.
  ///
  /// - Parameter inputsEmbeds: `[B, S, H]`.
  /// - Throws: `BertError.badArgument` for another rank, for integers, for more sequences than `init` takes of ids.
  public init(inputsEmbeds: Tensor) throws(BertError) {
    guard inputsEmbeds.shape.count == 3 else {
      throw .badArgument("inputs_embeds", "has the shape \(inputsEmbeds.shape), wanted [sequences, tokens, hidden]")
    }
    try BertInput.checkReal("inputs_embeds", inputsEmbeds)
    batchSize = inputsEmbeds.shape[0]
    sequenceLength = inputsEmbeds.shape[1]
    inputIds = []
    self.inputsEmbeds = inputsEmbeds
    try checkExtents("inputs_embeds", inputsEmbeds.shape, elements: inputsEmbeds.storage.count)
  }

  /// One row per list of ids, padded behind to the longest with zeros that the mask hides; without a mask where all are of
  /// one length.
  public init(_ rows: [[Int32]]) throws(BertError) {
    let longest = rows.map(\.count).max() ?? 0
    var ids: [Int32] = []
    var mask: [Int32] = []
    for row in rows {
      ids += row + [Int32](repeating: 0, count: longest - row.count)
      mask += [Int32](repeating: 1, count: row.count) + [Int32](repeating: 0, count: longest - row.count)
    }
    let isPadded = rows.contains { $0.count < longest }
    try self.init(
      batchSize: rows.count, sequenceLength: longest, inputIds: ids, attentionMask: isPadded ? mask : nil)
  }
}

extension BertInput {
  /// Whether batch and length are sizes that can be gone through: rows of no tokens have no elements to be counted against,
  /// and without a limit a loop over them would not end.
  private func checkExtents(_ name: String, _ shape: [Int], elements: Int) throws(BertError) {
    let limit = max(elements, 1 << 20)
    guard (0...limit).contains(batchSize), sequenceLength >= 0, sequenceLength <= limit || batchSize > 0 else {
      throw .badArgument(name, "cannot have the shape \(shape)")
    }
  }

  /// Whether an integer argument has as many elements as its shape says.
  func check(
    _ name: String, _ elements: [Int32]?, _ shape: [Int], of other: String = "input_ids"
  ) throws(BertError) {
    guard let elements else { return }
    var wanted = 1
    var overflow = false
    for size in shape {
      let product = wanted.multipliedReportingOverflow(by: size)
      (wanted, overflow) = (product.partialValue, overflow || product.overflow)
    }
    guard !overflow, elements.count == wanted else {
      throw .badArgument(
        name,
        "has \(elements.count) elements, wanted \(shape.map(String.init).joined(separator: " x ")) as \(other)' shape says"
      )
    }
  }

  /// Whether a mask holds zeros and ones alone.
  func checkMask(_ name: String, _ mask: [Int32]?) throws(BertError) {
    guard let mask, let odd = mask.firstIndex(where: { $0 != 0 && $0 != 1 }) else { return }
    throw .badArgument(name, "has \(mask[odd]) at index \(odd); it must be 0 or 1")
  }

  /// Whether a tensor holds numbers that are no integers.
  static func checkReal(_ name: String, _ tensor: Tensor) throws(BertError) {
    switch tensor.storage {
    case .float32, .float64: return
    case .int32, .uint8: throw .badArgument(name, "holds integers, wanted floating point")
    }
  }
}
