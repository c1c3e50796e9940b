// SPDX-License-Identifier: Apache-2.0

import StrictJSON

extension PostProcessor {
  /// Reads the `post_processor` of `tokenizer.json`.
  ///
  /// - Parameter idCount: ids below it exist.
  static func parse(_ field: JSONField, idCount: Int) throws(TokenizerError) -> PostProcessor {
    let type = try field.required("type").string()
    switch type {
    case "BertProcessing":
      return .bert(
        cls: try tokenAndId(field.required("cls"), idCount), sep: try tokenAndId(field.required("sep"), idCount))
    case "TemplateProcessing":
      let special = try specialTokens(field, idCount)
      return PostProcessor(
        single: try template(field.required("single"), special, sequences: ["A"]),
        pair: try template(field.required("pair"), special, sequences: ["A", "B"]))
    default: throw field.unsupported(type, supported: "TemplateProcessing, BertProcessing, null")
    }
  }

  /// `["[SEP]", 102]`.
  private static func tokenAndId(_ field: JSONField, _ idCount: Int) throws(TokenizerError) -> (String, Int32) {
    let elements = try field.elements()
    guard elements.count == 2 else { throw field.invalid("\(elements.count) values", expected: "a token and its id") }
    return (try elements[0].string(), try id(elements[1], idCount))
  }

  private static func id(_ field: JSONField, _ idCount: Int) throws(TokenizerError) -> Int32 {
    Int32(truncatingIfNeeded: try field.int(in: 0...min(idCount - 1, Int(Int32.max))))
  }

  private typealias Special = (ids: [Int32], tokens: [String])

  private static func specialTokens(_ field: JSONField, _ idCount: Int) throws(TokenizerError) -> [String: Special] {
    guard let map = try field.optional("special_tokens") else { return [:] }
    var special: [String: Special] = [:]
    for (name, value) in try map.object() {
      let entry = map.child(name, value)
      var (ids, tokens): Special = ([], [])
      for element in try entry.required("ids").elements() { ids.append(try id(element, idCount)) }
      for element in try entry.required("tokens").elements() { tokens.append(try element.string()) }
      guard ids.count == tokens.count else {
        throw entry.invalid("\(ids.count) ids and \(tokens.count) tokens", expected: "as many ids as tokens")
      }
      special[name] = (ids, tokens)
    }
    return special
  }

  private static func template(
    _ field: JSONField, _ special: [String: Special], sequences: [String]
  ) throws(TokenizerError) -> [Piece] {
    var pieces: [Piece] = []
    var used: Set<Int> = []
    for element in try field.elements() {
      if let sequence = try element.optional("Sequence") {
        let name = try sequence.required("id").string()
        guard let index = sequences.firstIndex(of: name), used.insert(index).inserted else {
          throw sequence.invalid(name, expected: "\(sequences.joined(separator: " and ")), each once")
        }
        pieces.append(.sequence(index, typeId: try typeId(sequence)))
      } else {
        let token = try element.required("SpecialToken")
        let name = try token.required("id").string()
        guard let (ids, tokens) = special[name] else {
          throw token.invalid(name, expected: "a key of special_tokens")
        }
        pieces.append(.special(ids: ids, tokens: tokens, typeId: try typeId(token)))
      }
    }
    guard used.count == sequences.count else {
      throw field.invalid(
        "\(used.count) sequences", expected: "a template with \(sequences.joined(separator: " and "))")
    }
    return pieces
  }

  private static func typeId(_ field: JSONField) throws(TokenizerError) -> Int32 {
    guard let type = try field.optional("type_id") else { return 0 }
    return Int32(truncatingIfNeeded: try type.int(in: 0...Int(Int32.max)))
  }
}
