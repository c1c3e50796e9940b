// SPDX-License-Identifier: Apache-2.0

/// Where the special tokens go: `[CLS] A [SEP]` and `[CLS] A [SEP] B [SEP]`, or what a template says.
///
/// Source: Hugging Face `TemplateProcessing` and `BertProcessing`.
struct PostProcessor: Sendable, Equatable {
  enum Piece: Sendable, Equatable {
    /// Sequence 0 or 1.
    case sequence(Int, typeId: Int32)
    case special(ids: [Int32], tokens: [String], typeId: Int32)
  }

  var single: [Piece]
  var pair: [Piece]

  /// No special tokens at all.
  static let none = PostProcessor(
    single: [.sequence(0, typeId: 0)], pair: [.sequence(0, typeId: 0), .sequence(1, typeId: 1)])

  static func bert(cls: (token: String, id: Int32), sep: (token: String, id: Int32)) -> PostProcessor {
    func piece(_ special: (token: String, id: Int32), _ typeId: Int32) -> Piece {
      .special(ids: [special.id], tokens: [special.token], typeId: typeId)
    }
    let single = [piece(cls, 0), .sequence(0, typeId: 0), piece(sep, 0)]
    return PostProcessor(single: single, pair: single + [.sequence(1, typeId: 1), piece(sep, 1)])
  }

  func pieces(isPair: Bool, addSpecialTokens: Bool) -> [Piece] {
    let pieces = isPair ? pair : single
    if addSpecialTokens { return pieces }
    return pieces.filter { if case .sequence = $0 { true } else { false } }
  }

  /// The number of tokens that are added.
  static func specialCount(_ pieces: [Piece]) -> Int {
    pieces.reduce(0) { count, piece in
      if case .special(let ids, _, _) = piece { count + ids.count } else { count }
    }
  }

  /// One encoding of one window of each sequence.
  static func assemble(_ pieces: [Piece], _ sequences: [Encoding]) -> Encoding {
    var encoding = Encoding()
    for piece in pieces {
      switch piece {
      case .sequence(let index, let typeId):
        guard index < sequences.count else { continue }
        let start = encoding.count
        encoding.append(sequences[index])
        for k in start..<encoding.count { encoding.typeIds[k] = typeId }
      case .special(let ids, let tokens, let typeId):
        for (id, token) in zip(ids, tokens) { encoding.append(special: id, token: token, typeId: typeId) }
      }
    }
    return encoding
  }
}
