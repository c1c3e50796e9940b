// SPDX-License-Identifier: Apache-2.0
import Logging
import Tokenizers

/// Finds tokens for the masks of a text.
///
///     let task = try FillMask(model: model, tokenizer: tokenizer)
///     let answers = try await task.predict(["The capital of France is [MASK]."], options: .init())
///     answers[0][0][0].tokenString  // "paris"
///
/// Source: Hugging Face `FillMaskPipeline`.
public struct FillMask: TextTask {
  public static let requiredHead = BertHead.maskedLM
  public let model: any LogitsModel
  public let tokenizer: BertTokenizer
  private let maskId: Int32

  /// - Throws: `TaskError.noMaskToken`.
  public init(model: any LogitsModel, tokenizer: BertTokenizer) throws(TaskError) {
    guard let maskId = tokenizer.maskId else { throw .noMaskToken }
    self.model = model
    self.tokenizer = tokenizer
    self.maskId = maskId
  }

  public struct Options: Sendable, Equatable {
    /// Predictions for each mask; fewer where there are fewer targets or tokens.
    public var topK: Int
    /// The only tokens to choose from (see `targetTokens`); the whole vocabulary where nil. Scores stay those of the
    /// whole vocabulary.
    public var targets: [Int32]?
    /// What to cut where a text is too long; nil: it is refused.
    public var truncation: Truncation.Strategy?
    /// The tokens to cut to, with `truncation`; as many as tokenizer and model take where nil.
    public var maxLength: Int?

    public init(
      topK: Int = 5, targets: [Int32]? = nil, truncation: Truncation.Strategy? = nil, maxLength: Int? = nil
    ) {
      self.topK = topK
      self.targets = targets
      self.truncation = truncation
      self.maxLength = maxLength
    }
  }

  /// A token in the place of a mask.
  public struct Prediction: Sendable, Equatable {
    /// Probability among the whole vocabulary.
    public let score: Double
    /// `token`: its id.
    public let token: Int
    /// `token_str`: its text.
    public let tokenString: String
    /// The text with the token put in, decoded: without special tokens where it has one mask, with them where it has
    /// several, since the other masks are shown.
    public let sequence: String
  }

  /// A text with masks.
  public struct Prepared: PreparedInput {
    public let sequences: [TokenSequence]
    public let isTruncated: Bool
    /// Where the masks are, at least one.
    public let positions: [Int]
  }

  /// - Throws: `TaskError.noMask`, `.tooLong`; `.option` for a `topK` below 1.
  public func prepare(_ text: String, _ options: Options = Options()) throws(TaskError) -> Prepared {
    guard options.topK >= 1 else { throw .option("top_k", "is \(options.topK); it must be at least 1") }
    let (encoding, isTruncated) = try encode(text, truncation: options.truncation, maxLength: options.maxLength)
    let positions = encoding.ids.indices.filter { encoding.ids[$0] == maskId }
    guard !positions.isEmpty else { throw .noMask(token: tokenizer.specialTokens.mask) }
    return Prepared(sequences: [TokenSequence(encoding)], isTruncated: isTruncated, positions: positions)
  }

  /// Predictions for each mask of the text, in its order.
  public func output(
    _ prepared: Prepared, _ logits: [Logits], _ options: Options = Options()
  ) throws(TaskError) -> [[Prediction]] {
    let wanted = model.config.vocabSize
    guard let sequence = prepared.sequences.first, let logits = logits.first else { return [] }
    try logits.check(rows: prepared.positions.count, columns: wanted)
    if let target = options.targets?.first(where: { $0 < 0 || $0 >= wanted }) {
      throw .option("targets", "has id \(target), the model has \(wanted)")
    }
    return prepared.positions.indices.map { mask in
      let scores = Scores.softmax(logits.row(mask))
      let ids = options.targets.map { $0.map(Int.init) }
      let best = Scores.top(options.topK, of: ids.map { $0.map { scores[$0] } } ?? scores)
      return best.map { index in
        let token = ids?[index] ?? index
        return prediction(token, scores[token], sequence.ids, prepared.positions, mask)
      }
    }
  }

  private func prediction(
    _ token: Int, _ score: Double, _ ids: [Int32], _ positions: [Int], _ mask: Int
  ) -> Prediction {
    let id = Int32(truncatingIfNeeded: token)  // an index into the vocabulary
    var ids = ids
    ids[positions[mask]] = id
    ids.removeAll { $0 == tokenizer.paddingId }
    return Prediction(
      score: score, token: token, tokenString: tokenizer.decode([id]),
      sequence: tokenizer.decode(ids, skipSpecialTokens: positions.count == 1))
  }

  /// Rows of logits that are kept at once: 256 MB, however many masks the texts have.
  private var rowLimit: Int { max(1, (64 << 20) / max(model.config.vocabSize, 1)) }

  public func predict(prepared: [Prepared], options: Options) async throws -> [[[Prediction]]] {
    var outputs: [[[Prediction]]] = []
    var start = 0
    while start < prepared.count {
      var (end, rows) = (start, 0)
      repeat {
        rows += prepared[end].positions.count
        end += 1
      } while end < prepared.count && rows + prepared[end].positions.count <= rowLimit
      let group = Array(prepared[start..<end])
      let logits = try await model.vocabularyLogits(group.flatMap(\.sequences), at: group.map(\.positions))
      outputs += try self.outputs(group, logits, options)
      start = end
    }
    return outputs
  }
}

extension FillMask {
  /// Ids for `Options.targets`, each once: of words in the vocabulary their own, of others that of their first piece.
  ///
  /// - Parameter logger: hears of every target that is not in the vocabulary, and what stands for it.
  /// - Throws: `TaskError.noTargets` if none is left.
  public func targetTokens(
    _ targets: [String], logger: Logger = Logger(label: "swift-bert")
  ) throws(TaskError) -> [Int32] {
    var ids: [Int32] = []
    for target in targets {
      var found = tokenizer.id(of: target)
      if found == nil {
        found = try encode(target, nil, EncodeOptions(addSpecialTokens: false)).ids.first
        let stands = found.flatMap(tokenizer.token).map { "\($0) stands for it" } ?? "it is left out"
        logger.notice("target \"\(target)\" is not in the vocabulary: \(stands)")
      }
      if let found, !ids.contains(found) { ids.append(found) }
    }
    guard !ids.isEmpty else { throw .noTargets }
    return ids
  }
}
