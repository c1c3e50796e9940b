// SPDX-License-Identifier: Apache-2.0
import BERT
import ComputeGraph
import Testing

/// Tensors that no model can take.
@Suite struct InputRefusalTests {
  /// A model with 92 words, 20 positions, 2 types, hidden 18 and no pooler; and one with a pooler.
  private func models(_ folder: String = "sentence/cls") async throws -> [BertModel] {
    var models: [BertModel] = []
    for engine in [TestEngine.cpu, .opencl] {
      models.append(try await .fromPretrained(Goldens.path(folder), on: engine.engine))
    }
    return models
  }

  private func expectRefusal(_ wanted: BertError, _ input: BertInput) async throws {
    for model in try await models() {
      await #expect(throws: wanted, "\(model.engine.name)") { try await model.forward(input) }
    }
  }

  @Test(arguments: [Int32(92), -1, .max, .min]) func idOutsideTheVocabulary(id: Int32) async throws {
    let input = try BertInput(batchSize: 2, sequenceLength: 3, inputIds: [1, 2, 3, 4, id, 5])
    let wanted = BertError.badArgument("input_ids", "has \(id) in sequence 1 (token 1); it must be below 92")
    try await expectRefusal(wanted, input)
    #expect("\(wanted)" == "input_ids has \(id) in sequence 1 (token 1); it must be below 92")
  }

  @Test(arguments: [Int32(20), -1, .max]) func positionPastTheTable(position: Int32) async throws {
    let input = try BertInput(
      batchSize: 1, sequenceLength: 3, inputIds: [1, 2, 3], positionIds: [0, 19, position])
    try await expectRefusal(
      .badArgument("position_ids", "has \(position) in sequence 0 (token 2); it must be below 20"), input)
  }

  @Test(arguments: [Int32(2), -1]) func typeOutsideItsTable(type: Int32) async throws {
    let input = try BertInput(batchSize: 1, sequenceLength: 2, inputIds: [1, 2], tokenTypeIds: [type, 1])
    try await expectRefusal(
      .badArgument("token_type_ids", "has \(type) in sequence 0 (token 0); it must be below 2"), input)
  }

  @Test func whatTheMaskHidesIsNotLookedAt() async throws {
    let wild = try BertInput(
      batchSize: 1, sequenceLength: 3, inputIds: [5, 6, -9], attentionMask: [1, 1, 0], tokenTypeIds: [0, 1, 77],
      positionIds: [0, 1, .max])
    let tame = try BertInput(
      batchSize: 1, sequenceLength: 3, inputIds: [5, 6, 0], attentionMask: [1, 1, 0], tokenTypeIds: [0, 1, 0])
    for model in try await models() {
      let found = try await model.forward(wild).lastHiddenState
      let wanted = try await model.forward(tame).lastHiddenState
      #expect(found == wanted)
    }
  }

