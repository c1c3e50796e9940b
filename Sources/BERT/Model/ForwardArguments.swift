// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import ComputeGraph

/// The arguments of one forward call as a file holds them: tensors named as those of Hugging Face's `forward`, and
/// `past_key_values.N.key`, `.value`, `.cross_key` and `.cross_value`.
///
/// Integers are I64 or I32, numbers of any floating-point type. Multiple choice takes `[examples, choices, tokens]`.
public struct ForwardArguments: Sendable {
  public let input: BertInput
  /// One entry a layer; nil where there is no `past_key_values.0.key`.
  public let past: [PastKeyValues]?

  private static let integerNames = ["input_ids", "token_type_ids", "position_ids"]
  private static let maskNames = ["attention_mask", "encoder_attention_mask"]
  private static let numberNames = ["inputs_embeds", "head_mask", "encoder_hidden_states"]
  private static let labelNames = ["labels", "next_sentence_label", "start_positions", "end_positions"]

  /// Every argument's name, but for the layers' caches.
  public static var names: [String] { integerNames + maskNames + numberNames + labelNames }

  /// - Parameters:
  ///   - source: the tensors.
  ///   - file: what errors call it.
  /// - Throws: `BertError.badTensor` naming the tensor that is unknown, missing, or of another type or shape; what reading
  ///   the file throws.
  public init(_ source: any TensorSource, file: String) throws {
    let reader = ArgumentReader(source: source, file: file)
    for name in source.tensorNames where !ForwardArguments.names.contains(name) && !name.hasPrefix("past_key_values.") {
      let known = ForwardArguments.names.joined(separator: ", ")
      throw reader.bad(name, "is no argument of forward; known are \(known), past_key_values.N.key and .value")
    }
    var input = try ForwardArguments.tokens(reader)
    try ForwardArguments.readMasks(reader, &input)
    input.headMask = try reader.numbers("head_mask", ranks: 1...2)
    input.encoderHiddenStates = try reader.numbers("encoder_hidden_states", ranks: 3...3)
    input.labels = try ForwardArguments.labels(reader)
    input.nextSentenceLabel = try reader.integers("next_sentence_label")
    input.startPositions = try reader.integers("start_positions")
    input.endPositions = try reader.integers("end_positions")
    self.input = input
    past = try ForwardArguments.past(reader)
  }

  /// Ids or embeddings, types and positions.
  private static func tokens(_ reader: ArgumentReader) throws -> BertInput {
    let embeds = try reader.numbers("inputs_embeds", ranks: 3...4)
    let name = embeds == nil ? "input_ids" : "inputs_embeds"
    guard let info = reader.source.tensor(named: name) else { throw reader.bad(name, "is missing") }
    guard embeds == nil || reader.source.tensor(named: "input_ids") == nil else {
      throw reader.bad(name, "is given beside input_ids")
    }
    let shape = embeds == nil ? info.shape : Array(info.shape.dropLast())
    guard shape.count == 2 || shape.count == 3, let length = shape.last else {
      throw reader.bad(name, "has shape \(shape), wanted [sequences, tokens]")
    }
    // Sequences of no tokens have no elements to be counted against; `BertInput` bounds them.
    let (sequences, overflow) =
      shape.count == 2 ? (shape[0], false) : shape[0].multipliedReportingOverflow(by: shape[1])
    guard !overflow else { throw reader.bad(name, "has shape \(shape), which is too large") }
    var input: BertInput
    if let embeds {
      input = try BertInput(inputsEmbeds: embeds.reshaped([sequences, length, info.shape[shape.count]]))
    } else {
      input = try BertInput(
        batchSize: sequences, sequenceLength: length, inputIds: try reader.integers(name) ?? [])
    }
    input.choices = shape.count == 3 ? shape[1] : nil
    input.tokenTypeIds = try reader.integers("token_type_ids", shape: shape, of: name)
    input.positionIds = try reader.integers("position_ids", shape: shape, of: name)
    return input
  }

