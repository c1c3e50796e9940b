// SPDX-License-Identifier: Apache-2.0

/// BERT's tokenizer: text to ids and back, as Hugging Face's `BertTokenizerFast` does it.
///
///     let tokenizer = try BertTokenizer.fromPretrained("path/to/all-MiniLM-L6-v2")
///     try tokenizer.encode("I like natural language progressing!").ids
///     // [101, 1045, 2066, 3019, 2653, 27673, 999, 102]
///
/// Immutable, so any number of threads may use one. Every call takes time linear in the text.
public struct BertTokenizer: Sendable {
  /// Splits a text into normalized words.
  public let basicTokenizer: BasicTokenizer
  /// Splits a word into pieces.
  public let wordPieceTokenizer: WordPieceTokenizer
  /// The names of the special tokens.
  public let specialTokens: SpecialTokens
  /// Tokens that are recognised in a text before anything else.
  public let addedTokens: [AddedToken]
  /// Ids of the special tokens; nil where the vocabulary has none by that name.
  public let unknownId: Int32
  public let separatorId: Int32?
  public let paddingId: Int32?
  public let classificationId: Int32?
  public let maskId: Int32?
  /// The longest input the model takes, special tokens included, if `tokenizer_config.json` says so (`model_max_length`).
  public let modelMaxLength: Int?
  /// What `tokenizer.json` asks for. Not applied unless passed on in `EncodeOptions`.
  public let fileTruncation: Truncation?
  public let filePadding: Padding?

  let encoder: SequenceEncoder
  let postProcessor: PostProcessor
  let decoder: PieceDecoder?
  let cleanUpTokenizationSpaces: Bool
  private let addedIds: AddedTokenIndex

  /// The number of ids, added tokens included: as many rows as the word embedding needs.
  public var vocabularySize: Int { wordPieceTokenizer.vocabulary.count + addedIds.beyondVocabulary }

  /// A tokenizer around a vocabulary, with BERT's usual rest.
  ///
  /// - Parameters:
  ///   - vocabulary: tokens by id.
  ///   - neverSplit: words that pass whole (see `BasicTokenizer`).
  ///   - maxInputCharsPerWord: longer words, in scalars, become the unknown token.
  ///   - source: the file to be named in errors.
  /// - Throws: `TokenizerError.missingToken` without `unknown`, `separator` or `classification`.
  public init(
    vocabulary: Vocabulary, normalizer: NormalizerOptions = NormalizerOptions(),
    specialTokens: SpecialTokens = SpecialTokens(), neverSplit: [String] = [], maxInputCharsPerWord: Int = 100,
    source: String = "the vocabulary"
  ) throws(TokenizerError) {
    var parts = TokenizerParts(file: source, vocabulary: vocabulary)
    parts.normalizer = normalizer
    parts.specialTokens = specialTokens
    parts.neverSplit = neverSplit
    parts.maxInputCharsPerWord = maxInputCharsPerWord
    try parts.addDefaultPostProcessor()
    try self.init(parts)
  }

  /// Puts the parts of a tokenizer's files together.
  init(_ parts: TokenizerParts) throws(TokenizerError) {
    var parts = parts
    try parts.addSpecialTokens()
    let index = AddedTokenIndex(parts.addedTokens, vocabulary: parts.vocabulary)
    basicTokenizer = BasicTokenizer(parts.normalizer, neverSplit: parts.neverSplit)
    wordPieceTokenizer = try WordPieceTokenizer(
      vocabulary: parts.vocabulary, unknownToken: parts.specialTokens.unknown,
      maxInputCharsPerWord: parts.maxInputCharsPerWord, continuingSubwordPrefix: parts.continuingSubwordPrefix,
      source: parts.file)
    encoder = try SequenceEncoder(
      basic: basicTokenizer, wordPiece: wordPieceTokenizer, addedTokens: parts.addedTokens, source: parts.file)
    addedTokens = parts.addedTokens
    addedIds = index
    specialTokens = parts.specialTokens
    unknownId = wordPieceTokenizer.unknownId
    func id(_ token: String) -> Int32? { index.id(of: token) ?? parts.vocabulary.id(of: token) }
    separatorId = id(parts.specialTokens.separator)
    paddingId = id(parts.specialTokens.padding)
    classificationId = id(parts.specialTokens.classification)
    maskId = id(parts.specialTokens.mask)
    modelMaxLength = parts.modelMaxLength
    fileTruncation = parts.truncation
    filePadding = parts.padding
    postProcessor = parts.postProcessor
    decoder = parts.decoder
    cleanUpTokenizationSpaces = parts.cleanUpTokenizationSpaces
  }
}

extension BertTokenizer {
  /// The id of a token: an added token, one of the vocabulary, or else `unknownId`.
  public func convertTokensToIds(_ tokens: [String]) -> [Int32] {
    tokens.map { id(of: $0) ?? unknownId }
  }

  /// The id of a token, nil if there is none by that name.
  public func id(of token: String) -> Int32? { addedIds.id(of: token) ?? wordPieceTokenizer.vocabulary.id(of: token) }

  /// The token with an id: nil for ids beyond the vocabulary.
  public func convertIdsToTokens(_ ids: [Int32], skipSpecialTokens: Bool = false) -> [String?] {
    var tokens: [String?] = []
    for id in ids where !(skipSpecialTokens && isSpecial(id)) { tokens.append(token(for: id)) }
    return tokens
  }

  /// The token with an id, nil if it is beyond the vocabulary.
  public func token(for id: Int32) -> String? {
    addedIds.token(for: id)?.content ?? wordPieceTokenizer.vocabulary.token(for: id)
  }

  func isSpecial(_ id: Int32) -> Bool { addedIds.token(for: id)?.isSpecial ?? false }
}

/// Added tokens by content and by id.
struct AddedTokenIndex: Sendable {
  private var byId: [Int32: AddedToken] = [:]
  private var byContent: [[UInt8]: Int32] = [:]
  /// How many of them have ids past the vocabulary.
  private(set) var beyondVocabulary = 0

  init(_ tokens: [AddedToken], vocabulary: Vocabulary) {
    for token in tokens {
      byId[token.id] = token
      byContent[Array(token.content.utf8)] = token.id
    }
    beyondVocabulary = byId.keys.count { $0 >= vocabulary.count }
  }

  func id(of content: String) -> Int32? { byContent.isEmpty ? nil : byContent[Array(content.utf8)] }
  func token(for id: Int32) -> AddedToken? { byId[id] }
}