  @Test func countsThatDoNotMatch() {
    let shape = "as input_ids' shape says"
    for count in [0, 5, 7] {
      let elements = [Int32](repeating: 1, count: count)
      let six = [Int32](repeating: 1, count: 6)
      func wanted(_ name: String) -> BertError {
        .badArgument(name, "has \(count) elements, wanted 2 x 3 \(shape)")
      }
      #expect(throws: wanted("input_ids")) { try BertInput(batchSize: 2, sequenceLength: 3, inputIds: elements) }
      #expect(throws: wanted("attention_mask")) {
        try BertInput(batchSize: 2, sequenceLength: 3, inputIds: six, attentionMask: elements)
      }
      #expect(throws: wanted("token_type_ids")) {
        try BertInput(batchSize: 2, sequenceLength: 3, inputIds: six, tokenTypeIds: elements)
      }
      #expect(throws: wanted("position_ids")) {
        try BertInput(batchSize: 2, sequenceLength: 3, inputIds: six, positionIds: elements)
      }
    }
  }

  @Test(arguments: [(-1, 3), (3, -1), (Int.min, Int.min), (1 << 40, 0), (Int.max, 0)])
  func shapesThatCannotBe(batch: Int, length: Int) {
    #expect(throws: BertError.badArgument("input_ids", "cannot have the shape [\(batch), \(length)]")) {
      try BertInput(batchSize: batch, sequenceLength: length, inputIds: [])
    }
  }

  @Test func shapesWhoseProductOverflows() {
    #expect(throws: BertError.self) { try BertInput(batchSize: 1, sequenceLength: .max, inputIds: [1]) }
    #expect(throws: BertError.self) { try BertInput(batchSize: 1 << 20, sequenceLength: 1 << 44, inputIds: []) }
  }

  @Test(arguments: [Int32(2), -1, .max, .min]) func maskValues(value: Int32) {
    #expect(
      throws: BertError.badArgument("attention_mask", "has \(value) at index 1; it must be 0 or 1")
    ) {
      try BertInput(batchSize: 1, sequenceLength: 2, inputIds: [1, 2], attentionMask: [1, value])
    }
  }

  @Test func longerThanTheModel() async throws {
    let input = try BertInput(batchSize: 1, sequenceLength: 21, inputIds: [Int32](repeating: 1, count: 21))
    let wanted = BertError.sequenceTooLong(index: 0, tokens: 21, limit: 20)
    try await expectRefusal(wanted, input)
    #expect("\(wanted)" == "sequence 0 has 21 tokens, the model takes 20; shorten it")
  }

  @Test func longerThanTheModelWithPositionsOfItsOwn() async throws {
    // Positions may repeat: then only the table's size counts, not the sequence's.
    let input = try BertInput(
      batchSize: 1, sequenceLength: 50, inputIds: [Int32](repeating: 1, count: 50),
      positionIds: (0..<50).map { Int32($0 % 20) })
    for model in try await models() {
      let output = try #require(try await model.forward(input).lastHiddenState)
      #expect(output.shape == [1, 50, 18] && output.floats.allSatisfy { $0.isFinite })
    }
  }

  @Test(arguments: [(0, 0), (0, 7), (3, 0), (1 << 20, 0)]) func nothingToDo(batch: Int, length: Int) async throws {
    for model in try await models("forward/odd-shapes") {
      let output = try await model.forward(
        BertInput(batchSize: batch, sequenceLength: length, inputIds: []), outputHiddenStates: true)
      let hidden = model.config.hiddenSize
      #expect(output.lastHiddenState?.shape == [batch, length, hidden])
      #expect(output.hiddenStates.count == model.config.numHiddenLayers + 1)
      let pooled = try #require(output.poolerOutput)
      #expect(pooled.shape == [batch, hidden] && pooled.floats.allSatisfy { $0 == 0 })
    }
  }

  @Test func aMaskOfZerosGivesZeros() async throws {
    let ids: [Int32] = [5, 6, 7, 8, 9, 10]
    for model in try await models("forward/odd-shapes") {
      let input = try BertInput(
        batchSize: 3, sequenceLength: 2, inputIds: ids, attentionMask: [1, 1, 0, 0, 0, 1])
      let output = try await model.forward(input, outputHiddenStates: true)
      let hidden = model.config.hiddenSize
      for tensor in output.hiddenStates + [try #require(output.lastHiddenState)] {
        let states = tensor.floats
        #expect(states.allSatisfy { $0.isFinite })
        #expect(states[(2 * hidden)..<(5 * hidden)].allSatisfy { $0 == 0 })
        #expect(!states[..<hidden].allSatisfy { $0 == 0 } && !states[(5 * hidden)...].allSatisfy { $0 == 0 })
      }
      let pooled = try #require(output.poolerOutput).floats
      #expect(pooled.allSatisfy { $0.isFinite } && pooled[hidden..<(2 * hidden)].allSatisfy { $0 == 0 })
      // All rows hidden: nothing is left to run.
      let hiddenInput = try BertInput(
        batchSize: 3, sequenceLength: 2, inputIds: ids, attentionMask: [Int32](repeating: 0, count: 6))
      let zeros = try await model.forward(hiddenInput)
      #expect(try #require(zeros.lastHiddenState).floats == [Float](repeating: 0, count: 6 * hidden))
      #expect(try #require(zeros.poolerOutput).floats == [Float](repeating: 0, count: 3 * hidden))
    }
  }

  @Test func raggedRowsArePadded() throws {
    let input = try BertInput([[1, 2, 3], [], [4]])
    #expect(input.batchSize == 3 && input.sequenceLength == 3)
    #expect(input.inputIds == [1, 2, 3, 0, 0, 0, 4, 0, 0])
    #expect(input.attentionMask == [1, 1, 1, 0, 0, 0, 1, 0, 0])
    #expect(try BertInput([]).batchSize == 0)
  }
}