  private static func readMasks(_ reader: ArgumentReader, _ input: inout BertInput) throws {
    if let mask = try reader.integers("attention_mask") {
      // Three extents are [examples, choices, tokens] where the ids have three, else a mask for each query.
      let rank = try reader.shape("attention_mask").count
      switch (rank, input.choices) {
      case (2, nil), (3, .some): input.attentionMask = mask
      case (3, nil): input.queryMask = mask
      default: throw reader.bad("attention_mask", "has \(rank) dimensions, which fit no input_ids")
      }
    }
    if let mask = try reader.integers("encoder_attention_mask") {
      switch try reader.shape("encoder_attention_mask").count {
      case 2: input.encoderAttentionMask = mask
      case 3: input.encoderQueryMask = mask
      default: throw reader.bad("encoder_attention_mask", "must have 2 or 3 dimensions")
      }
    }
  }

  private static func labels(_ reader: ArgumentReader) throws -> BertInput.Labels? {
    guard let info = reader.source.tensor(named: "labels") else { return nil }
    if info.dataType.isFloatingPoint {
      return .numbers(try reader.source.readFloat32("labels"))
    }
    return try reader.integers("labels").map(BertInput.Labels.classes)
  }

  private static func past(_ reader: ArgumentReader) throws -> [PastKeyValues]? {
    var past: [PastKeyValues] = []
    while let key = try reader.numbers("past_key_values.\(past.count).key", ranks: 4...4) {
      let prefix = "past_key_values.\(past.count)."
      guard let value = try reader.numbers(prefix + "value", ranks: 4...4) else {
        throw reader.bad(prefix + "value", "is missing")
      }
      past.append(
        PastKeyValues(
          key: key, value: value, crossKey: try reader.numbers(prefix + "cross_key", ranks: 4...4),
          crossValue: try reader.numbers(prefix + "cross_value", ranks: 4...4)))
    }
    let known = Set(
      past.indices.flatMap { layer in
        ["key", "value", "cross_key", "cross_value"].map { "past_key_values.\(layer).\($0)" }
      })
    for name in reader.source.tensorNames where name.hasPrefix("past_key_values.") && !known.contains(name) {
      throw reader.bad(name, "is no cache of a layer that has a key, counted from 0 without a gap")
    }
    return past.isEmpty ? nil : past
  }
}

/// Reads tensors and words what is wrong with them.
private struct ArgumentReader {
  let source: any TensorSource
  let file: String

  func bad(_ tensor: String, _ what: String) -> BertError { .badTensor(file: file, tensor: tensor, what) }

  func shape(_ name: String) throws -> [Int] { try source.existingTensor(named: name).shape }

  func integers(_ name: String, shape wanted: [Int]? = nil, of other: String = "") throws -> [Int32]? {
    guard let info = source.tensor(named: name) else { return nil }
    guard info.dataType == .int64 || info.dataType == .int32 else {
      throw bad(name, "is \(info.dataType.rawValue), wanted I64 or I32")
    }
    var repeats = 1
    if let wanted, info.shape != wanted {
      // As PyTorch broadcasts: one row serves all sequences.
      guard wanted.count == 2, info.shape == [1, wanted[1]] else {
        throw bad(name, "has shape \(info.shape), but \(other) has \(wanted)")
      }
      repeats = wanted[0]
    }
    let row = try source.readInt64(name).enumerated().map { index, value in
      guard let small = Int32(exactly: value) else {
        throw bad(name, "has \(value) at index \(index), which is far outside any table")
      }
      return small
    }
    return repeats == 1 ? row : Array((0..<repeats).map { _ in row }.joined())
  }

  func numbers(_ name: String, ranks: ClosedRange<Int>) throws -> Tensor? {
    guard let info = source.tensor(named: name) else { return nil }
    guard info.dataType.isFloatingPoint else {
      throw bad(name, "is \(info.dataType.rawValue), wanted floating point")
    }
    guard ranks.contains(info.shape.count) else {
      throw bad(name, "has shape \(info.shape), which has not the dimensions it should have")
    }
    // Double where the file has it: the oracle computes in it.
    let isDouble = info.dataType == .float64
    return try Tensor(
      isDouble ? .float64(source.readFloat64(name)) : .float32(source.readFloat32(name)), shape: info.shape)
  }
}
