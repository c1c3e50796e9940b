// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import Tokenizers

/// Hides tokens that a masked language model is to find.
///
/// Each token that is not special is chosen with a probability of 15 %. Of the chosen, 80 % become [MASK], 10 % any token of
/// the vocabulary, 10 % stay. Labels are the original ids of the chosen tokens, -100 elsewhere. Source: Hugging Face
/// `DataCollatorForLanguageModeling`; arXiv:1810.04805, 3.1.
///
/// A text of which no token was chosen gets one, that whose draw came nearest, as BERT's own `create_pretraining_data.py`
/// has it: a batch of short texts without any label would have no loss. Special are the tokens that
/// `get_special_tokens_mask` calls so, [UNK] among them.
struct TokenMasking: Sendable {
  static let probability = 0.15
  let maskId: Int32
  let vocabularySize: Int
  private let specialIds: Set<Int32>

  /// - Throws: `TrainingDataError.noMaskToken`.
  init(_ tokenizer: BertTokenizer) throws(TrainingDataError) {
    guard let maskId = tokenizer.maskId else { throw .noMaskToken }
    self.maskId = maskId
    vocabularySize = tokenizer.vocabularySize
    let roles = [
      tokenizer.unknownId, tokenizer.separatorId, tokenizer.paddingId, tokenizer.classificationId, maskId,
    ]
    specialIds = Set(roles.compactMap { $0 } + tokenizer.addedTokens.filter(\.isSpecial).map(\.id))
  }

  /// Whether a text has a token that may be hidden.
  func canMask(_ ids: [Int32]) -> Bool { ids.contains { !specialIds.contains($0) } }

  /// - Parameter draws: of this text in this epoch.
  func mask(_ ids: [Int32], _ draws: DrawSequence) -> (ids: [Int32], labels: [Int32]) {
    var draws = draws
    var (masked, labels) = (ids, [Int32](repeating: ignoredLabel, count: ids.count))
    var nearest: (index: Int, draw: Double)?
    // Every token takes one draw, so that the choice of one does not depend on what becomes of another.
    let chosen = ids.indices.filter { index in
      let draw = draws.unit()
      guard !specialIds.contains(ids[index]) else { return false }
      if draw < nearest?.draw ?? 1 { nearest = (index, draw) }
      return draw < TokenMasking.probability
    }
    for index in chosen.isEmpty ? nearest.map({ [$0.index] }) ?? [] : chosen {
      labels[index] = ids[index]
      let (kind, token) = (draws.unit(), draws.below(vocabularySize))
      if kind < 0.8 {
        masked[index] = maskId
      } else if kind < 0.9 {
        masked[index] = Int32(token)
      }
    }
    return (masked, labels)
  }
}
