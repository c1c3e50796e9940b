// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// Sequences of different lengths as the rows of one rectangle, padded behind to the longest.
struct PaddedRows {
  private let paddingId: Int32
  private var rows: [(ids: [Int32], typeIds: [Int32], labels: [Int32])] = []

  init(paddingId: Int32) { self.paddingId = paddingId }

  /// - Parameter labels: one a token.
  mutating func append(_ ids: [Int32], _ typeIds: [Int32], _ labels: [Int32]) { rows.append((ids, typeIds, labels)) }

  private var length: Int { rows.reduce(0) { max($0, $1.ids.count) } }

  /// Without a mask where all rows are of one length.
  func input() throws(BertError) -> BertInput {
    let length = length
    let isPadded = rows.contains { $0.ids.count < length }
    return try BertInput(
      batchSize: rows.count, sequenceLength: length, inputIds: padded(\.ids, paddingId),
      attentionMask: isPadded ? padded(\.typeIds, 0, as: 1) : nil, tokenTypeIds: padded(\.typeIds, 0))
  }

  /// -100 behind each row.
  var paddedLabels: [Int32] { padded(\.labels, ignoredLabel) }

  /// - Parameter constant: what every token has, instead of its own value.
  private func padded(
    _ values: (((ids: [Int32], typeIds: [Int32], labels: [Int32])) -> [Int32]), _ padding: Int32,
    as constant: Int32? = nil
  ) -> [Int32] {
    let length = length
    var result: [Int32] = []
    result.reserveCapacity(rows.count * length)
    for row in rows {
      let values = values(row)
      result += constant.map { [Int32](repeating: $0, count: values.count) } ?? values
      result += [Int32](repeating: padding, count: length - values.count)
    }
    return result
  }
}
