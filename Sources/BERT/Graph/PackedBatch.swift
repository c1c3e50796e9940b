// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// Sequences end to end, without padding: what the graph's token-wise inputs hold. Each token carries its own position id,
/// so a mask with holes or left padding packs as well.
///
/// A token that the mask hides is left out unless something reads what is computed there: then it is a query, but no key.
struct PackedBatch: Sendable {
  /// One packed token.
  struct Row: Sendable {
    /// Its sequence and its column in the `[B, S]` tensor it came from.
    let sequence: Int
    let column: Int
    /// Whether the mask hides it: it is computed for a loss or the pooler, and zero in every output.
    let isHidden: Bool
  }

  private(set) var inputIds: [Int32] = []
  private(set) var positionIds: [Int32] = []
  private(set) var tokenTypeIds: [Int32] = []
  /// `[B + 1]`: where each sequence begins and ends.
  private(set) var offsets: [Int32] = [0]
  /// `[B]`: rows of each sequence that are keys, those that the mask shows.
  private(set) var keyStarts: [Int32] = []
  private(set) var keyEnds: [Int32] = []
  /// Tokens of the longest sequence.
  private(set) var longest = 0
  /// Where each packed token came from; empty where nobody asks.
  private(set) var rows: [Row] = []

  var tokens: Int { tokenTypeIds.count }
  var sequences: Int { offsets.count - 1 }
  var longestKeys: Int { zip(keyStarts, keyEnds).map { Int($1 - $0) }.max() ?? 0 }

  /// Packs token lists that are already clean: no padding, positions from 0.
  ///
  /// - Parameter types: token types of each list; zeros where nil.
  init(_ sequences: some Sequence<[Int32]>, types: [[Int32]]? = nil) {
    for (index, ids) in sequences.enumerated() {
      inputIds += ids
      positionIds += 0..<Int32(ids.count)
      tokenTypeIds += types?[index] ?? [Int32](repeating: 0, count: ids.count)
      keyStarts.append(offsets[index])
      keyEnds.append(Int32(inputIds.count))
      endSequence()
    }
  }

  /// Packs the tokens that the mask shows, and those hidden ones that are needed.
  ///
  /// - Parameters:
  ///   - past: tokens of each sequence that came before, where a cache holds some.
  ///   - needsFirst: whether each sequence's first token is needed, hidden or not: the pooler reads it.
  ///   - needed: whether a hidden token is needed, by its place in `[B, S]`; none where nil.
  init(_ input: BertInput, past: Int = 0, needsFirst: Bool = false, needed: [Bool]? = nil) {
    for sequence in 0..<input.batchSize {
      let places = (0..<input.sequenceLength).map { sequence * input.sequenceLength + $0 }
      let isVisible = places.indices.map { input.isVisible(sequence, past + $0, past: past) }
      // The pooler's token stands first, other hidden ones behind all keys, so that the keys lie together.
      let addsFirst = needsFirst && isVisible.first == false && isVisible.contains(true)
      if addsFirst { append(input, sequence, 0, past: past, isHidden: true) }
      keyStarts.append(Int32(rows.count))
      for column in places.indices where isVisible[column] {
        append(input, sequence, column, past: past, isHidden: false)
      }
      keyEnds.append(Int32(rows.count))
      if let needed {
        for column in (addsFirst ? 1 : 0)..<max(places.count, addsFirst ? 1 : 0)
        where !isVisible[column] && needed[places[column]] {
          append(input, sequence, column, past: past, isHidden: true)
        }
      }
      endSequence()
    }
  }

  private mutating func append(_ input: BertInput, _ sequence: Int, _ column: Int, past: Int, isHidden: Bool) {
    let place = sequence * input.sequenceLength + column
    if input.inputsEmbeds == nil { inputIds.append(input.inputIds[place]) }
    positionIds.append(input.positionIds?[place] ?? Int32(past + column))
    tokenTypeIds.append(input.tokenTypeIds?[place] ?? 0)
    rows.append(Row(sequence: sequence, column: column, isHidden: isHidden))
  }

  private mutating func endSequence() {
    longest = max(longest, tokenTypeIds.count - Int(offsets[offsets.count - 1]))
    offsets.append(Int32(tokenTypeIds.count))
  }

  /// Every id within its table, or an error that names argument and place.
  func check(_ config: BertConfig) throws(BertError) {
    var limits = [
      ("input_ids", inputIds, config.vocabSize), ("token_type_ids", tokenTypeIds, config.typeVocabSize),
    ]
    if config.positionEmbeddingType == .absolute {
      limits.append(("position_ids", positionIds, config.maxPositionEmbeddings))
    }
    for (name, values, limit) in limits {
      guard let index = values.firstIndex(where: { $0 < 0 || Int($0) >= limit }) else { continue }
      let row = (offsets.firstIndex { $0 > Int32(index) } ?? 1) - 1
      throw .badArgument(
        name, "has \(values[index]) in sequence \(row) (token \(index - Int(offsets[row]))); it must be below \(limit)")
    }
  }

  /// What the graph gets of sequences that see all of themselves. Relative positions are those of `positionIds`.
  var runInputs: RunInputs {
    RunInputs(
      dimensions: [.tokens: tokens, .sequences: sequences, .longest: longest, .longestKeys: longestKeys],
      tensors: [
        "query_positions": .int32(positionIds), "key_positions": .int32(positionIds),
        "input_ids": .int32(inputIds), "position_ids": .int32(positionIds), "token_type_ids": .int32(tokenTypeIds),
        "sequence_offsets": .int32(offsets), "key_starts": .int32(keyStarts), "key_ends": .int32(keyEnds),
      ])
  }
}

extension BertInput {
  /// Whether a token is one: `column` counts what came before as well. With a mask for each query all are.
  func isVisible(_ sequence: Int, _ column: Int, past: Int) -> Bool {
    guard let attentionMask else { return true }
    return attentionMask[sequence * (past + sequenceLength) + column] != 0
  }
}
