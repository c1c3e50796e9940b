// SPDX-License-Identifier: Apache-2.0
import BERT
import StrictJSON
import Testing
import Tokenizers

/// A model that answers with the logits that `scripts/make-task-logits` wrote down, and knows nothing else: tokens that
/// Hugging Face's pipeline did not give its model are an error.
struct RecordedModel: LogitsModel {
  struct Unknown: Error {
    let sequence: TokenSequence
  }

  let config: BertConfig
  let tokenizer: BertTokenizer
  let cases: [JSON]
  private let table: [[Int32]: Logits]

  /// - Parameter name: a folder of `Tests/Goldens/logits`.
  init(_ name: String) throws {
    let folder = Goldens.path("logits/" + name)
    config = try BertConfig.fromPretrained(folder)
    tokenizer = try BertTokenizer.fromPretrained(folder)
    cases = try TaskCase.read(folder + "/cases.jsonl")
    var table: [[Int32]: Logits] = [:]
    for sequence in cases.flatMap({ $0["sequences"]?.arrayValue ?? [] }) {
      func integers(_ key: String) -> [Int32] { (sequence[key]?.arrayValue ?? []).map { Int32($0.intValue ?? -1) } }
      let rows = (sequence["logits"]?.arrayValue ?? []).map {
        ($0.arrayValue ?? []).map { Float($0.doubleValue ?? .nan) }
      }
      let key = RecordedModel.key(TokenSequence(ids: integers("input_ids"), typeIds: integers("token_type_ids")))
      table[key] = Logits(rows: rows.count, columns: rows.first?.count ?? 0, values: rows.flatMap { $0 })
    }
    self.table = table
  }

  private static func key(_ sequence: TokenSequence) -> [Int32] { sequence.ids + sequence.typeIds }

  func logits(_ sequences: [TokenSequence]) async throws -> [Logits] {
    try sequences.map { sequence in
      guard let logits = table[RecordedModel.key(sequence)] else { throw Unknown(sequence: sequence) }
      return logits
    }
  }

  func vocabularyLogits(_ sequences: [TokenSequence], at positions: [[Int]]) async throws -> [Logits] {
    let logits = try await logits(sequences)
    for (sequence, positions) in zip(sequences, positions) {
      #expect(positions == sequence.ids.indices.filter { sequence.ids[$0] == tokenizer.maskId })
    }
    return logits
  }
}

/// Where two values differ: nil if they are the same but for numbers, which may be `tolerance` apart.
func firstDifference(_ found: JSON, _ wanted: JSON, tolerance: Double, at path: String = "$") -> String? {
  switch (found, wanted) {
  case (.array(let left), .array(let right)):
    if left.count != right.count { return "\(path): \(left.count) elements, not \(right.count)" }
    return zip(left, right).enumerated().lazy.compactMap {
      firstDifference($1.0, $1.1, tolerance: tolerance, at: "\(path)[\($0)]")
    }.first
  case (.object(let left), .object(let right)):
    if left.keys != right.keys { return "\(path): keys \(left.keys), not \(right.keys)" }
    return left.lazy.compactMap {
      firstDifference($0.value, right[$0.key] ?? .null, tolerance: tolerance, at: "\(path).\($0.key)")
    }.first
  case (.number(let left), .number(let right)):
    if let (left, right) = left.int.flatMap({ left in right.int.map { (left, $0) } }) {
      return left == right ? nil : "\(path): \(left), not \(right)"
    }
    let difference = abs(left.double - right.double)
    return difference <= tolerance * max(1, abs(right.double)) ? nil : "\(path): \(left.double), not \(right.double)"
  default: return found == wanted ? nil : "\(path): \(found.serialized()), not \(wanted.serialized())"
  }
}

extension JSON {
  var strings: [String]? { arrayValue.map { $0.compactMap(\.stringValue) } }
}
