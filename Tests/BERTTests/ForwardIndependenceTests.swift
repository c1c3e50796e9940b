// SPDX-License-Identifier: Apache-2.0
import BERT
import ComputeGraph
import GoldenCases
import TestSupport
import Testing

/// What a sequence gets does not depend on its neighbours: the same bits alone and in a ragged batch, for every form of
/// attention, for caches and for heads. `BatchIndependenceTests` has sentence vectors and plain states.
@Suite struct ForwardIndependenceTests {
  /// Head sizes 12, 32 and 37; sequences over several tiles of queries.
  static let sizes = [
    RandomModel(positions: 80), RandomModel(hidden: 96, heads: 3, intermediate: 70, layers: 1, positions: 150),
    RandomModel(hidden: 37, heads: 1, intermediate: 41, layers: 2, positions: 70),
  ]
  static let extras = [
    RandomModel.Extras(positionType: "relative_key"), RandomModel.Extras(positionType: "relative_key_query"),
    .decoder, .crossDecoder, RandomModel.Extras(isDecoder: true, hasCrossAttention: true, positionType: "relative_key"),
    RandomModel.Extras(chunk: 3), RandomModel.Extras(isDecoder: true, positionType: "relative_key_query", chunk: 1),
  ]

  private struct Sequence {
    let ids: [Int32]
    let encoder: Tensor?
  }

  private func sequences(_ model: RandomModel, _ extras: RandomModel.Extras) throws -> [Sequence] {
    let lengths = [1, 2, 13, model.positions, 31, 33, 5, 16]
    return try lengths.enumerated().map { index, length in
      // Encoders of other lengths than the sequences'.
      let tokens = [7, 1, 40, 3, 18, 65, 2, 16][index]
      return Sequence(
        ids: RandomModel.ids(length, seed: UInt64(index)),
        encoder: extras.hasCrossAttention ? try model.states(1, tokens, seed: UInt64(index)) : nil)
    }
  }

  /// One padded batch of some sequences.
  private func input(_ sequences: [Sequence], hidden: Int) throws -> BertInput {
    var input = try BertInput(sequences.map(\.ids))
    guard sequences.contains(where: { $0.encoder != nil }) else { return input }
    let longest = sequences.compactMap { $0.encoder?.shape[1] }.max() ?? 0
    var states: [Float] = []
    var mask: [Int32] = []
    for sequence in sequences {
      let own = sequence.encoder?.floats ?? []
      // What the mask hides may be anything.
      states += own + [Float](repeating: 1e6, count: longest * hidden - own.count)
      mask += ones(own.count / hidden) + [Int32](repeating: 0, count: longest - own.count / hidden)
    }
    input.encoderHiddenStates = try Tensor(.float32(states), shape: [sequences.count, longest, hidden])
    input.encoderAttentionMask = mask
    return input
  }

  @Test(arguments: BatchIndependenceTests.Form.allCases, extras)
  func logitsAndAttentions(form: BatchIndependenceTests.Form, extras: RandomModel.Extras) async throws {
    let engine = try form.engine
    for model in Self.sizes {
      let folder = try model.folder(extras)
      let network = try await BertNetwork.fromPretrained(folder.path, on: engine)
      let all = try sequences(model, extras)
      var alone: [ModelOutput] = []
      for sequence in all {
        let input = try input([sequence], hidden: model.hidden)
        let output = try await network.forward(input, outputHiddenStates: true, outputAttentions: true)
        // Attention weights written out or not: the context comes from the same kernel.
        let plain = try await network.forward(input)
        #expect(plain.logits?.floats.map(\.bitPattern) == output.logits?.floats.map(\.bitPattern))
        alone.append(output)
      }
      #expect(Set(alone.map { $0.logits?.floats.first ?? 0 }).count == all.count)
      var generator = SeededGenerator(seed: 9)
      for round in 0..<3 {
        let chosen = round == 0 ? Array(all.indices) : Array(all.indices.shuffled(using: &generator).prefix(round + 2))
        let input = try input(chosen.map { all[$0] }, hidden: model.hidden)
        let output = try await network.forward(input, outputHiddenStates: true, outputAttentions: true)
        #expect(output.attentions.count == model.layers)
        #expect(output.crossAttentions.count == (extras.hasCrossAttention ? model.layers : 0))
        for (name, tensor) in output.entries {
          for (row, index) in chosen.enumerated() {
            let wanted = try #require(alone[index][name])
            #expect(try tensor.row(row, cutTo: wanted) == wanted.floats.map(\.bitPattern), "\(name), sequence \(index)")
          }
        }
      }
    }
  }

