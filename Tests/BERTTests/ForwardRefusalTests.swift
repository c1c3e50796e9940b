// SPDX-License-Identifier: Apache-2.0
import BERT
import ComputeGraph
import Testing

/// Issue 3, "Bad input": masks, embeddings and encoder states that do not fit get an error that names the argument, on
/// every engine.
@Suite struct ForwardRefusalTests {
  private static let twice = "is given twice, for each sequence and for each token"
  private static let binary = "it must be 0 or 1"
  private static let noCross = "is given, but the model has no cross attention (is_decoder, add_cross_attention)"

  private static func count(_ found: Int, _ shape: String) -> String {
    "has \(found) elements, wanted \(shape) as input_ids' shape says"
  }

  /// B 2, S 6, 3 layers of 3 heads.
  static let masks = [
    BrokenInput("switches/attentions", "attention_mask", count(11, "2 x 6")) { $0.attentionMask = ones(11) },
    BrokenInput("switches/attentions", "attention_mask", count(0, "2 x 6")) { $0.attentionMask = [] },
    BrokenInput("switches/attentions", "attention_mask", count(72, "2 x 6")) { $0.attentionMask = ones(72) },
    BrokenInput("switches/attentions", "attention_mask", twice) { $0.queryMask = ones(72) },
    BrokenInput("switches/mask-3d", "attention_mask", count(146, "3 x 7 x 7")) { $0.queryMask = ones(146) },
    BrokenInput("switches/mask-3d", "attention_mask", count(21, "3 x 7 x 7")) { $0.queryMask = ones(21) },
    BrokenInput("switches/attentions", "attention_mask", "has -1 at index 7; \(binary)") {
      $0.attentionMask = ones(12, except: 7, is: -1)
    },
    BrokenInput("switches/mask-3d", "attention_mask", "has 2 at index 146; \(binary)") {
      $0.queryMask = ones(147, except: 146, is: 2)
    },
    BrokenInput("switches/attentions", "token_type_ids", count(13, "2 x 6")) { $0.tokenTypeIds = ones(13) },
    BrokenInput("switches/attentions", "position_ids", count(6, "2 x 6")) { $0.positionIds = ones(6) },
    BrokenInput("switches/relative-key-query", "position_ids", count(7, "2 x 7")) { $0.positionIds = ones(7) },
  ]

  /// Of three models: 3 layers of 5 heads; the same with 3, 5 and 2 heads left; one layer of three cut down, with cross
  /// attention.
  static let headMasks = [
    BrokenInput("switches/head-mask", "head_mask", "has 4 heads, layer 0 has 5") { $0.headMask = try zeros([4]) },
    BrokenInput("switches/head-mask", "head_mask", "has 6 heads, layer 0 has 5") { $0.headMask = try zeros([3, 6]) },
    BrokenInput("switches/head-mask", "head_mask", "has the shape [2, 5], wanted [heads] or [3, heads]") {
      $0.headMask = try zeros([2, 5])
    },
    BrokenInput("switches/head-mask", "head_mask", "has the shape [3, 5, 1], wanted [heads] or [3, heads]") {
      $0.headMask = try zeros([3, 5, 1])
    },
    BrokenInput("switches/head-mask", "head_mask", "has the shape [], wanted [heads] or [3, heads]") {
      $0.headMask = try zeros([])
    },
    BrokenInput("switches/pruned", "head_mask", "has 3 heads, layer 1 has 5") { $0.headMask = try zeros([3]) },
    BrokenInput("switches/pruned", "head_mask", "has 2 heads, layer 0 has 3") { $0.headMask = try zeros([3, 2]) },
    BrokenInput(
      "decoder/cross-pruned", "head_mask",
      "does not fit self attention with pruned heads and cross attention at once"
    ) { $0.headMask = try zeros([3]) },
    BrokenInput("switches/head-mask", "head_mask", "holds integers, wanted floating point") {
      $0.headMask = try Tensor(.int32([1, 1, 1, 1, 1]), shape: [5])
    },
  ]

