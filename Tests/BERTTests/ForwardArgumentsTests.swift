// SPDX-License-Identifier: Apache-2.0
import BERT
import Checkpoints
import ComputeGraph
import Testing

/// Arguments in a tensor file: each tensor that is unknown, missing, or of another type or shape is named.
@Suite struct ForwardArgumentsTests {
  /// Elements of a shape, which may be too large to be multiplied and yet have none.
  private static func count(_ shape: [Int]) -> Int { shape.contains(0) ? 0 : shape.reduce(1, *) }

  private static func integers(_ name: String, _ shape: [Int], _ value: Int64 = 1) -> OutgoingTensor {
    OutgoingTensor(name: name, shape: shape, [Int64](repeating: value, count: count(shape)))
  }

  private static func reals(_ name: String, _ shape: [Int]) -> OutgoingTensor {
    OutgoingTensor(name: name, shape: shape, [Float](repeating: 0, count: count(shape)))
  }

  private static func read(_ tensors: [OutgoingTensor]) throws -> ForwardArguments {
    let folder = try ModelFolder()
    let file = folder.path + "/arguments"
    try SafetensorsWriter.write(tensors, to: file)
    return try ForwardArguments(SafetensorsFile(path: file), file: "arguments")
  }

  private static let past = [2, 3, 4, 5]
  private static func layer(_ number: Int, _ parts: [String] = ["key", "value"]) -> [OutgoingTensor] {
    parts.map { reals("past_key_values.\(number).\($0)", past) }
  }
  private static let gap = "is no cache of a layer that has a key, counted from 0 without a gap"
  private static let rank = "which has not the dimensions it should have"

  struct Refusal: Sendable, CustomTestStringConvertible {
    let tensor: String
    let what: String
    let tensors: @Sendable () -> [OutgoingTensor]
    var testDescription: String { "\(tensor) \(what)" }
  }

  private static func refusal(
    _ tensor: String, _ what: String, withIds: Bool = true, _ tensors: @escaping @Sendable () -> [OutgoingTensor]
  ) -> Refusal {
    Refusal(tensor: tensor, what: what) { (withIds ? [integers("input_ids", [2, 3])] : []) + tensors() }
  }

  static let types: [Refusal] = [
    refusal("input_ids", "is missing", withIds: false) { [integers("attention_mask", [2, 3])] },
    refusal("input_ids", "is F32, wanted I64 or I32", withIds: false) { [reals("input_ids", [2, 3])] },
    refusal("attention_mask", "is F32, wanted I64 or I32") { [reals("attention_mask", [2, 3])] },
    refusal("encoder_attention_mask", "is F32, wanted I64 or I32") { [reals("encoder_attention_mask", [2, 3])] },
    refusal("token_type_ids", "is F32, wanted I64 or I32") { [reals("token_type_ids", [2, 3])] },
    refusal("position_ids", "is F32, wanted I64 or I32") { [reals("position_ids", [2, 3])] },
    refusal("next_sentence_label", "is F32, wanted I64 or I32") { [reals("next_sentence_label", [2])] },
    refusal("start_positions", "is F32, wanted I64 or I32") { [reals("start_positions", [2])] },
    refusal("end_positions", "is F32, wanted I64 or I32") { [reals("end_positions", [2])] },
    refusal("inputs_embeds", "is I64, wanted floating point", withIds: false) {
      [integers("inputs_embeds", [2, 3, 4])]
    },
    refusal("head_mask", "is I64, wanted floating point") { [integers("head_mask", [3])] },
    refusal("encoder_hidden_states", "is I64, wanted floating point") {
      [integers("encoder_hidden_states", [2, 3, 4])]
    },
    refusal("past_key_values.0.key", "is I64, wanted floating point") { [integers("past_key_values.0.key", past)] },
    refusal("labels", "has 4294967296 at index 0, which is far outside any table") {
      [integers("labels", [2, 3], 1 << 32)]
    },
    refusal("input_ids", "has -2147483649 at index 0, which is far outside any table", withIds: false) {
      [integers("input_ids", [2, 3], -2_147_483_649)]
    },
  ]