  /// Steps on one cache for ragged prompts, against a cache for each.
  @Test(arguments: BatchIndependenceTests.Form.allCases, extras.filter(\.isDecoder))
  func cachedSteps(form: BatchIndependenceTests.Form, extras: RandomModel.Extras) async throws {
    let model = Self.sizes[0]
    let folder = try model.folder(extras)
    let network = try await BertNetwork.fromPretrained(folder.path, on: form.engine)
    let all = try sequences(model, extras).filter { $0.ids.count <= 40 }
    let longest = try #require(all.map(\.ids.count).max())
    func steps(_ sequences: [Sequence]) async throws -> [[[UInt32]]] {
      let cache = try await network.makeCache(batchSize: sequences.count, encoderCapacity: 70)
      var input = try input(sequences, hidden: model.hidden)
      let encoderMask = input.encoderAttentionMask
      var mask = input.attentionMask ?? ones(sequences.count * input.sequenceLength)
      var found: [[[UInt32]]] = []
      for step in 0..<4 {
        let logits = try #require(try await network.forward(input, cache: cache).logits)
        found.append(
          sequences.enumerated().map { row, sequence in
            // The last token's scores.
            let column = step == 0 ? sequence.ids.count - 1 : 0
            let start = (row * logits.shape[1] + column) * logits.shape[2]
            return logits.floats[start..<(start + logits.shape[2])].map(\.bitPattern)
          })
        let width = mask.count / sequences.count
        mask = sequences.indices.flatMap { Array(mask[($0 * width)..<(($0 + 1) * width)]) + [1] }
        let ids = sequences.map { Int32(1 + (step * 7 + $0.ids.count) % 50) }
        // Positions go on where the prompt ended; distances in the cache count padding, which a sequence alone has not.
        input = try BertInput(
          batchSize: sequences.count, sequenceLength: 1, inputIds: ids,
          positionIds: sequences.map { Int32($0.ids.count + step) })
        input.attentionMask = mask
        input.encoderAttentionMask = encoderMask
      }
      return found
    }
    // Relative distances count the padding, so there prompts of one length go together.
    let groups =
      extras.positionType == "absolute"
      ? [all]
      : all.map { one in
        (0..<3).map { Sequence(ids: RandomModel.ids(one.ids.count, seed: $0 + 50), encoder: one.encoder) } + [one]
      }
    for group in groups {
      let together = try await steps(group)
      for (row, sequence) in group.enumerated() {
        let alone = try await steps([sequence])
        for step in 0..<4 { #expect(alone[step][0] == together[step][row], "step \(step), row \(row) of \(longest)") }
      }
    }
  }

  /// Heads with a row for each sequence, and the head of answers.
  @Test(arguments: BatchIndependenceTests.Form.allCases)
  func goldensOfPooledHeads(form: BatchIndependenceTests.Form) async throws {
    for name in ["heads/text-classification-everything", "heads/next-sentence-left", "heads/question-answering-left"] {
      let golden = try GoldenCase(name)
      let network = try await golden.load(on: form.engine)
      var input = try golden.arguments.input
      (input.labels, input.startPositions, input.endPositions) = (nil, nil, nil)
      let together = try await network.forward(input)
      for row in 0..<input.batchSize {
        let alone = try await network.forward(input.sequence(row, hidden: network.config.hiddenSize))
        for (name, tensor) in together.entries {
          let wanted = try #require(alone[name])
          #expect(try tensor.row(row, cutTo: wanted) == wanted.floats.map(\.bitPattern), "\(name), sequence \(row)")
        }
      }
    }
  }
}

extension Tensor {
  /// The bits of one sequence's part, without the padding that another tensor, of that sequence alone, has not.
  fileprivate func row(_ row: Int, cutTo other: Tensor) throws -> [UInt32] {
    let width = shape.dropFirst().reduce(1, *)
    let part = Array(floats[(row * width)..<((row + 1) * width)])
    let (from, to) = (Array(shape.dropFirst()), Array(other.shape.dropFirst()))
    try #require(other.shape[0] == 1 && from.count == to.count)
    return part.indices.compactMap { index in
      var rest = index
      for (size, wanted) in zip(from, to).reversed() {
        if rest % size >= wanted { return nil }
        rest /= size
      }
      return part[index].bitPattern
    }
  }
}

extension BertInput {
  /// One sequence of a batch.
  fileprivate func sequence(_ row: Int, hidden: Int) throws -> BertInput {
    let range = (row * sequenceLength)..<((row + 1) * sequenceLength)
    var input: BertInput
    if let inputsEmbeds {
      let width = sequenceLength * hidden
      input = try BertInput(
        inputsEmbeds: Tensor(
          .float32(Array(inputsEmbeds.floats[(row * width)..<((row + 1) * width)])), shape: [1, sequenceLength, hidden])
      )
    } else {
      input = try BertInput(batchSize: 1, sequenceLength: sequenceLength, inputIds: Array(inputIds[range]))
    }
    input.attentionMask = attentionMask.map { Array($0[range]) }
    input.tokenTypeIds = tokenTypeIds.map { Array($0[range]) }
    input.headMask = headMask
    return input
  }
}
