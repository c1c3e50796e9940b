// SPDX-License-Identifier: Apache-2.0

import StrictJSON

/// Reads `tokenizer.json`, the file of the fast tokenizers. What BERT does not use is refused by name.
///
/// Source: Hugging Face `tokenizers`, its serialized form 1.0.
enum TokenizerFile {
  static func parts(_ root: JSONField) throws(TokenizerError) -> TokenizerParts {
    let model = try root.required("model")
    var parts = TokenizerParts(file: root.file, vocabulary: try vocabulary(model))
    if let unknown = try model.optional("unk_token") { parts.specialTokens.unknown = try unknown.string() }
    if let prefix = try model.optional("continuing_subword_prefix") {
      parts.continuingSubwordPrefix = try prefix.string()
    }
    if let longest = try model.optional("max_input_chars_per_word") {
      parts.maxInputCharsPerWord = try longest.int(in: 0...Int.max)
    }
    if let added = try root.optional("added_tokens") {
      var tokens: [(token: AddedToken, id: Int?)] = []
      for field in try added.elements() { tokens.append((try addedToken(field), try field.required("id").int())) }
      try parts.add(tokens, file: root.file)
    }
    parts.normalizer = try root.optional("normalizer").map(normalizer) ?? .none
    try checkPreTokenizer(try root.required("pre_tokenizer"))
    let idCount = max(parts.vocabulary.count, (parts.addedTokens.map { Int($0.id) }.max() ?? -1) + 1)
    if let processor = try root.optional("post_processor") {
      parts.postProcessor = try PostProcessor.parse(processor, idCount: idCount)
    }
    parts.decoder = try root.optional("decoder").map(decoder)
    parts.truncation = try root.optional("truncation").map(truncation)
    parts.padding = try root.optional("padding").map(padding)
    return parts
  }

  /// The vocabulary of a WordPiece model: older files have no `type`.
  private static func vocabulary(_ model: JSONField) throws(TokenizerError) -> Vocabulary {
    if let type = try model.optional("type") {
      let name = try type.string()
      guard name == "WordPiece" else { throw type.unsupported(name, supported: "WordPiece") }
    } else if try model.optional("merges") != nil {
      throw model.unsupported("a model with merges (BPE)", supported: "WordPiece")
    }
    let field = try model.required("vocab")
    let object = try field.object()
    guard !object.isEmpty else { throw .emptyVocabulary(file: model.file) }
    var tokens = [String?](repeating: nil, count: object.count)
    for (token, value) in object {
      let entry = field.child(token, value)
      let id = try entry.int(in: 0...Int(Int32.max))
      // An id past the end leaves a hole before it, which is found below.
      guard id < tokens.count else { continue }
      if let other = tokens[id] { throw .duplicateId(file: model.file, id: id, first: other, second: token) }
      tokens[id] = token
    }
    if let missing = tokens.firstIndex(of: nil) {
      throw .idsNotContiguous(file: model.file, missing: missing, count: tokens.count)
    }
    return try Vocabulary(tokens.compactMap { $0 }, source: model.file)
  }

  static func addedToken(_ field: JSONField) throws(TokenizerError) -> AddedToken {
    func flag(_ key: String) throws(TokenizerError) -> Bool? { try field.optional(key)?.bool() }
    let isSpecial = try flag("special") ?? false
    return AddedToken(
      try field.required("content").string(), id: 0, isSpecial: isSpecial,
      singleWord: try flag("single_word") ?? false, stripsLeft: try flag("lstrip") ?? false,
      stripsRight: try flag("rstrip") ?? false, isNormalized: try flag("normalized") ?? !isSpecial)
  }

  /// A `Sequence` of one is that one.
  private static func unwrap(_ field: JSONField, _ key: String) throws(TokenizerError) -> (String, JSONField) {
    let type = try field.required("type").string()
    guard type == "Sequence" else { return (type, field) }
    let elements = try field.required(key).elements()
    guard elements.count == 1 else {
      throw field.unsupported("a Sequence of \(elements.count)", supported: "a Sequence of one")
    }
    return (try elements[0].required("type").string(), elements[0])
  }

  private static func normalizer(_ field: JSONField) throws(TokenizerError) -> NormalizerOptions {
    let (type, field) = try unwrap(field, "normalizers")
    var options = NormalizerOptions()
    switch type {
    case "BertNormalizer":
      if let on = try field.optional("clean_text") { options.cleanText = try on.bool() }
      if let on = try field.optional("handle_chinese_chars") { options.tokenizeChineseCharacters = try on.bool() }
      if let on = try field.optional("strip_accents") { options.stripAccents = try on.bool() }
      if let on = try field.optional("lowercase") { options.doLowerCase = try on.bool() }
    case "Lowercase":
      options = .none
      options.doLowerCase = true
    default: throw field.unsupported(type, supported: "BertNormalizer, Lowercase, null")
    }
    return options
  }

  private static func checkPreTokenizer(_ field: JSONField) throws(TokenizerError) {
    let (type, field) = try unwrap(field, "pretokenizers")
    guard type == "BertPreTokenizer" else { throw field.unsupported(type, supported: "BertPreTokenizer") }
  }

  private static func decoder(_ field: JSONField) throws(TokenizerError) -> PieceDecoder {
    let type = try field.required("type").string()
    guard type == "WordPiece" else { throw field.unsupported(type, supported: "WordPiece, null") }
    var decoder = PieceDecoder()
    if let prefix = try field.optional("prefix") { decoder.prefix = try prefix.string() }
    if let cleanup = try field.optional("cleanup") { decoder.cleansUp = try cleanup.bool() }
    return decoder
  }

  private static func truncation(_ field: JSONField) throws(TokenizerError) -> Truncation {
    var truncation = Truncation(maxLength: try field.required("max_length").int(in: 0...Int.max))
    if let strategy = try field.optional("strategy") {
      switch try strategy.string() {
      case "LongestFirst": truncation.strategy = .longestFirst
      case "OnlyFirst": truncation.strategy = .onlyFirst
      case "OnlySecond": truncation.strategy = .onlySecond
      case let other: throw strategy.unsupported(other, supported: "LongestFirst, OnlyFirst, OnlySecond")
      }
    }
    if let stride = try field.optional("stride") { truncation.stride = try stride.int(in: 0...Int.max) }
    if let direction = try field.optional("direction") {
      truncation.direction = try side(direction) == .left ? .left : .right
    }
    return truncation
  }

  private static func padding(_ field: JSONField) throws(TokenizerError) -> Padding {
    var padding = Padding()
    if let strategy = try field.optional("strategy") {
      if strategy.value.stringValue == nil {
        padding.length = .fixed(try strategy.required("Fixed").int(in: 0...Int.max))
      } else if try strategy.string() != "BatchLongest" {
        throw strategy.unsupported(try strategy.string(), supported: "BatchLongest, Fixed")
      }
    }
    if let multiple = try field.optional("pad_to_multiple_of") {
      padding.multipleOf = try multiple.int(in: 0...Int.max)
    }
    if let direction = try field.optional("direction") { padding.side = try side(direction) }
    return padding
  }

  private static func side(_ field: JSONField) throws(TokenizerError) -> Padding.Side {
    switch try field.string() {
    case "Right", "right": return .right
    case "Left", "left": return .left
    case let other: throw field.unsupported(other, supported: "Right, Left")
    }
  }
}
