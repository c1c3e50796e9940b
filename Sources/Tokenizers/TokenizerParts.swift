// SPDX-License-Identifier: Apache-2.0

/// What a tokenizer's files say, before it is put together.
struct TokenizerParts {
  /// The file that the vocabulary came from, for errors.
  var file: String
  var vocabulary: Vocabulary
  var normalizer = NormalizerOptions()
  var specialTokens = SpecialTokens()
  var addedTokens: [AddedToken] = []
  var neverSplit: [String] = []
  var maxInputCharsPerWord = 100
  var continuingSubwordPrefix = "##"
  var postProcessor = PostProcessor.none
  var decoder: PieceDecoder? = PieceDecoder()
  var cleanUpTokenizationSpaces = true
  var modelMaxLength: Int?
  var truncation: Truncation?
  var padding: Padding?

  init(file: String, vocabulary: Vocabulary) {
    self.file = file
    self.vocabulary = vocabulary
  }

  /// The id after the vocabulary's and those of the added tokens.
  private var nextId: Int {
    let last = addedTokens.map { Int($0.id) }.max() ?? -1
    return max(vocabulary.count, last + 1)
  }

  /// Adds tokens in order. A token of the vocabulary keeps its id, others are numbered on.
  ///
  /// - Throws: `TokenizerError.addedTokenId` where a token's id is another one than that.
  mutating func add(_ tokens: [(token: AddedToken, id: Int?)], file: String) throws(TokenizerError) {
    var known: [[UInt8]: Int] = [:]
    for (index, token) in addedTokens.enumerated() { known[Array(token.content.utf8)] = index }
    var next = nextId
    for (token, id) in tokens where !token.content.isEmpty {
      let key = Array(token.content.utf8)
      let expected: Int
      if let index = known[key] {
        expected = Int(addedTokens[index].id)
      } else if let own = vocabulary.id(of: token.content) {
        expected = Int(own)
      } else {
        expected = next
        next += 1
      }
      guard id == nil || id == expected, let checked = Int32(exactly: expected) else {
        throw .addedTokenId(file: file, token: token.content, id: id ?? expected, expected: expected)
      }
      var added = token
      added.id = checked
      if let index = known[key] {
        addedTokens[index] = added
      } else {
        known[key] = addedTokens.count
        addedTokens.append(added)
      }
    }
  }

  /// Makes every special token an added token, as transformers does when it loads a tokenizer: that is why "[MASK]" is
  /// recognised in a text. One that the vocabulary lacks is left out; its row in the embedding does not exist.
  mutating func addSpecialTokens() throws(TokenizerError) {
    let known = Set(addedTokens.map { Array($0.content.utf8) })
    var missing: [(token: AddedToken, id: Int?)] = []
    for content in specialTokens.all where !known.contains(Array(content.utf8)) {
      guard let id = vocabulary.id(of: content) else { continue }
      missing.append((AddedToken(content, id: id), Int(id)))
    }
    try add(missing, file: file)
  }

  /// `[CLS] A [SEP]`, `[CLS] A [SEP] B [SEP]`.
  mutating func addDefaultPostProcessor() throws(TokenizerError) {
    let (cls, sep) = (specialTokens.classification, specialTokens.separator)
    guard let clsId = id(of: cls) else { throw .missingToken(file: file, role: "cls_token", token: cls) }
    guard let sepId = id(of: sep) else { throw .missingToken(file: file, role: "sep_token", token: sep) }
    postProcessor = .bert(cls: (cls, clsId), sep: (sep, sepId))
  }

  private func id(of token: String) -> Int32? {
    let bytes = Array(token.utf8)
    return addedTokens.first { Array($0.content.utf8) == bytes }?.id ?? vocabulary.id(of: token)
  }
}
