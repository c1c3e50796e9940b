// SPDX-License-Identifier: Apache-2.0

import Glibc
import StrictJSON

extension BertTokenizer {
  /// Loads a model directory's tokenizer: `tokenizer.json` if there, else `vocab.txt`, either with
  /// `tokenizer_config.json` and `special_tokens_map.json` where they exist.
  ///
  /// Switches that `tokenizer_config.json` names (`do_lower_case`, `strip_accents`, `tokenize_chinese_chars`) override
  /// those of `tokenizer.json`, as `BertTokenizerFast` does. Truncation and padding that `tokenizer.json` asks for are
  /// reported (`fileTruncation`, `filePadding`), never applied by themselves.
  ///
  /// - Throws: `TokenizerError`, naming file and field.
  public static func fromPretrained(_ directory: String) throws(TokenizerError) -> BertTokenizer {
    func path(_ name: String) -> String { directory.hasSuffix("/") ? directory + name : directory + "/" + name }
    func read(_ name: String) throws(TokenizerError) -> [UInt8]? {
      guard BoundedFile.exists(path: path(name)) else { return nil }
      let limit = name == "vocab.txt" ? FileLimits.vocabulary : FileLimits.json
      do throws(FileError) { return try BoundedFile.read(path: path(name), limit: limit) } catch { throw .file(error) }
    }
    return try load(directory, path: path, read: read)
  }

  /// Loads a tokenizer from files in memory, by their names in a model directory.
  ///
  /// - Throws: `TokenizerError`, as `fromPretrained`.
  public init(files: [String: [UInt8]]) throws(TokenizerError) {
    func read(_ name: String) throws(TokenizerError) -> [UInt8]? { files[name] }
    self = try Self.load("the files given", path: { $0 }, read: read)
  }

  /// - Parameters:
  ///   - path: what a file is called in errors.
  ///   - read: a file's bytes, nil if there is none by that name.
  private static func load(
    _ directory: String, path: (String) -> String, read: (String) throws(TokenizerError) -> [UInt8]?
  ) throws(TokenizerError) -> BertTokenizer {
    func object(_ name: String) throws(TokenizerError) -> JSONField? {
      guard let bytes = try read(name) else { return nil }
      return try JSONField.parse(bytes, file: path(name))
    }
    var config: TokenizerConfig?
    if let field = try object("tokenizer_config.json") { config = try TokenizerConfig(field) }
    var map: TokenizerConfig?
    if let field = try object("special_tokens_map.json") { map = try TokenizerConfig(field) }
    var parts: TokenizerParts
    let fastFile = try object("tokenizer.json")
    if let fastFile {
      parts = try TokenizerFile.parts(fastFile)
    } else if let bytes = try read("vocab.txt") {
      parts = TokenizerParts(file: path("vocab.txt"), vocabulary: try .parse(bytes, file: path("vocab.txt")))
    } else {
      throw .noTokenizer(directory: directory)
    }
    try config?.apply(to: &parts, isFast: fastFile != nil)
    // Where the configuration lists all added tokens, Hugging Face no longer looks at the map.
    if config?.addedTokens.isEmpty ?? true { try map?.apply(to: &parts, isFast: fastFile != nil) }
    if fastFile == nil { try parts.addDefaultPostProcessor() }
    return try BertTokenizer(parts)
  }
}

/// What `tokenizer_config.json` or `special_tokens_map.json` says. Absent keys change nothing.
///
/// Source: Hugging Face `BertTokenizerFast.__init__`, `PreTrainedTokenizerBase.from_pretrained`.
struct TokenizerConfig {
  private let field: JSONField
  private(set) var addedTokens: [(token: AddedToken, id: Int?)] = []

  init(_ field: JSONField) throws(TokenizerError) {
    self.field = field
    _ = try field.object()
    guard let decoder = try field.optional("added_tokens_decoder") else { return }
    for (key, value) in try decoder.object() {
      let entry = decoder.child(key, value)
      guard let id = Int(key), id >= 0 else { throw entry.invalid(key, expected: "an id as key") }
      addedTokens.append((try TokenizerFile.addedToken(entry), id))
    }
    addedTokens.sort { ($0.id ?? 0) < ($1.id ?? 0) }
  }

  func apply(to parts: inout TokenizerParts, isFast: Bool) throws(TokenizerError) {
    if let on = try field.optional("do_lower_case") { parts.normalizer.doLowerCase = try on.bool() }
    if let on = try field.optional("strip_accents") { parts.normalizer.stripAccents = try on.bool() }
    if let on = try field.optional("tokenize_chinese_chars") {
      parts.normalizer.tokenizeChineseCharacters = try on.bool()
    }
    if let on = try field.optional("clean_up_tokenization_spaces") { parts.cleanUpTokenizationSpaces = try on.bool() }
    if let words = try field.optional("never_split") {
      parts.neverSplit = []
      for word in try words.elements() { parts.neverSplit.append(try word.string()) }
    }
    if let length = try field.optional("model_max_length") {
      // "No limit" is written as 1e30, or as 10^30 in digits.
      if let number = length.value.numberValue {
        parts.modelMaxLength = number.int.flatMap { $0 > 0 ? $0 : nil }
      } else {
        _ = try length.int()
      }
    }
    try parts.add(addedTokens, file: field.file)
    try applySpecialTokens(to: &parts, isFast: isFast)
  }

  private func applySpecialTokens(to parts: inout TokenizerParts, isFast: Bool) throws(TokenizerError) {
    // The fast model names its own unknown token; the configuration's is that of the slow one.
    if !isFast, let token = try special("unk_token", &parts) { parts.specialTokens.unknown = token }
    if let token = try special("sep_token", &parts) { parts.specialTokens.separator = token }
    if let token = try special("pad_token", &parts) { parts.specialTokens.padding = token }
    if let token = try special("cls_token", &parts) { parts.specialTokens.classification = token }
    if let token = try special("mask_token", &parts) { parts.specialTokens.mask = token }
    if let additional = try field.optional("additional_special_tokens") {
      var tokens: [(token: AddedToken, id: Int?)] = []
      for element in try additional.elements() { tokens.append((try specialToken(element), nil)) }
      try parts.add(tokens, file: field.file)
      parts.specialTokens.additional = tokens.map(\.token.content)
    }
  }

  /// A special token, written as a string or with its flags as an object.
  private func special(_ key: String, _ parts: inout TokenizerParts) throws(TokenizerError) -> String? {
    guard let entry = try field.optional(key) else { return nil }
    let token = try specialToken(entry)
    // Flags matter only for a token that exists; `addSpecialTokens` sees to the plain ones.
    if entry.value.stringValue == nil, parts.vocabulary.id(of: token.content) != nil {
      try parts.add([(token, nil)], file: field.file)
    }
    return token.content
  }

  private func specialToken(_ entry: JSONField) throws(TokenizerError) -> AddedToken {
    if let content = entry.value.stringValue { return AddedToken(content, id: 0) }
    var token = try TokenizerFile.addedToken(entry)
    token.isSpecial = true
    if try entry.optional("normalized") == nil { token.isNormalized = false }
    return token
  }
}
