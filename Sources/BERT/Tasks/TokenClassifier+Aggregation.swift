// SPDX-License-Identifier: Apache-2.0
import Tokenizers

extension TokenClassifier {
  /// A token of the text and what the model thinks of it.
  struct ScoredToken {
    let word: String
    /// Probabilities of the labels, `[C]`.
    let scores: [Double]
    let offsets: Range<Int>
    let index: Int
    /// Whether the token goes on with the word of the one before.
    let isSubword: Bool
  }

  /// The tokens of a window, those left out that were added around the text.
  func scoredTokens(_ text: [Unicode.Scalar], _ window: Encoding, _ logits: Logits) -> [ScoredToken] {
    var tokens: [ScoredToken] = []
    for index in 0..<window.count where window.specialTokensMask[index] == 0 {
      let offsets = window.offsets[index].clamped(to: 0..<text.count)
      let token = tokenizer.token(for: window.ids[index]) ?? ""
      let isUnknown = window.ids[index] == tokenizer.unknownId
      tokens.append(
        ScoredToken(
          word: isUnknown ? String(scalars: text[offsets]) : token, scores: Scores.softmax(logits.row(index)),
          offsets: offsets, index: index, isSubword: !isUnknown && isSubword(token, text, offsets)))
    }
    return tokens
  }

  /// As the pipeline has it: a piece is longer than what it stands for by its "##". A token that normalization has
  /// made longer or shorter passes for a piece, too.
  private func isSubword(_ token: String, _ text: [Unicode.Scalar], _ offsets: Range<Int>) -> Bool {
    guard tokenizer.wordPieceTokenizer.continuingSubwordPrefix.isEmpty else {
      return token.unicodeScalars.count != offsets.count
    }
    // Pieces cannot be told by their prefix: one goes on where no blank is before it.
    let start = offsets.lowerBound
    return start > 0 && !text[start - 1..<min(start + 1, text.count)].contains(" ")
  }

  /// Entities of one window, ignored ones too.
  func aggregate(_ tokens: [ScoredToken], _ strategy: AggregationStrategy) -> [Entity] {
    switch strategy {
    case .none: tokens.map { entity($0, index: $0.index) }
    case .simple: grouped(tokens.map { entity($0, index: nil) })
    case .first, .average, .max: grouped(words(tokens).map { word($0, strategy) })
    }
  }

  private func entity(_ token: ScoredToken, index: Int?) -> Entity {
    let best = Scores.argmax(token.scores)
    return Entity(
      entity: label(best), score: token.scores[best], index: index, word: token.word, start: token.offsets.lowerBound,
      end: token.offsets.upperBound)
  }

  private func words(_ tokens: [ScoredToken]) -> [[ScoredToken]] {
    var words: [[ScoredToken]] = []
    for token in tokens {
      if words.isEmpty || !token.isSubword { words.append([]) }
      words[words.count - 1].append(token)
    }
    return words
  }

  /// One label for all tokens of a word, of which there is at least one.
  private func word(_ tokens: [ScoredToken], _ strategy: AggregationStrategy) -> Entity {
    let scores: [Double]
    switch strategy {
    case .average:
      scores = tokens[0].scores.indices.map { label in
        tokens.reduce(0) { $0 + $1.scores[label] } / Double(tokens.count)
      }
    case .max:
      let surest = tokens.map { $0.scores.max() ?? 0 }
      scores = tokens[Scores.argmax(surest)].scores
    case .none, .simple, .first: scores = tokens[0].scores
    }
    let best = Scores.argmax(scores)
    return Entity(
      entity: label(best), score: scores[best], index: nil, word: tokenizer.convertTokensToString(tokens.map(\.word)),
      start: tokens[0].offsets.lowerBound, end: tokens[tokens.count - 1].offsets.upperBound)
  }

  /// Joins neighbours of the same tag, but for those that begin with `B-`.
  private func grouped(_ entities: [Entity]) -> [Entity] {
    var groups: [[Entity]] = []
    for entity in entities {
      let (begins, tag) = TokenClassifier.tag(entity.entity)
      if let last = groups.last?.last, !begins, TokenClassifier.tag(last.entity).tag == tag {
        groups[groups.count - 1].append(entity)
      } else {
        groups.append([entity])
      }
    }
    return groups.map(group)
  }

  /// A label without its prefix, and whether that was `B-`. Labels that have none go on with what was before.
  static func tag(_ label: String) -> (begins: Bool, tag: Substring) {
    if label.hasPrefix("B-") { return (true, label.dropFirst(2)) }
    return (false, label.hasPrefix("I-") ? label.dropFirst(2) : label[...])
  }

  private func group(_ entities: [Entity]) -> Entity {
    // Behind the first hyphen, whatever is before it, and not as `tag` has it: so the pipeline does.
    let label = entities[0].entity
    let name = label.firstIndex(of: "-").map { label[label.index(after: $0)...] } ?? label[...]
    return Entity(
      entity: String(name), score: entities.reduce(0) { $0 + $1.score } / Double(entities.count), index: nil,
      word: tokenizer.convertTokensToString(entities.map(\.word)), start: entities[0].start,
      end: entities[entities.count - 1].end)
  }
}

extension String {
  init(scalars: ArraySlice<Unicode.Scalar>) {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    self.init(view)
  }
}