  /// B 2, S 5, E 7, H 15, or a decoder without cross attention.
  static let encoders = [
    BrokenInput(
      "decoder/cross", "encoder_hidden_states", "is missing: the model has cross attention (add_cross_attention)"
    ) { $0.encoderHiddenStates = nil },
    BrokenInput("decoder/causal", "encoder_hidden_states", noCross) {
      $0.encoderHiddenStates = try zeros([2, 7, 12])
    },
    BrokenInput("decoder/causal", "encoder_attention_mask", noCross) { $0.encoderAttentionMask = ones(14) },
    BrokenInput("switches/attentions", "encoder_attention_mask", noCross) { $0.encoderQueryMask = ones(84) },
    BrokenInput("decoder/cross", "encoder_hidden_states", "has the shape [2, 7, 14], wanted [2, tokens, 15]") {
      $0.encoderHiddenStates = try zeros([2, 7, 14])
    },
    BrokenInput("decoder/cross", "encoder_hidden_states", "has the shape [3, 7, 15], wanted [2, tokens, 15]") {
      $0.encoderHiddenStates = try zeros([3, 7, 15])
    },
    BrokenInput("decoder/cross", "encoder_hidden_states", "has the shape [14, 15], wanted [2, tokens, 15]") {
      $0.encoderHiddenStates = try zeros([14, 15])
    },
    BrokenInput("decoder/cross", "encoder_hidden_states", "holds integers, wanted floating point") {
      $0.encoderHiddenStates = try Tensor(.int32(ones(210)), shape: [2, 7, 15])
    },
    BrokenInput("decoder/cross", "encoder_attention_mask", encoderCount(13, "2 x 7")) {
      $0.encoderAttentionMask = ones(13)
    },
    BrokenInput("decoder/cross", "encoder_attention_mask", encoderCount(14, "2 x 5 x 7")) {
      $0.encoderQueryMask = ones(14)
    },
    BrokenInput("decoder/cross-ragged", "encoder_attention_mask", twice) { $0.encoderQueryMask = ones(144) },
    BrokenInput("decoder/cross", "encoder_attention_mask", "has 7 at index 3; \(binary)") {
      $0.encoderAttentionMask = ones(14, except: 3, is: 7)
    },
    BrokenInput("decoder/cross", "encoder_attention_mask", "has -2 at index 69; \(binary)") {
      $0.encoderQueryMask = ones(70, except: 69, is: -2)
    },
  ]

  private static func encoderCount(_ found: Int, _ shape: String) -> String {
    "has \(found) elements, wanted \(shape) as encoder_hidden_states' shape says"
  }

  @Test(arguments: masks) func aMaskThatDoesNotFit(broken: BrokenInput) async throws {
    try await broken.expectRefusal()
  }

  @Test(arguments: headMasks) func aHeadMaskThatDoesNotFit(broken: BrokenInput) async throws {
    try await broken.expectRefusal()
  }

  @Test(arguments: encoders) func anEncoderThatDoesNotFit(broken: BrokenInput) async throws {
    try await broken.expectRefusal()
  }

  @Test(arguments: [[2, 5, 17], [2, 5, 1], [2, 5, 0]]) func embeddingsOfAnotherWidth(shape: [Int]) async throws {
    let wanted = BertError.badArgument("inputs_embeds", "has a width of \(shape[2]), the model 18")
    for test in TestEngine.allCases {
      let model = try await BertModel.fromPretrained(Goldens.path("switches/inputs-embeds-alone"), on: test.engine)
      await #expect(throws: wanted, "\(test)") { try await model.forward(BertInput(inputsEmbeds: zeros(shape))) }
    }
  }

  @Test(arguments: [[], [18], [5, 18], [1, 2, 5, 18]]) func embeddingsOfAnotherRank(shape: [Int]) {
    let wanted = BertError.badArgument("inputs_embeds", "has the shape \(shape), wanted [sequences, tokens, hidden]")
    #expect(throws: wanted) { try BertInput(inputsEmbeds: zeros(shape)) }
  }

  @Test func embeddingsThatAreIntegers() throws {
    #expect(throws: BertError.badArgument("inputs_embeds", "holds integers, wanted floating point")) {
      try BertInput(inputsEmbeds: Tensor(.int32(ones(180)), shape: [2, 5, 18]))
    }
  }

  /// Rows of no tokens cost no memory, but a loop over them would not end.
  @Test(arguments: [[1 << 40, 0, 18], [.max, 0, 18], [1 << 40, 7, 0]])
  func embeddingsOfTooManySequences(shape: [Int]) {
    #expect(throws: BertError.badArgument("inputs_embeds", "cannot have the shape \(shape)")) {
      try BertInput(inputsEmbeds: zeros(shape))
    }
  }

  @Test(arguments: TestEngine.allCases) func embeddingsOfNothing(test: TestEngine) async throws {
    let model = try await BertModel.fromPretrained(Goldens.path("switches/inputs-embeds-alone"), on: test.engine)
    for (batch, length) in [(0, 0), (0, 5), (3, 0)] {
      let output = try await model.forward(BertInput(inputsEmbeds: zeros([batch, length, 18])))
      #expect(output.lastHiddenState?.shape == [batch, length, 18])
    }
  }

  @Test func threeExtentsAreForMultipleChoice() async throws {
    let broken = BrokenInput("switches/attentions", "input_ids", "has choices, but BertModel has no use for them") {
      $0.choices = 2
    }
    try await broken.expectRefusal()
    for choices in [0, -1, 4] {
      let what = "has 6 sequences, which are not examples of \(choices) choices"
      let broken = BrokenInput("heads/multiple-choice", "input_ids", what) { $0.choices = choices }
      try await broken.expectRefusal()
    }
  }
}