  static let shapes: [Refusal] = [
    refusal("input_ids", "has shape [6], wanted [sequences, tokens]", withIds: false) { [integers("input_ids", [6])] },
    refusal("input_ids", "has shape [], wanted [sequences, tokens]", withIds: false) { [integers("input_ids", [])] },
    refusal("input_ids", "has shape [1, 2, 3, 4], wanted [sequences, tokens]", withIds: false) {
      [integers("input_ids", [1, 2, 3, 4])]
    },
    refusal("inputs_embeds", "is given beside input_ids") { [reals("inputs_embeds", [2, 3, 4])] },
    refusal("inputs_embeds", "has shape [2, 3], \(rank)", withIds: false) { [reals("inputs_embeds", [2, 3])] },
    refusal("token_type_ids", "has shape [3, 2], but input_ids has [2, 3]") { [integers("token_type_ids", [3, 2])] },
    refusal("position_ids", "has shape [1, 4], but input_ids has [2, 3]") { [integers("position_ids", [1, 4])] },
    refusal("position_ids", "has shape [3], but input_ids has [2, 3]") { [integers("position_ids", [3])] },
    refusal("attention_mask", "has shape [6], which fits no 2 x 3 tokens") { [integers("attention_mask", [6])] },
    refusal("attention_mask", "has shape [2, 1, 1, 3], which fits no 2 x 3 tokens") {
      [integers("attention_mask", [2, 1, 1, 3])]
    },
    refusal("attention_mask", "has shape [4, 3], which fits no 4 x 3 tokens", withIds: false) {
      [integers("input_ids", [2, 2, 3]), integers("attention_mask", [4, 3])]
    },
    refusal("encoder_attention_mask", "has shape [6], which fits no 2 sequences") {
      [integers("encoder_attention_mask", [6])]
    },
    // The last extent counts what a cache holds as well; the call knows.
    refusal("attention_mask", "has shape [3, 3], which fits no 2 x 3 tokens") { [integers("attention_mask", [3, 3])] },
    refusal("attention_mask", "has shape [2, 4, 3], which fits no 2 x 3 tokens") {
      [integers("attention_mask", [2, 4, 3])]
    },
    refusal("encoder_attention_mask", "has shape [1, 9], which fits no 2 sequences") {
      [integers("encoder_attention_mask", [1, 9])]
    },
    refusal("encoder_attention_mask", "has shape [2, 2, 9], which fits no 2 sequences") {
      [integers("encoder_attention_mask", [2, 2, 9])]
    },
    refusal("labels", "has shape [3, 2], wanted 2 rows") { [integers("labels", [3, 2])] },
    refusal("labels", "has shape [2, 3, 1], wanted 2 rows") { [reals("labels", [2, 3, 1])] },
    refusal("labels", "has shape [], wanted 2 rows") { [integers("labels", [])] },
    refusal("next_sentence_label", "has shape [3], wanted [2]") { [integers("next_sentence_label", [3])] },
    refusal("start_positions", "has shape [2, 2], wanted [2]") { [integers("start_positions", [2, 2])] },
    refusal("end_positions", "has shape [1, 2], wanted [2]") { [integers("end_positions", [1, 2])] },
    refusal("head_mask", "has shape [], \(rank)") { [reals("head_mask", [])] },
    refusal("head_mask", "has shape [1, 2, 3], \(rank)") { [reals("head_mask", [1, 2, 3])] },
    refusal("encoder_hidden_states", "has shape [6, 4], \(rank)") { [reals("encoder_hidden_states", [6, 4])] },
    refusal("past_key_values.0.key", "has shape [2, 3, 4], \(rank)") { [reals("past_key_values.0.key", [2, 3, 4])] },
  ]

  static let caches: [Refusal] = [
    refusal("past_key_values.0.value", "is missing") { layer(0, ["key"]) },
    refusal("past_key_values.1.value", "is missing") { layer(0) + layer(1, ["key", "cross_key"]) },
    refusal("past_key_values.1.key", gap) { layer(1) },
    refusal("past_key_values.2.key", gap) { layer(0) + layer(2) },
    refusal("past_key_values.0.value", gap) { layer(0, ["value"]) },
    refusal("past_key_values.00.key", gap) { layer(0) + [reals("past_key_values.00.key", past)] },
    refusal("past_key_values.0.keys", gap) { layer(0) + [reals("past_key_values.0.keys", past)] },
    refusal("past_key_values.-1.key", gap) { layer(0) + [reals("past_key_values.-1.key", past)] },
  ]

  @Test(arguments: types + shapes + caches) func names(refusal: Refusal) {
    #expect(throws: BertError.badTensor(file: "arguments", tensor: refusal.tensor, refusal.what)) {
      try Self.read(refusal.tensors())
    }
    let text = "\(BertError.badTensor(file: "arguments", tensor: refusal.tensor, refusal.what))"
    #expect(text == "arguments: tensor \(refusal.tensor) \(refusal.what)")
  }

  @Test(arguments: ["hed_mask", "Input_ids", "input_ids ", "past_key_value.0.key", "use_cache", "labels.0"])
  func unknownNames(name: String) {
    let error = BertError.badTensor(
      file: "arguments", tensor: name,
      "is no argument of forward; known are input_ids, token_type_ids, position_ids, attention_mask, "
        + "encoder_attention_mask, inputs_embeds, head_mask, encoder_hidden_states, labels, next_sentence_label, "
        + "start_positions, end_positions, past_key_values.N.key and .value")
    #expect(throws: error) { try Self.read([Self.integers("input_ids", [2, 3]), Self.integers(name, [2, 3])]) }
  }

  /// Rows without elements: a header of a few bytes must not cost a loop of 2^40.
  @Test(arguments: [[1 << 40, 0, 18], [1 << 20, 1 << 20, 0, 18]]) func endlessEmbeddings(shape: [Int]) {
    let shown = [1 << 40, 0, 18]
    #expect(throws: BertError.badArgument("inputs_embeds", "cannot have the shape \(shown)")) {
      try Self.read([Self.reals("inputs_embeds", shape)])
    }
  }

  @Test func whatFits() throws {
    let narrow = OutgoingTensor(name: "input_ids", dataType: .int32, shape: [2, 3]) { append in
      try [Int32(1), 2, 3, 4, 5, 6].withUnsafeBytes(append)
    }
    let arguments = try Self.read(
      [narrow, Self.integers("position_ids", [1, 3], 7), Self.reals("labels", [2, 4])] + Self.layer(0) + Self.layer(1))
    #expect(arguments.input.inputIds == [1, 2, 3, 4, 5, 6])
    #expect(arguments.input.positionIds == [7, 7, 7, 7, 7, 7], "one row serves all sequences")
    #expect(arguments.input.labels == .numbers([Float](repeating: 0, count: 8)))
    #expect(arguments.past?.count == 2 && arguments.past?[1].value.shape == Self.past)
    #expect(arguments.past?[0].crossKey == nil && arguments.input.choices == nil)
    let choices = try Self.read([Self.integers("input_ids", [2, 3, 4]), Self.integers("labels", [2], 0)])
    #expect(choices.input.batchSize == 6 && choices.input.choices == 3 && choices.past == nil)
    #expect(choices.input.labels == .classes([0, 0]))
  }
}
